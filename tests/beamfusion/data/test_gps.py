"""GPS encodings, against published UTM coordinates and directions known beforehand."""

import math

import numpy as np
import pytest

from beamfusion.data.gps import BORESIGHT, angle, polar, relative_position, to_utm

# Rafael Palacios, deg2utm (MATLAB File Exchange 10915), example 1; easting and northing in metres, zone.
PUBLISHED = [
    (40.3154333, -3.4857166, 458731, 4462881, 30),
    (46.283900, 7.8012333, 407653, 5126290, 32),
    (37.577833, -119.95525, 239027, 4163083, 11),
    (28.645650, -17.759533, 230253, 3171843, 28),
    (38.855550, -94.7990166, 343898, 4302285, 15),
    (25.061783, 121.640266, 362850, 2772478, 51),
]


@pytest.mark.parametrize(("latitude", "longitude", "easting", "northing", "zone"), PUBLISHED)
def test_utm_coordinates_are_the_published_ones(
    latitude: float, longitude: float, easting: int, northing: int, zone: int
) -> None:
    actual = to_utm(np.array([latitude, longitude]), zone, north=True)
    assert np.round(actual).tolist() == [easting, northing]


def test_a_step_north_and_one_east_have_their_length_on_the_ellipsoid() -> None:
    # WGS-84's radii of curvature along and across the meridian; UTM's scale near the zone's meridian.
    latitude, longitude, step = 33.4213, -111.9291, 10 / 3600
    flat = 1 - 0.00669438 * math.sin(math.radians(latitude)) ** 2
    meridian, vertical = 6378137 * (1 - 0.00669438) / flat**1.5, 6378137 / math.sqrt(flat)
    cosine = math.cos(math.radians(latitude))
    scale = 0.9996 * (1 + (math.radians(longitude + 111) * cosine) ** 2 / 2)
    base = np.array([[latitude, longitude]])
    north, east = relative_position(base + np.array([[[step, 0], [0, step]]]), base)[0]
    assert np.hypot(*north) == pytest.approx(scale * meridian * math.radians(step), abs=0.02)
    assert np.hypot(*east) == pytest.approx(scale * vertical * cosine * math.radians(step), abs=0.02)
    assert north[1] > 300
    assert abs(north[0]) < 4
    assert east[0] > 250


def test_each_car_is_measured_from_its_own_base_station() -> None:
    base = np.array([[33.42, -111.93], [40.0, -3.0], [33.42, -111.93]])
    metres = relative_position(np.repeat(base[:, None], 2, axis=1) + np.array([1e-3, 0]), base)
    assert np.allclose(metres[..., 1], 111.0, atol=0.5)
    assert np.array_equal(metres[0], metres[2])


def test_a_car_across_the_border_of_a_zone_stays_near() -> None:
    base = np.array([[33.42, -108.0001]])
    metres = relative_position(np.array([[[33.42, -107.9999], [33.42, -108.0003]]]), base)
    assert np.hypot(*metres[0, 0]) == pytest.approx(18.6, abs=0.1)
    assert np.hypot(*metres[0, 1]) == pytest.approx(18.6, abs=0.1)


def test_a_car_across_the_equator_stays_near() -> None:
    metres = relative_position(np.array([[[0.0001, 9.0]]]), np.array([[-0.0001, 9.0]]))
    assert metres[0, 0, 1] == pytest.approx(22.1, abs=0.1)


def ahead(scenario: int, degrees: float, metres: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a car so many degrees counter-clockwise from a scenario's boresight, and the scenario."""
    turned = math.radians(BORESIGHT[scenario] + degrees)
    return metres * np.array([[[math.cos(turned), math.sin(turned)]]]), np.array([scenario])


@pytest.mark.parametrize("scenario", BORESIGHT)
@pytest.mark.parametrize("degrees", [-170, -44, 0, 1, 44, 91, 179])
def test_polar_is_the_range_and_the_full_angle_from_boresight_in_units_of_12_5_m_and_a_quarter_radian(
    scenario: int, degrees: float
) -> None:
    distance, turned = polar(*ahead(scenario, degrees, 25.0))[0, 0]
    assert distance == pytest.approx(2.0)
    assert turned == pytest.approx(4 * math.radians(degrees), abs=4e-6)


@pytest.mark.parametrize("scenario", BORESIGHT)
@pytest.mark.parametrize("degrees", [-44, 0, 44])
def test_the_published_angle_is_in_both_columns(scenario: int, degrees: float) -> None:
    first, second = angle(*ahead(scenario, degrees, 25.0))[0, 0]
    assert first == second == pytest.approx(math.radians(degrees), abs=1e-6)


def test_the_published_angle_takes_a_direction_for_its_opposite() -> None:
    assert angle(*ahead(32, 180 - 10, 25.0))[0, 0, 0] == pytest.approx(math.radians(-10), abs=1e-6)


def test_the_published_angle_is_arctan_minus_the_scenario_s_constant_wrapped() -> None:
    metres = np.random.default_rng(0).uniform(-80, 80, (200, 2, 2))
    scenario = np.random.default_rng(1).integers(31, 35, 200)
    constant = np.select([scenario == 31, scenario == 32, scenario == 33], [-50.52, 44.8, 55.6], -60)[:, None]
    expected = np.degrees(np.arctan(metres[..., 1] / metres[..., 0])) - constant
    expected = np.where(expected > 90, expected - 180, np.where(expected < -90, expected + 180, expected))
    np.testing.assert_allclose(angle(metres, scenario)[..., 0], np.radians(expected), atol=1e-6)


def test_a_car_due_north_or_at_the_base_station_has_a_finite_angle() -> None:
    metres = np.array([[[0.0, 30.0], [0.0, 0.0]]])
    for encode in (polar, angle):
        assert np.isfinite(encode(metres, np.array([31]))).all()
    assert angle(metres, np.array([31]))[0, 0, 0] == pytest.approx(math.radians(90 + 50.52 - 180), abs=1e-6)


def test_another_scenario_is_turned_by_nothing() -> None:
    assert polar(np.array([[[50.0, 50.0]]]), np.array([9]))[0, 0, 1] == pytest.approx(math.pi)
