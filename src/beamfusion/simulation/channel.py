"""Received power of 64 beams: a 16-element array, a geometric channel, and what the receiver adds.

The line of sight, blocked or not, and one reflection off the facade (by its mirror image) reach the array.
The reported power is linear and has the noise floor in it, which is why measured vectors are flat.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from beamfusion.settings import BEAMS
from beamfusion.simulation.site import STATION_HEIGHT, Site
from beamfusion.simulation.traffic import RECEIVER_HEIGHT, Traffic

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

ELEMENTS = 16
WAVELENGTH = 0.005
"""Metres: 60 GHz."""
BEAM_SPAN = np.radians(45.7)
"""Beams point evenly from this angle on the right to the same on the left, 1.45 degrees apart."""
PHASE_STATES = 4
"""2-bit phase shifters, as in the 60 GHz arrays of such testbeds."""
WALL_LOSS_DB = 10.0
"""One reflection off concrete at 60 GHz and oblique incidence (ITU-R P.2040-3)."""
BLOCKAGE_DB = (9.0, 4.5)
"""A vehicle across the line of sight, mean and spread: 3GPP TR 37.885, section 6.2.1, below 500 m."""
FADING_DB = 1.5
"""Spread of a pass's received power: antenna mount, roof reflections."""
REFERENCE_RANGE = 20.0
"""Metres at which `PEAK_TO_FLOOR` holds."""
PEAK_TO_FLOOR = 2.5
"""Best beam's power over the floor, line of sight. With it, best to worst beam is 2.6 to 5.9 dB apart, as in
scenarios 31 to 34; the gain control levels most of what range does."""
LEVELLING = 0.7
"""Part of the range's effect, in dB, that is taken out. It stands for nothing physical and holds the spread
in its bounds, since these streets lie at 10 to 54 m."""
FLOOR = 0.02
"""The floor's reported value, in the testbed's arbitrary units."""
JITTER = 0.008
"""Relative spread of one beam's measured power: an average over some hundred thousand samples."""


@cache
def codebook() -> ComplexArray:
    """Return beam weights (64, 16) with quantised phases; beam 0 points to the right end of the span."""
    angles = np.linspace(-BEAM_SPAN, BEAM_SPAN, BEAMS)
    phases = np.angle(steering(angles))
    step = 2 * np.pi / PHASE_STATES
    return np.exp(1j * np.round(phases / step) * step).conj() / ELEMENTS


def steering(angles: FloatArray) -> ComplexArray:
    """Return responses (N, 16) of the half-wavelength array to azimuths in radians from its boresight."""
    return np.exp(1j * np.pi * np.sin(angles)[:, None] * (np.arange(ELEMENTS) - (ELEMENTS - 1) / 2))


def received_power(site: Site, traffic: Traffic, rng: np.random.Generator) -> FloatArray:
    """Return the power (F, 64) of every beam in every frame, linear."""
    receiver = traffic.position[:, 0]
    loss = np.maximum(rng.normal(BLOCKAGE_DB[0], BLOCKAGE_DB[1], traffic.position.shape[1]), 3.0)
    fading = 10 ** (rng.normal(0, FADING_DB) / 20)
    blocked = (crossings(traffic) * loss[1:]).sum(axis=1)
    point, normal = site.facade
    image = receiver - 2 * ((receiver - point) @ normal)[:, None] * normal
    channel = _path(receiver, blocked) + _path(image, np.full(len(receiver), WALL_LOSS_DB))
    power = np.abs(channel @ codebook().T) ** 2 * fading**2 * PEAK_TO_FLOOR
    return FLOOR * (1 + power) * rng.normal(1, JITTER, power.shape)


def crossings(traffic: Traffic) -> NDArray[np.bool_]:
    """Return (F, V - 1) whether each other vehicle stands across the line of sight, as a box."""
    start = np.array([0.0, 0.0, STATION_HEIGHT])
    end = np.concatenate([traffic.position[:, 0], np.full((traffic.frames, 1), RECEIVER_HEIGHT)], axis=1)
    return segments_meet_boxes(start, end, traffic.position[:, 1:], traffic.heading[1:], traffic.size[1:])


def segments_meet_boxes(
    start: FloatArray, end: FloatArray, position: FloatArray, heading: FloatArray, size: FloatArray
) -> NDArray[np.bool_]:
    """Return (F, V) whether segments from one point (3) to (F, 3) meet boxes at (F, V, 2) on the ground."""
    side = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    entry = np.zeros(position.shape[:2])
    leave = np.ones(position.shape[:2])
    relative = start[:2] - position
    way = (end - start)[:, None, :2]
    slabs = [
        ((relative * heading).sum(-1), (way * heading).sum(-1), -size[:, 0] / 2, size[:, 0] / 2),
        ((relative * side).sum(-1), (way * side).sum(-1), -size[:, 1] / 2, size[:, 1] / 2),
        (np.full_like(entry, start[2]), (end - start)[:, None, 2] + 0 * entry, 0 * size[:, 2], size[:, 2]),
    ]
    for origin, direction, low, high in slabs:
        direction = np.where(np.abs(direction) < 1e-9, 1e-9, direction)
        first, second = (low - origin) / direction, (high - origin) / direction
        entry = np.maximum(entry, np.minimum(first, second))
        leave = np.minimum(leave, np.maximum(first, second))
    return entry < leave


def _path(source: FloatArray, loss: FloatArray) -> ComplexArray:
    """Return the array's response (F, 16) to a source at (F, 2) with a loss (F,) in dB."""
    distance = np.hypot(*source.T)
    amplitude = (REFERENCE_RANGE / distance) ** (1 - LEVELLING) * 10 ** (-loss / 20)
    phase = np.exp(-2j * np.pi * distance / WAVELENGTH)
    return (amplitude * phase)[:, None] * steering(np.arctan2(source[:, 1], source[:, 0]))
