"""Altered copies of the adaptation windows: every combination of 7 camera, 2 LiDAR and 1 radar alterations.

A copy alters prepared frames: sharpness works on the resized picture, the LiDAR is thinned and moved as
counts of a grid's cells, in which a full cell stands for just 5 points, and noise is added to scaled maps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from beamfusion.data.frames import MAX_COUNT, lidar_area

Random = np.random.Generator

CAMERA_RANGES = {
    "brightness": (0.5, 3.0),
    "contrast": (0.5, 4.0),
    "gamma": (0.5, 3.0),
    "hue": (-0.5, 0.5),
    "saturation": (0.0, 4.0),
    "sharpness": (0.0, 10.0),
    "blur": (1.0, 1.0),
}
"""Range of each camera alteration's strength; hue in turns, blur has one strength."""
BLUR_SIGMA = (1.7 / 960, 1.4 / 540)
"""Sigma of a blur kernel of 9 x 7 pixels, 0.15 k + 0.35 for k, as part of the camera's width and height."""
LEAST_BLUR = 0.45
"""Pixels of sigma at least, so that small pictures are blurred too."""
HUES = 255
"""Pillow's steps around the colour circle."""
KEPT_POINTS = 0.9
SHIFT = 0.4
"""Metres along x and y that the points are moved by at most."""
RADAR_NOISE = (0.025, 0.10)
"""Least and most that each bin gains, of its map's range."""

KINDS = (
    (None, *CAMERA_RANGES),
    (None, "thinning", "shift"),
    (None, "noise"),
)
"""Alterations of camera, LiDAR and radar."""
COPIES = len(KINDS[0]) * len(KINDS[1]) * len(KINDS[2]) - 1
"""47: all combinations but the one that alters nothing."""


def combination(copy: int) -> tuple[str | None, str | None, str | None]:
    """Return the kind of the camera's, LiDAR's and radar's alteration in a copy; copy 0 alters nothing."""
    if not 0 <= copy <= COPIES:
        raise ValueError(f"copy {copy}, expected 0 to {COPIES}")
    copy, camera = divmod(copy, len(KINDS[0]))
    radar, lidar = divmod(copy, len(KINDS[1]))
    return KINDS[0][camera], KINDS[1][lidar], KINDS[2][radar]


def alter(
    copy: int,
    random: Random,
    scenario: int,
    image: NDArray[np.uint8],
    lidar: NDArray[np.uint8],
    radar: NDArray[np.float32],
) -> None:
    """Alter a window's frames in place: image (T,S,S,3), LiDAR (T,G,G), radar (T,2,R,R).

    One strength, or shift, holds for all frames; thinning and noise differ between them.
    """
    camera, points, maps = combination(copy)
    if camera is not None:
        image[:] = alter_images(camera, random.uniform(*CAMERA_RANGES[camera]), image)
    if points == "thinning":
        lidar[:] = random.binomial(lidar, KEPT_POINTS)
    elif points == "shift":
        lidar[:] = shift_grids(lidar, scenario, random.uniform(-SHIFT, SHIFT, 2), random)
    if maps is not None:
        radar[:] = scaled(radar + random.uniform(*RADAR_NOISE, radar.shape))


def alter_images(kind: str, strength: float, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Alter frames (T,S,S,3) by one of `CAMERA_RANGES`.

    But for blur, strength 1 (hue: 0) changes nothing.
    """
    change = CHANGES[kind]
    return np.stack([np.asarray(change(Image.fromarray(frame), strength)) for frame in frames])


def _gamma(picture: Image.Image, strength: float) -> Image.Image:
    table = np.round(255 * (np.arange(256) / 255) ** strength).astype(int)
    return picture.point(table.tolist() * 3)


def _hue(picture: Image.Image, turns: float) -> Image.Image:
    hue, saturation, value = picture.convert("HSV").split()
    turned = (np.asarray(hue, int) + round(turns * HUES)) % HUES
    return Image.merge("HSV", (Image.fromarray(turned.astype(np.uint8)), saturation, value)).convert("RGB")


def _blur(picture: Image.Image, strength: float) -> Image.Image:
    from scipy.ndimage import gaussian_filter  # a slow import that no reader of data needs

    across, down = (
        strength * max(part * pixels, LEAST_BLUR)
        for part, pixels in zip(BLUR_SIGMA, picture.size, strict=True)
    )
    blurred = gaussian_filter(np.asarray(picture, np.float32), (down, across, 0))
    return Image.fromarray(np.round(blurred).astype(np.uint8))


def _enhanced(enhancer: Callable[[Image.Image], Any]) -> Callable[[Image.Image, float], Image.Image]:
    def change(picture: Image.Image, strength: float) -> Image.Image:
        altered: Image.Image = enhancer(picture).enhance(strength)
        return altered

    return change


CHANGES: dict[str, Callable[[Image.Image, float], Image.Image]] = {
    "brightness": _enhanced(ImageEnhance.Brightness),
    "contrast": _enhanced(ImageEnhance.Contrast),
    "gamma": _gamma,
    "hue": _hue,
    "saturation": _enhanced(ImageEnhance.Color),
    "sharpness": _enhanced(ImageEnhance.Sharpness),
    "blur": _blur,
}


def shift_grids(
    counts: NDArray[np.uint8], scenario: int, metres: NDArray[np.float64], random: Random
) -> NDArray[np.uint8]:
    """Move the points counted in (T,G,G) by `metres` along x and y; those that leave the area are lost.

    Points lie anywhere in their cell: of a shift by parts of a cell, each crosses into the next with that
    probability.
    """
    moved = counts.astype(np.int64)
    for axis, (low, high) in enumerate(lidar_area(scenario), start=1):
        cells = metres[axis - 1] * counts.shape[axis] / (high - low)
        whole = int(np.floor(cells))
        further = random.binomial(moved, cells - whole)
        moved = _rolled(moved - further, whole, axis) + _rolled(further, whole + 1, axis)
    return np.minimum(moved, MAX_COUNT).astype(np.uint8)


def _rolled(counts: NDArray[np.int64], cells: int, axis: int) -> NDArray[np.int64]:
    """Move counts by whole cells; nothing comes in at the border."""
    from_index = np.arange(counts.shape[axis]) - cells
    inside = (from_index >= 0) & (from_index < counts.shape[axis])
    shape = [-1 if dimension == axis else 1 for dimension in range(counts.ndim)]
    return np.take(counts, from_index, axis, mode="clip") * inside.reshape(shape)


def scaled(maps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale maps (...,R,R) to [0, 1], each by its own minimum and maximum."""
    low, high = maps.min((-2, -1), keepdims=True), maps.max((-2, -1), keepdims=True)
    return (maps - low) / (high - low)
