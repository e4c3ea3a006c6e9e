"""What each sensor reports of a scene that is known: azimuth, range, speed and shape."""

import numpy as np
import pytest
import utm

from beamfusion.data.frames import LIDAR_AREAS
from beamfusion.settings import Simulation
from beamfusion.simulation.camera import HORIZONTAL_VIEW, photograph
from beamfusion.simulation.gps import fixes, to_degrees
from beamfusion.simulation.lidar import rays, sweep
from beamfusion.simulation.radar import MAX_RANGE, MAX_SPEED, cube
from beamfusion.simulation.site import LANES, SITES, STATION_HEIGHT, Site
from beamfusion.simulation.traffic import Traffic, drive_by
from tests.beamfusion.simulation.scenes import CAR, TRUCK, Place, at_azimuth, scene

DAY, NIGHT = SITES[31], SITES[34]
PUBLISHED_OFFSETS = {31: -50.52, 32: 44.8, 33: 55.6, 34: -60.0}


def picture(traffic: Traffic, site: Site = DAY, seed: int = 0) -> np.ndarray:
    return photograph(site, traffic, 0, (480, 270), np.random.default_rng(seed)).astype(float)


def strongest(traffic: Traffic, samples: int = 128, chirps: int = 64) -> tuple[float, float, float]:
    """Return range in metres, sine of the azimuth and radial speed of the strongest moving echo."""
    signal = cube(DAY, traffic, 0, samples, chirps, np.random.default_rng(3), hidden=False)
    spectrum = np.fft.fft(np.fft.fft(np.fft.fft(signal, axis=1), axis=2), 256, axis=0)
    moving = np.abs(spectrum)
    moving[:, :, [0, 1, -1]] = 0
    angle, distance, speed = np.unravel_index(moving.argmax(), moving.shape)
    doppler = (speed + chirps / 2) % chirps - chirps / 2
    sine = ((angle + 128) % 256 - 128) / 128
    return distance * MAX_RANGE / samples, float(sine), doppler * 2 * MAX_SPEED / chirps


@pytest.mark.parametrize("azimuth", [-35.0, 0.0, 20.0])
def test_the_camera_shows_a_car_where_its_azimuth_says(azimuth: float) -> None:
    empty = scene([(-50.0, 0.0)])
    changed = np.abs(picture(scene([at_azimuth(azimuth, 22)])) - picture(empty)).sum(axis=2) > 60
    focal = 240 / np.tan(HORIZONTAL_VIEW / 2)
    column = np.nonzero(changed)[1].mean()
    assert column == pytest.approx(240 - focal * np.tan(np.radians(azimuth)), abs=6)


def test_a_near_car_hides_a_far_one_in_the_picture() -> None:
    alone = picture(scene([(10.0, 0.0)], sizes=[TRUCK]))
    with_car = picture(scene([(10.0, 0.0), (30.0, 0.0)], sizes=[TRUCK, CAR]))
    assert np.array_equal(alone, with_car)


def test_a_night_is_darker_than_a_day_and_noisier() -> None:
    car = scene([(20.0, 0.0)])
    day, night = picture(car, DAY), picture(car, NIGHT)
    assert night.mean() < day.mean() / 3
    grain = [np.std(picture(car, site, 1) - picture(car, site, 2)) for site in (DAY, NIGHT)]
    assert grain[1] > 1.2 * grain[0]


def cloud(traffic: Traffic, site: Site = DAY) -> np.ndarray:
    """Return points as (forward, left, height above ground)."""
    points, _ = sweep(site, traffic, 0, rays(8000), np.random.default_rng(0))
    return points * (-1, -1, 1) + (0, 0, STATION_HEIGHT)


def test_the_lidars_points_on_a_car_lie_on_the_side_and_the_end_that_it_shows() -> None:
    points = cloud(scene([(12.0, 3.0)]))
    across, along, height = (points - (12, 3, 0)).T
    near = (np.abs(across) < 1.2) & (np.abs(along) < 2.5) & (height > 0.1)
    assert near.sum() > 20
    to_side, to_end = np.abs(across[near] + CAR[1] / 2), np.abs(along[near] + CAR[0] / 2)
    to_roof = np.abs(height[near] - CAR[2])
    assert np.min([to_side, to_end, to_roof], axis=0).max() < 0.1
    assert height[near].max() < CAR[2] + 0.1


