"""The mirror image of a window, held against what the sensors record of a mirrored scene."""

from dataclasses import replace

import numpy as np
import pytest

from beamfusion.data import frames, gps
from beamfusion.data.dataset import Flip, WindowDataset
from beamfusion.data.mirror import mirror_beam, mirror_gps, mirror_grid, mirror_image, mirror_radar
from beamfusion.data.prepared import Prepared
from beamfusion.simulation import camera, channel, lidar, radar
from beamfusion.simulation.gps import to_degrees
from beamfusion.simulation.site import SITES, Site
from beamfusion.simulation.traffic import Traffic
from tests.beamfusion.simulation.scenes import CAR, TRUCK, at_azimuth, scene

ANGLES = [-30.0, -12.0, 5.0, 27.0]
"""Degrees to the left of the boresight."""


def mirrored_site(site: Site) -> Site:
    (near, near_left), (far, far_left) = site.near, site.far
    return replace(site, near=(near, -near_left), far=(far, -far_left))


def mirrored_scene(traffic: Traffic) -> Traffic:
    turn = np.array([1.0, -1.0])
    return replace(
        traffic,
        position=traffic.position * turn,
        velocity=traffic.velocity * turn,
        heading=traffic.heading * turn,
    )


@pytest.fixture(params=[(scenario, angle) for scenario in (31, 34) for angle in ANGLES], ids=str)
def pair(request: pytest.FixtureRequest) -> list[tuple[Site, Traffic]]:
    """Make a car at an angle with a truck beside it, and the same scene in the mirror."""
    scenario, angle = request.param
    places = [at_azimuth(angle, 15.0), at_azimuth(angle - 25, 18.0)]
    traffic = scene(places, velocity=(1.0, 6.0), sizes=[CAR, TRUCK])
    site = SITES[scenario]
    return [(site, traffic), (mirrored_site(site), mirrored_scene(traffic))]


