"""A window seen in a mirror that stands along the boresight: what was on the left is on the right."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from beamfusion.data.frames import lidar_area
from beamfusion.settings import BEAMS


def mirror_image(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Mirror frames (...,S,S,3) left to right: the camera looks along the boresight."""
    return frames[..., ::-1, :]


def mirror_grid(counts: NDArray[np.uint8], scenario: int) -> NDArray[np.uint8]:
    """Mirror counts (...,G,G) over x and y at y = 0, by whole cells: at most half a cell off.

    The area is not symmetric: points whose mirror image lies outside it are lost, and cells whose mirror
    image lies outside it are empty.
    """
    low, high = lidar_area(scenario)[1]
    cells = counts.shape[-1]
    opposite = round(-2 * low * cells / (high - low)) - 1 - np.arange(cells)
    inside = (opposite >= 0) & (opposite < cells)
    return np.where(inside, counts[..., opposite % cells], 0).astype(np.uint8)


def mirror_radar(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mirror maps (...,2,R,R): bin k of the unshifted FFT over antennas becomes -k; velocities stay."""
    mirrored = maps.copy()
    bins = maps.shape[-1]
    mirrored[..., 0, :, :] = maps[..., 0, :, :][..., -np.arange(bins) % bins]
    return mirrored


def mirror_gps(fixes: NDArray[np.float32], encoding: Literal["polar", "angle"]) -> NDArray[np.float32]:
    """Negate the angles about the boresight of fixes (...,2,2): one of two numbers, or both."""
    return fixes * np.array((1, -1) if encoding == "polar" else (-1, -1), np.float32)


def mirror_beam(beam: NDArray[np.int64]) -> NDArray[np.int64]:
    """Mirror zero-based beams, the codebook's angles being symmetric; -1 stays."""
    return np.where(beam < 0, beam, BEAMS - 1 - beam)
