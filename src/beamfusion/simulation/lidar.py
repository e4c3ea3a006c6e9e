"""The LiDAR: rays of a spinning sensor cast against ground, facade and vehicles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from beamfusion.simulation.camera import FACADE_HEIGHT
from beamfusion.simulation.site import STATION_HEIGHT, Site
from beamfusion.simulation.traffic import Traffic

FloatArray = NDArray[np.float64]

SECTOR = np.radians(75.0)
"""Half of the azimuth that is kept, about the boresight: what lies behind the station shows no street."""
ELEVATION = (np.radians(-16.6), np.radians(10.0))
REACH = 100.0
"""Metres."""
RANGE_NOISE = 0.02
"""Standard deviation in metres, that of a 32-channel sensor of the kind."""
ROWS_PER_POINT = 16.0
RETURNING = 0.9
"""Part of the rays, about, that meet something."""
GROUND_INTENSITY, FACADE_INTENSITY, VEHICLE_INTENSITY = 30, 90, 160


def rays(points: int) -> FloatArray:
    """Return unit vectors (R, 3) of so many rays that about `points` of them return."""
    channels = max(4, round((points / ROWS_PER_POINT) ** 0.5))
    azimuths = max(8, round(points / RETURNING / channels))
    azimuth, elevation = np.meshgrid(
        np.linspace(-SECTOR, SECTOR, azimuths), np.linspace(*ELEVATION, channels), indexing="ij"
    )
    level = np.cos(elevation)
    return np.stack([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)], axis=-1).reshape(
        -1, 3
    )


def sweep(
    site: Site,
    traffic: Traffic,
    frame: int,
    directions: FloatArray,
    rng: np.random.Generator,
    returns: float = 1.0,
) -> tuple[FloatArray, NDArray[np.uint16]]:
    """Return points (N, 3) in metres, x backwards, y right and z up from the sensor, and intensities (N,).

    Of what the rays meet, a share `returns` comes back.
    """
    near = np.hypot(*traffic.position[frame].T) < REACH
    candidates = [
        _ground(directions),
        _facade(site, directions),
        _boxes(directions, traffic.position[frame, near], traffic.heading[near], traffic.size[near]),
    ]
    distance = np.stack(candidates)
    nearest = distance.argmin(axis=0)
    metres = distance.min(axis=0)
    hit = metres < REACH
    if returns < 1:
        hit &= rng.random(len(hit)) < returns
    metres = metres[hit] + rng.normal(0, RANGE_NOISE, hit.sum())
    points = directions[hit] * metres[:, None] * (-1, -1, 1)
    brightness = np.array([GROUND_INTENSITY, FACADE_INTENSITY, VEHICLE_INTENSITY])[nearest[hit]]
    return points, rng.poisson(brightness).astype(np.uint16)


def _ground(directions: FloatArray) -> FloatArray:
    down = directions[:, 2]
    return np.where(down < -1e-6, -STATION_HEIGHT / np.minimum(down, -1e-6), np.inf)


def _facade(site: Site, directions: FloatArray) -> FloatArray:
    point, normal = site.facade
    towards = directions[:, :2] @ normal
    distance = np.where(towards < -1e-6, (point @ normal) / np.minimum(towards, -1e-6), np.inf)
    height = STATION_HEIGHT + distance * directions[:, 2]
    return np.where((distance > 0) & (height < FACADE_HEIGHT), distance, np.inf)


def _boxes(directions: FloatArray, position: FloatArray, heading: FloatArray, size: FloatArray) -> FloatArray:
    """Return the distance (R,) to the nearest box that stands on the ground, by the slab method."""
    side = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    entry = np.zeros((len(directions), len(position)))
    leave = np.full_like(entry, np.inf)
    slabs = (
        (-(position * heading).sum(-1), directions[:, :2] @ heading.T, size[:, 0]),
        (-(position * side).sum(-1), directions[:, :2] @ side.T, size[:, 1]),
        (STATION_HEIGHT - size[:, 2] / 2, np.repeat(directions[:, 2:], len(position), axis=1), size[:, 2]),
    )
    for origin, direction, extent in slabs:
        step = np.where(np.abs(direction) < 1e-9, 1e-9, direction)
        first, second = (-extent / 2 - origin) / step, (extent / 2 - origin) / step
        np.maximum(entry, np.minimum(first, second), out=entry)
        np.minimum(leave, np.maximum(first, second), out=leave)
    entry[entry >= leave] = np.inf
    return entry.min(axis=1, initial=np.inf)
