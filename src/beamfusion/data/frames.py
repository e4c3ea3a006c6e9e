"""Prepare a frame of each modality, as published (TII team's code); other sizes are scaled down."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FloatArray = NDArray[np.float64]

LIDAR_AREAS = {
    31: ((-70.0, 0.0), (-25.0, 14.0)),
    32: ((-60.0, 0.0), (-40.0, 5.5)),
    33: ((-50.0, 0.0), (-12.0, 7.0)),
    34: ((-50.0, 0.0), (-20.0, 10.0)),
}
"""Metres along x and y that the grid of each scenario spans."""
OTHER_AREA = ((-50.0, 0.0), (-50.0, 50.0))
MAX_COUNT = 5
"""Points at which a cell's count is cut; the network sees count / 5."""
BLOCK = 1 << 18
"""Complex numbers of the angle transform at once, about what a core's cache holds."""


def image(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize a camera frame (H,W,3) to (size,size,3) with Pillow's default filter, bicubic."""
    resized = Image.fromarray(pixels).resize((size, size))
    return np.frombuffer(resized.tobytes(), np.uint8).reshape(size, size, 3)


def lidar_area(scenario: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the metres, low and high, along x and y that the grid of a scenario spans."""
    return LIDAR_AREAS.get(scenario, OTHER_AREA)


def lidar_grid(points: FloatArray, scenario: int, cells: int) -> NDArray[np.uint8]:
    """Count points (N,3) over x and y in (cells,cells), cut at 5; one outside the area counts nowhere."""
    edges = [np.linspace(low, high, cells + 1) for low, high in lidar_area(scenario)]
    counts, _ = np.histogramdd(points[:, :2], bins=edges)
    grid: NDArray[np.uint8] = np.minimum(counts, MAX_COUNT).astype(np.uint8)
    return grid


def radar_maps(cube: NDArray[np.complex64], size: int) -> NDArray[np.float32]:
    """Compute range-angle and range-velocity map (2,size,size) in [0,1] of (antennas, samples, chirps).

    Rows are range bins. Published for 256 samples, 250 chirps and size 256: FFT over samples; minus the mean
    over chirps, FFT over antennas, magnitudes summed over chirps; and FFT over chirps, magnitudes summed
    over antennas; nothing shifted, each map min-max scaled. Every FFT has `size` bins. An axis longer than
    `size` keeps all its samples: its FFT has as many bins as the axis, which are then averaged down.
    """
    antennas, samples, chirps = cube.shape
    ranges = np.fft.fft(cube.astype(np.complex128), max(samples, size), axis=1)
    moving = ranges - ranges.mean(axis=2, keepdims=True)
    angles = _angle_magnitudes(moving, max(antennas, size))
    velocities = np.abs(np.fft.fft(ranges, max(chirps, size), axis=2)).sum(axis=0)
    return np.stack([_scaled(_averaged(map_, size)) for map_ in (angles, velocities)]).astype(np.float32)


def _angle_magnitudes(ranges: NDArray[np.complex128], bins: int) -> FloatArray:
    """Transform over antennas (A,R,C) to `bins`, and sum magnitudes over chirps: (R,bins)."""
    snapshots = np.ascontiguousarray(ranges.transpose(1, 2, 0))
    step = max(1, BLOCK // (snapshots.shape[1] * bins))
    blocks = [
        np.abs(np.fft.fft(snapshots[start : start + step], bins, axis=2)).sum(axis=1)
        for start in range(0, len(snapshots), step)
    ]
    return np.concatenate(blocks)


def _averaged(map_: FloatArray, size: int) -> FloatArray:
    """Average bins, by the share of them that falls into each of `size` equal parts of an axis."""
    for axis in (0, 1):
        bins = map_.shape[axis]
        if bins != size:
            edges = np.arange(size + 1) * bins / size
            covered = np.clip(edges[:, None] - np.arange(bins), 0, 1)
            map_ = np.moveaxis(np.tensordot(np.diff(covered, axis=0) * size / bins, map_, (1, axis)), 0, axis)
    return map_


def _scaled(map_: FloatArray) -> FloatArray:
    """Scale a map to [0, 1] by its minimum and maximum; a constant map is 0."""
    low, high = map_.min(), map_.max()
    return (map_ - low) / (high - low) if high > low else np.zeros_like(map_)
