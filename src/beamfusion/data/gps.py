"""GPS fixes as the two numbers a network reads: the car relative to the base station."""

from __future__ import annotations

import numpy as np
import utm
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

BORESIGHT = {31: -50.52, 32: 44.8, 33: 55.6, 34: -60.0}
"""Degrees from east towards north; the published code's constants per scenario."""
RANGE_UNIT, ANGLE_UNIT = 12.5, 0.25
"""Metres and radians that `polar` calls 1: about a standard deviation of each, so that a network that starts
with weights for inputs of unit size sees them."""


def relative_position(fixes: FloatArray, base: FloatArray) -> FloatArray:
    """Return metres (N,K,2) east and north of the base stations (N,2), in their UTM zone, of fixes (N,K,2).

    Both are latitude and longitude in degrees.
    """
    metres = np.empty_like(fixes)
    for station in np.unique(base, axis=0):
        here = (base == station).all(1)
        zone = utm.latlon_to_zone_number(*station)
        origin = to_utm(station, zone, north=station[0] >= 0)
        metres[here] = to_utm(fixes[here], zone, north=station[0] >= 0) - origin
    return metres


def to_utm(position: FloatArray, zone: int, *, north: bool) -> FloatArray:
    """Return easting and northing (..., 2) in metres of latitude and longitude (..., 2) in degrees."""
    latitude, longitude = position[..., 0], position[..., 1]
    easting, northing, *_ = utm.from_latlon(
        latitude, longitude, force_zone_number=zone, force_northern=bool(north)
    )
    return np.stack([easting, northing], axis=-1)


def polar(metres: FloatArray, scenario: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return range and counter-clockwise angle from the boresight, in [-pi, pi), in the units above."""
    east, north = metres[..., 0], metres[..., 1]
    angle = np.degrees(np.arctan2(north, east)) - _boresight(scenario)
    angle = (angle + 180) % 360 - 180
    return np.stack([np.hypot(east, north) / RANGE_UNIT, np.radians(angle) / ANGLE_UNIT], axis=-1).astype(
        np.float32
    )


def angle(metres: FloatArray, scenario: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the published arctan(north / east) less the boresight, wrapped into +-pi/2, twice (N,K,2).

    It cannot tell a direction from its opposite; a car at the base station itself, 0 / 0, is at arctan 0.
    """
    east, north = metres[..., 0], metres[..., 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.nan_to_num(north / east, nan=0.0, posinf=np.inf, neginf=-np.inf)
    turned = np.degrees(np.arctan(slope)) - _boresight(scenario)
    turned = np.radians((turned + 90) % 180 - 90)
    return np.stack([turned, turned], axis=-1).astype(np.float32)


def _boresight(scenario: NDArray[np.int64]) -> FloatArray:
    """Return degrees (N,1); 0 for a scenario other than the four."""
    return np.array([BORESIGHT.get(int(number), 0.0) for number in scenario])[:, None]
