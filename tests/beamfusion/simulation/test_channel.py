"""The received power: where the best beam points, how flat the vector is, and what blocks."""

import numpy as np
import pytest

from beamfusion.settings import Simulation
from beamfusion.simulation.channel import codebook, crossings, received_power, segments_meet_boxes
from beamfusion.simulation.site import SITES
from beamfusion.simulation.traffic import Traffic, drive_by
from tests.beamfusion.simulation.scenes import CAR, TRUCK, at_azimuth, scene

DEGREES_A_BEAM = 91.4 / 63


def power_of(traffic: Traffic, scenario: int = 31, seed: int = 0) -> np.ndarray:
    return received_power(SITES[scenario], traffic, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def spreads_and_margins() -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Return best to worst and first to second beam, in dB, by scenario."""
    actual = {}
    for scenario, site in SITES.items():
        powers = []
        for number in range(15):
            rng = np.random.default_rng([7, scenario, number])
            powers.append(received_power(site, drive_by(site, rng, Simulation().speed), rng))
        decibels = np.sort(10 * np.log10(np.concatenate(powers)), axis=1)
        actual[scenario] = decibels[:, -1] - decibels[:, 0], decibels[:, -1] - decibels[:, -2]
    return actual


def test_the_codebook_is_64_beams_of_16_elements_with_four_phases() -> None:
    weights = codebook()
    assert weights.shape == (64, 16)
    assert len(np.unique(np.round(np.angle(weights) % (2 * np.pi), 6) % round(2 * np.pi, 6))) == 4


def test_the_best_beam_follows_the_azimuth_from_right_to_left() -> None:
    azimuths = np.linspace(-44, 44, 177)
    best = power_of(scene(*[[at_azimuth(azimuth, 20)] for azimuth in azimuths])).argmax(axis=1)
    off = np.abs(best - (azimuths + 45.7) / DEGREES_A_BEAM)
    assert np.percentile(off, 95) < 2  # coarse phases turn a beam by a part of its width, 4.6 beams
    assert off.max() < 4
    steps = np.diff(np.convolve(best, np.ones(9) / 9, "valid"))
    assert (steps >= 0).mean() > 0.95


def test_the_spread_of_every_site_is_the_data_sets_at_the_median(
    spreads_and_margins: dict[int, tuple[np.ndarray, np.ndarray]],
) -> None:
    for spread, _ in spreads_and_margins.values():
        assert 2.6 < np.median(spread) < 5.9


def test_the_margin_is_the_data_sets_at_the_median(
    spreads_and_margins: dict[int, tuple[np.ndarray, np.ndarray]],
) -> None:
    margin = np.concatenate([margin for _, margin in spreads_and_margins.values()])
    assert np.median(margin) == pytest.approx(0.06, abs=0.01)


def test_a_truck_before_the_car_blocks_and_one_behind_it_does_not() -> None:
    before = scene([(20.0, 0.0), (10.0, 0.0)], sizes=[CAR, TRUCK])
    behind = scene([(20.0, 0.0), (30.0, 0.0)], sizes=[CAR, TRUCK])
    assert crossings(before).tolist() == [[True]]
    assert crossings(behind).tolist() == [[False]]
    assert power_of(before).max() < 0.8 * power_of(behind).max()


def test_a_line_passes_over_a_box_that_is_lower() -> None:
    start, end = np.array([0.0, 0.0, 2.0]), np.array([[20.0, 0.0, 1.6]])
    box = np.array([[[10.0, 0.0]]]), np.array([[0.0, 1.0]])
    low = segments_meet_boxes(start, end, *box, np.array([[4.0, 2.0, 1.7]]))
    high = segments_meet_boxes(start, end, *box, np.array([[4.0, 2.0, 1.9]]))
    assert (low.item(), high.item()) == (False, True)


def test_a_weaker_signal_leaves_a_flatter_vector() -> None:
    decibels = 10 * np.log10(power_of(scene([at_azimuth(0, 10)], [at_azimuth(0, 70)])))
    near, far = np.ptp(decibels, axis=1)
    assert far < near