def test_the_lidars_other_points_lie_on_the_ground_or_the_facade() -> None:
    points = cloud(scene([(-50.0, 0.0)]))
    corner, normal = DAY.facade
    off_facade = np.abs((points[:, :2] - corner) @ normal)
    assert (np.minimum(np.abs(points[:, 2]), off_facade) < 0.12).all()


@pytest.mark.parametrize("scenario", SITES)
def test_a_sweep_returns_about_as_many_points_as_asked_for(scenario: int) -> None:
    site = SITES[scenario]
    traffic = drive_by(site, np.random.default_rng(0), Simulation().speed)
    for requested in (1000, 17000):
        points, _ = sweep(site, traffic, 0, rays(requested), np.random.default_rng(0))
        assert len(points) == pytest.approx(requested, rel=0.15)


@pytest.mark.parametrize(
    ("place", "velocity", "speed"),
    [
        (at_azimuth(0, 30), (10.0, 0.0), 10.0),
        (at_azimuth(0, 30), (-10.0, 0.0), -10.0),
        (at_azimuth(30, 20), (0.0, 12.0), 6.0),
        (at_azimuth(-30, 40), (0.0, 12.0), -6.0),
    ],
)
def test_the_radar_reports_range_azimuth_and_speed(place: Place, velocity: Place, speed: float) -> None:
    distance, sine, measured = strongest(scene([place], velocity=velocity))
    assert distance == pytest.approx(np.hypot(*place), abs=2.2)  # an echo comes from anywhere along the car
    assert sine == pytest.approx(place[1] / np.hypot(*place), abs=0.15)
    assert measured == pytest.approx(speed, abs=1.3)


def test_a_standing_facade_has_no_doppler() -> None:
    signal = cube(DAY, scene([(-50.0, 0.0)]), 0, 64, 32, np.random.default_rng(0), hidden=False)
    by_speed = (np.abs(np.fft.fft(np.fft.fft(signal, axis=1), axis=2)) ** 2).sum(axis=(0, 1))
    assert by_speed[0] > 10 * by_speed[1:].max()


@pytest.mark.parametrize("scenario", SITES)
def test_the_published_angle_is_zero_at_boresight_and_grows_to_the_left(scenario: int) -> None:
    site = SITES[scenario]
    places = np.array([at_azimuth(azimuth, 30) for azimuth in (-30, 0, 30)])
    base = np.array(utm.from_latlon(site.latitude, site.longitude)[:2])
    metres = np.array([utm.from_latlon(*fix)[:2] for fix in to_degrees(site, places)]) - base
    angle = np.degrees(np.arctan(metres[:, 1] / metres[:, 0])) - PUBLISHED_OFFSETS[scenario]
    assert (angle + 90) % 180 - 90 == pytest.approx([-30, 0, 30], abs=0.05)


@pytest.mark.parametrize(("bias", "expected"), [(None, DAY.gps_bias), (0.0, 0.1), (2.5, 2.5)])
def test_fixes_are_off_by_the_sites_own_bias_or_by_the_stated_one(
    bias: float | None, expected: float
) -> None:
    traffic = scene([(20.0, 0.0)])
    truth = utm.from_latlon(*to_degrees(DAY, traffic.position[:, 0])[0])[:2]
    rng = np.random.default_rng(0)
    errors = [np.subtract(utm.from_latlon(*fixes(DAY, traffic, rng, bias)[0])[:2], truth) for _ in range(600)]
    assert np.std(errors) == pytest.approx(expected, rel=0.1)


def test_the_fixes_of_a_pass_share_most_of_their_error() -> None:
    site = SITES[32]
    traffic = drive_by(site, np.random.default_rng(0), Simulation().speed)
    reported, true = fixes(site, traffic, np.random.default_rng(1)), to_degrees(site, traffic.position[:, 0])
    metres = (reported - true) * 111_000
    assert np.linalg.norm(metres.mean(axis=0)) > 2 * np.linalg.norm(metres.std(axis=0))


@pytest.mark.parametrize("scenario", SITES)
def test_the_seen_street_lies_inside_the_published_lidar_grid(scenario: int) -> None:
    site = SITES[scenario]
    lane = np.repeat(np.arange(LANES), 200)
    forward, left = site.on_street(np.tile(np.linspace(0, site.length, 200), LANES), lane).T
    in_view = np.abs(np.degrees(np.arctan2(left, forward))) < 44
    (x_low, x_high), (y_low, y_high) = LIDAR_AREAS[scenario]
    inside = (x_low < -forward) & (-forward < x_high) & (y_low < -left) & (-left < y_high)
    assert inside[in_view].mean() > 0.8
