"""The radar: an FMCW cube as the sum of point scatterers, each a tone in range, chirp and antenna."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from beamfusion.simulation.site import Site
from beamfusion.simulation.traffic import Traffic

FloatArray = NDArray[np.float64]

ANTENNAS = 4
"""Receive antennas, half a wavelength apart."""
MAX_RANGE = 100.0
"""Metres that the last range bin stands for, whatever the number of samples."""
MAX_SPEED = 20.0
"""Metres a second at which Doppler wraps around, in either direction."""
WAVELENGTH = 0.0039
"""Metres: 77 GHz."""
CLUTTER_POINTS = 64
"""Scatterers that stand for rain and ground."""
CLUTTER_SPEED = 0.5
"""Their deviation from standing still, in metres a second."""
CROSS_SECTION = 10.0
"""Square metres of a car, mean of its scatterers together."""
FACADE_POINTS = 24
FACADE_CROSS_SECTION = 4.0
BEHIND = 0.2
"""Amplitude of a vehicle that another one hides."""
NOISE = 0.004
"""Standard deviation of a sample; a car at 20 m has amplitude 0.008."""


def cube(
    site: Site,
    traffic: Traffic,
    frame: int,
    samples: int,
    chirps: int,
    rng: np.random.Generator,
    *,
    hidden: bool,
    clutter: float = 0.0,
) -> NDArray[np.complex64]:
    """Return one frame (antenna, sample, chirp); the receiver's car is `hidden` by another vehicle.

    `clutter` is the cross section of what rain and ground scatter, in square metres.
    """
    scatterers = [_scatterers(site, traffic, frame, rng, hidden=hidden)]
    if clutter:
        scatterers.append(_clutter(clutter, rng))
    position, speed, amplitude = (np.concatenate(part) for part in zip(*scatterers, strict=True))
    distance = np.hypot(*position.T)
    keep = (distance < MAX_RANGE) & (position[:, 0] > 0)
    position, speed, distance = position[keep], speed[keep], distance[keep]
    strength = amplitude[keep] / distance**2
    carrier = np.exp(-4j * np.pi * distance / WAVELENGTH)
    antenna = np.exp(1j * np.pi * np.outer(np.arange(ANTENNAS), position[:, 1] / distance))
    sample = np.exp(2j * np.pi * np.outer(np.arange(samples) / MAX_RANGE, distance))
    chirp = np.exp(1j * np.pi * np.outer(speed / MAX_SPEED, np.arange(chirps)))
    tones = sample * (strength * carrier)
    signal = np.stack([(tones * antenna[k]) @ chirp for k in range(ANTENNAS)])
    noise = rng.standard_normal((*signal.shape, 2), np.float32).view(np.complex64)[..., 0]
    return (signal + NOISE * noise).astype(np.complex64)


def _scatterers(
    site: Site, traffic: Traffic, frame: int, rng: np.random.Generator, *, hidden: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return positions (N, 2), radial speeds (N,), positive when they leave, and amplitudes (N,)."""
    centre, ahead = traffic.position[frame], traffic.heading
    towards = -centre / np.hypot(*centre.T)[:, None]
    half = traffic.size[:, :1] / 2
    positions = np.concatenate([centre + ahead * half * way + towards * 0.8 for way in (-0.8, 0.0, 0.8)])
    velocity = np.tile(traffic.velocity[frame], (3, 1))
    speed = (velocity * positions).sum(1) / np.hypot(*positions.T)
    visibility = np.ones(len(centre))
    visibility[0] = BEHIND if hidden else 1.0
    section = CROSS_SECTION * traffic.size[:, 0] / 4.5 / 3
    amplitude = np.tile(np.sqrt(section) * visibility, 3) * rng.rayleigh(0.8, len(positions))
    point, _ = site.facade
    wall = point + np.linspace(-20, site.length + 20, FACADE_POINTS)[:, None] * site.along
    return (
        np.concatenate([positions, wall]),
        np.concatenate([speed, np.zeros(FACADE_POINTS)]),
        np.concatenate([amplitude, np.full(FACADE_POINTS, FACADE_CROSS_SECTION**0.5)]),
    )


def _clutter(section: float, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return positions (N, 2), radial speeds (N,) and amplitudes (N,) of scatterers all over the view."""
    distance = rng.uniform(2, MAX_RANGE, CLUTTER_POINTS)
    angle = rng.uniform(-np.pi / 3, np.pi / 3, CLUTTER_POINTS)
    position = distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    amplitude = np.sqrt(section / CLUTTER_POINTS) * rng.rayleigh(0.8, CLUTTER_POINTS)
    return position, CLUTTER_SPEED * rng.standard_normal(CLUTTER_POINTS), amplitude
