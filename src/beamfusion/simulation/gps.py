"""GPS: the base station's position, and the car's fixes with the error of a receiver without corrections."""

from __future__ import annotations

import numpy as np
import utm
from numpy.typing import NDArray

from beamfusion.simulation.site import Site
from beamfusion.simulation.traffic import Traffic

FloatArray = NDArray[np.float64]

NOISE = 0.1
"""Standard deviation in metres of what differs from one fix to the next."""


def fixes(site: Site, traffic: Traffic, rng: np.random.Generator, bias: float | None = None) -> FloatArray:
    """Return latitude and longitude (F, 2) in degrees that the car reports in each frame.

    Atmosphere and multipath change over minutes, so that one pass of a few seconds has one bias, Gaussian
    with a standard deviation of `bias` metres an axis, or else the site's own.
    """
    deviation = site.gps_bias if bias is None else bias
    error = deviation * rng.standard_normal(2) + NOISE * rng.standard_normal((traffic.frames, 2))
    return to_degrees(site, traffic.position[:, 0] + error)


def to_degrees(site: Site, position: FloatArray) -> FloatArray:
    """Return latitude and longitude (N, 2) of positions (N, 2), metres forward and left of the station."""
    forward, left = position.T
    turn = np.radians(site.boresight)
    easting, northing, zone, _ = utm.from_latlon(site.latitude, site.longitude)
    east = easting + forward * np.cos(turn) - left * np.sin(turn)
    north = northing + forward * np.sin(turn) + left * np.cos(turn)
    return np.stack(utm.to_latlon(east, north, zone, northern=True), axis=1)