def test_a_picture_is_that_of_the_mirrored_scene(
    pair: list[tuple[Site, Traffic]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera, "SUN", camera.SUN * (1, 0, 1))
    monkeypatch.setattr(camera, "NOISE", dict.fromkeys(camera.NOISE, 0.0))
    seen, other = (
        frames.image(camera.photograph(site, traffic, 0, (480, 270), np.random.default_rng(0)), 64)
        for site, traffic in pair
    )
    apart = abs(mirror_image(seen).astype(int) - other).mean()
    assert apart < 4
    assert apart < 0.4 * abs(seen.astype(int) - other).mean()


def test_a_range_angle_map_is_that_of_the_mirrored_scene(
    pair: list[tuple[Site, Traffic]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radar, "NOISE", 0.0)
    seen, other = (
        frames.radar_maps(radar.cube(site, traffic, 0, 64, 32, np.random.default_rng(0), hidden=False), 64)
        for site, traffic in pair
    )
    angles, velocities = mirror_radar(seen)
    assert _alike(angles, other[0]) > 0.98 > 0.8 > _alike(seen[0], other[0])
    assert _alike(velocities, other[1]) > 0.95
    assert np.array_equal(velocities, seen[1])


def _alike(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_a_range_angle_map_is_exactly_that_of_the_antennas_in_reverse() -> None:
    random = np.random.default_rng(0)
    cube = (random.normal(size=(4, 16, 8)) + 1j * random.normal(size=(4, 16, 8))).astype(np.complex64)
    for size in (8, 16, 40):
        mirrored = mirror_radar(frames.radar_maps(cube, size))
        np.testing.assert_allclose(mirrored, frames.radar_maps(cube[::-1], size), atol=1e-6)


def test_a_grid_is_that_of_the_mirrored_scene_as_far_as_it_reaches(
    pair: list[tuple[Site, Traffic]],
) -> None:
    rays = lidar.rays(17000)
    scenario = pair[0][0].scenario
    seen, other = (
        frames.lidar_grid(
            lidar.sweep(site, traffic, 0, rays, np.random.default_rng(0))[0], scenario, 128
        ).astype(int)
        for site, traffic in pair
    )
    (low, high), cells = frames.lidar_area(scenario)[1], 128
    middles = low + (np.arange(cells) + 0.5) * (high - low) / cells
    common = abs(middles) < min(-low, high) - 0.5
    actual = mirror_grid(seen.astype(np.uint8), scenario).astype(int)
    assert (actual[:, abs(middles) > min(-low, high) + 0.5] == 0).all()
    actual, other, plain = actual[:, common], other[:, common], seen[:, common]
    assert _near(actual, other) > 0.99
    assert _near(other, actual) > 0.99
    assert _near(plain, other) < 0.95


def _near(points: np.ndarray, others: np.ndarray) -> float:
    """Return the part of the points that have others in their cell or in one beside it."""
    padded = np.pad(others, 1)
    height, width = others.shape
    around = sum(padded[i : i + height, j : j + width] for i in range(3) for j in range(3))
    return float(points[around > 0].sum() / points.sum())


@pytest.mark.parametrize("encoding", ["polar", "angle"])
def test_a_fix_is_that_of_the_mirrored_scene(pair: list[tuple[Site, Traffic]], encoding: str) -> None:
    actual = []
    for site, traffic in pair:
        base, car = (to_degrees(site, place) for place in (np.zeros((1, 2)), traffic.position[0, :2]))
        metres = gps.relative_position(car[None], base)
        actual.append(getattr(gps, encoding)(metres, np.array([site.scenario])))
    np.testing.assert_allclose(mirror_gps(actual[0], encoding), actual[1], atol=1e-4)
    assert abs(actual[0] - actual[1]).max() > 0.1


def test_a_beam_is_that_of_the_mirrored_scene(
    pair: list[tuple[Site, Traffic]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "JITTER", 0.0)
    seen, other = (
        channel.received_power(site, traffic, np.random.default_rng(0))[0] for site, traffic in pair
    )
    np.testing.assert_allclose(seen[mirror_beam(np.arange(64))], other, rtol=1e-9)
    best = mirror_beam(seen.argmax(keepdims=True))
    np.testing.assert_allclose(other[best], other.max(), rtol=1e-9)
    assert seen.argmax() != other.argmax()


@pytest.mark.parametrize("scenario", [31, 32, 33, 34, 99])
def test_a_point_s_cell_is_at_most_half_a_cell_from_its_mirror_image(scenario: int) -> None:
    (low, high), cells = frames.lidar_area(scenario)[1], 64
    width = (high - low) / cells
    for cell in range(cells):
        grid = np.zeros((cells, cells), np.uint8)
        grid[7, cell] = 3
        mirrored = -(low + (cell + 0.5) * width)
        actual = np.argwhere(mirror_grid(grid, scenario))
        if not low < mirrored < high:
            assert len(actual) == 0 or abs(low + (actual[0, 1] + 0.5) * width - mirrored) <= width / 2 + 1e-9
            continue
        if len(actual) == 0:
            assert min(mirrored - low, high - mirrored) < width
            continue
        assert actual[0, 0] == 7
        assert abs(low + (actual[0, 1] + 0.5) * width - mirrored) <= width / 2 + 1e-9


def test_mirrored_twice_is_what_it_was() -> None:
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (5, 8, 8, 3), np.uint8)
    maps = random.random((5, 2, 16, 16), np.float32)
    fixes = random.standard_normal((4, 2, 2)).astype(np.float32)
    beams = np.array([[0, 63, -1], [31, 32, 5]])
    assert np.array_equal(mirror_image(mirror_image(pictures)), pictures)
    assert np.array_equal(mirror_radar(mirror_radar(maps)), maps)
    assert np.array_equal(mirror_gps(mirror_gps(fixes, "polar"), "polar"), fixes)
    assert np.array_equal(mirror_beam(mirror_beam(beams)), beams)
    assert mirror_beam(beams).tolist() == [[63, 0, -1], [32, 31, 58]]


@pytest.mark.parametrize("scenario", [31, 34, 99])
def test_a_grid_mirrored_twice_is_what_it_was_where_the_area_has_both_sides(scenario: int) -> None:
    grid = np.random.default_rng(0).integers(0, 6, (2, 40, 40), np.uint8)
    both = mirror_grid(np.ones_like(grid), scenario) > 0
    twice = mirror_grid(mirror_grid(grid, scenario), scenario)
    assert np.array_equal(twice[both], grid[both])
    assert (twice[~both] == 0).all()
    assert both.all() == (scenario == 99)


def test_about_half_of_the_windows_are_mirrored_and_others_in_every_epoch(prepared: Prepared) -> None:
    rows = np.tile(np.arange(len(prepared.windows)), 20)
    dataset = WindowDataset(prepared, rows, flip=Flip(100, "polar"))
    gps_of_epoch = []
    for epoch in range(3):
        dataset.start_epoch(epoch)
        fixes, _ = dataset.positions()
        gps_of_epoch.append(np.any(fixes != prepared.windows.gps[rows], axis=(1, 2)))
    shares = [mirrored.mean() for mirrored in gps_of_epoch]
    assert all(0.4 < share < 0.6 for share in shares)
    assert not np.array_equal(gps_of_epoch[0], gps_of_epoch[1])
    dataset.start_epoch(0)
    assert np.array_equal(
        np.any(dataset.positions()[0] != prepared.windows.gps[rows], axis=(1, 2)), gps_of_epoch[0]
    )


def test_a_mirrored_window_is_mirrored_in_every_modality_and_its_beam(prepared: Prepared) -> None:
    rows = np.arange(len(prepared.windows))
    plain, flipped = WindowDataset(prepared, rows), WindowDataset(prepared, rows, flip=Flip(1, "polar"))
    flipped.start_epoch(4)
    before, after = plain.batch(rows), flipped.batch(rows)
    mirrored = ~after.gps.eq(before.gps).all(-1).all(-1)
    assert 0 < mirrored.sum() < len(rows)
    for row in rows.tolist():
        image, maps = before.image[row], before.radar[row]
        if mirrored[row]:
            image = image.flip(-1)
            maps = maps.clone()
            maps[:, 0] = maps[:, 0].flip(-1).roll(1, -1)
        grid = before.lidar[row].mul(5).round().byte().numpy()
        if mirrored[row]:
            grid = mirror_grid(grid, int(before.scenario[row]))
        beam = int(before.beam[row])
        assert after.image[row].equal(image)
        assert after.radar[row].equal(maps)
        assert np.array_equal(after.lidar[row].mul(5).round().byte().numpy(), grid)
        assert int(after.beam[row]) == (63 - beam if mirrored[row] and beam >= 0 else beam)
