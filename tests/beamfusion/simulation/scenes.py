"""Scenes put together by hand, to know what a sensor has to see."""

from collections.abc import Sequence

import numpy as np

from beamfusion.simulation.traffic import Traffic

CAR = (4.5, 1.8, 1.5)
TRUCK = (9.0, 2.5, 3.4)
Place = tuple[float, float]


def scene(
    *frames: Sequence[Place],
    velocity: Place = (0.0, 0.0),
    sizes: Sequence[tuple[float, float, float]] = (),
    colour: tuple[float, float, float] = (0.9, 0.05, 0.05),
) -> Traffic:
    """Place vehicles at (forward, left) metres, a list a frame, the receiver's first; all point left."""
    vehicles = len(frames[0])
    return Traffic(
        position=np.array(frames, dtype=float),
        velocity=np.tile(np.array(velocity, dtype=float), (len(frames), vehicles, 1)),
        size=np.array(sizes or [CAR] * vehicles),
        colour=np.tile(np.array(colour), (vehicles, 1)),
        heading=np.tile([0.0, 1.0], (vehicles, 1)),
        lane=np.zeros(vehicles, int),
    )


def at_azimuth(degrees: float, distance: float) -> Place:
    """Return a position that many degrees to the left of boresight."""
    angle = np.radians(degrees)
    return float(distance * np.cos(angle)), float(distance * np.sin(angle))
