"""The camera: facade, street and vehicles projected by a pinhole and drawn, far before near.

By night there is little light but lamps and the sensor's gain is high, so that noise hides what is dark.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from beamfusion.simulation.site import LANE_WIDTH, LANES, STATION_HEIGHT, Site
from beamfusion.simulation.traffic import Traffic

FloatArray = NDArray[np.float64]
Colour = tuple[int, int, int]

HORIZONTAL_VIEW = np.radians(100.0)
HORIZON = 0.45
"""Part of the picture's height, from the top."""
EDGE = np.tan(HORIZONTAL_VIEW / 2)
LONGEST = 6.0
"""Metres by which a vehicle may be out of the picture with its centre and still show."""
NEAREST = 0.5
"""Metres in front of the camera below which nothing is drawn."""
FARTHEST = 150.0
"""Metres beyond which no vehicle is drawn: a car is 12 pixels of 960 long there, and one of 96."""
FACADE_HEIGHT = 9.0
WINDOW_METRES = 4.0
AMBIENT = {False: 1.0, True: 0.10}
"""Light on surfaces by day and by night, of the brightest: street lamps give about a tenth after exposure."""
NOISE = {False: 3.0, True: 12.0}
"""Standard deviation of a pixel in 8-bit steps, by day and with the gain of a night's exposure."""
SUN = np.array([-0.4, 0.5, 0.77])
LAMP_METRES = 0.35
SUPERSAMPLE_BELOW = 480
"""Pictures narrower than this are drawn at twice their size, for smooth edges."""


def photograph(
    site: Site,
    traffic: Traffic,
    frame: int,
    size: tuple[int, int],
    rng: np.random.Generator,
    noisier: float = 1.0,
) -> NDArray[np.uint8]:
    """Draw one picture (height, width, 3) of `size` (width, height), `noisier` times as noisy as usual."""
    scale = 2 if size[0] < SUPERSAMPLE_BELOW else 1
    width, height = size[0] * scale, size[1] * scale
    canvas = _background(site, width, height).copy()
    draw = ImageDraw.Draw(canvas)
    view = _View(width, height)
    light = AMBIENT[site.night]
    forward, left = traffic.position[frame].T
    distance = np.hypot(forward, left)
    in_picture = (forward > NEAREST) & (np.abs(left) < EDGE * forward + LONGEST) & (distance < FARTHEST)
    visible = np.flatnonzero(in_picture)
    for vehicle in visible[np.argsort(-distance[visible])]:
        _vehicle(draw, view, traffic, frame, int(vehicle), site.night, light)
    picture = np.asarray(canvas.resize(size, Image.Resampling.BOX) if scale > 1 else canvas, np.float32)
    noise = rng.standard_normal(picture.shape, np.float32) * (noisier * NOISE[site.night])
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def picture_boxes(traffic: Traffic, frame: int, size: tuple[int, int]) -> FloatArray:
    """Return left, top, right and bottom (V, 4) in pixels of each vehicle in a picture of `size`.

    They are not cut at the picture's edges; NaN for a vehicle that is not wholly before the camera.
    """
    view = _View(*size)
    boxes = np.full((len(traffic.size), 4), np.nan)
    for vehicle, (length, width, height) in enumerate(traffic.size):
        ahead = traffic.heading[vehicle]
        side = np.array([-ahead[1], ahead[0]])
        corners = traffic.position[frame, vehicle] + np.array(
            [a * ahead * length / 2 + b * side * width / 2 for a in (-1, 1) for b in (-1, 1)]
        )
        if corners[:, 0].min() > NEAREST:
            pixels = view.project(np.concatenate([_raised(corners, 0.0), _raised(corners, height)]))
            boxes[vehicle] = *pixels.min(axis=0), *pixels.max(axis=0)
    return boxes


class _View:
    """A pinhole at the station's height that looks along the boresight."""

    def __init__(self, width: int, height: int):
        self.width, self.height = width, height
        self.focal = width / 2 / np.tan(HORIZONTAL_VIEW / 2)

    def project(self, points: FloatArray) -> FloatArray:
        """Return pixels (N, 2), right and down, of points (N, 3); those behind the camera are undefined."""
        scale = self.focal / np.maximum(points[:, 0], NEAREST)
        pixels = np.empty((len(points), 2))
        pixels[:, 0] = self.width / 2 - points[:, 1] * scale
        pixels[:, 1] = self.height * HORIZON + (STATION_HEIGHT - points[:, 2]) * scale
        return pixels

    def polygon(self, draw: ImageDraw.ImageDraw, points: FloatArray, colour: Colour) -> None:
        if points[:, 0].min() > NEAREST:
            draw.polygon(self.project(points).ravel().tolist(), fill=colour)


@cache
def _background(site: Site, width: int, height: int) -> Image.Image:
    """Draw sky, ground, street and facade, which the camera sees the same in every frame."""
    canvas = Image.new("RGB", (width, height))
    draw, view, light = ImageDraw.Draw(canvas), _View(width, height), AMBIENT[site.night]
    horizon = int(view.height * HORIZON)
    sky = (6, 8, 18) if site.night else (150, 185, 225)
    draw.rectangle((0, 0, view.width, horizon), fill=sky)
    draw.rectangle((0, horizon, view.width, view.height), fill=_lit((0.42, 0.45, 0.35), light))
    s = np.linspace(-20, site.length + 40, 25)
    edges = [
        site.on_street(s, np.array(0)) + offset * LANE_WIDTH * site.across for offset in (-0.5, LANES - 0.5)
    ]
    for k in range(len(s) - 1):
        corners = np.array([edges[0][k], edges[0][k + 1], edges[1][k + 1], edges[1][k]])
        view.polygon(draw, _raised(corners, 0.0), _lit((0.3, 0.3, 0.32), light))
    _facade(draw, view, site, light)
    return canvas


def _facade(draw: ImageDraw.ImageDraw, view: _View, site: Site, light: float) -> None:
    point, _ = site.facade
    metres = np.arange(-24, site.length + 48, WINDOW_METRES)
    for k, start in enumerate(metres[:-1]):
        ends = point + np.array([[start], [start + WINDOW_METRES]]) * site.along
        wall = np.concatenate([_raised(ends, 0.0), _raised(ends[::-1], FACADE_HEIGHT)])
        view.polygon(draw, wall, _lit((0.62, 0.55, 0.47), light * (0.94 if k % 2 else 1.0)))
        inner = point + np.array([[start + 1.0], [start + 3.0]]) * site.along
        for floor in (1.2, 5.2):
            pane = np.concatenate([_raised(inner, floor), _raised(inner[::-1], floor + 2.0)])
            lit_up = site.night and (3 * k + int(floor)) % 4 == 0
            view.polygon(draw, pane, (150, 130, 80) if lit_up else _lit((0.22, 0.27, 0.33), light))


def _vehicle(
    draw: ImageDraw.ImageDraw,
    view: _View,
    traffic: Traffic,
    frame: int,
    vehicle: int,
    night: bool,
    light: float,
) -> None:
    centre, ahead = traffic.position[frame, vehicle], traffic.heading[vehicle]
    length, width, height = traffic.size[vehicle]
    side = np.array([-ahead[1], ahead[0]])
    colour = traffic.colour[vehicle]
    for normal, across, half, reach in (
        (ahead, side, length / 2, width / 2),
        (-ahead, side, length / 2, width / 2),
        (side, ahead, width / 2, length / 2),
        (-side, ahead, width / 2, length / 2),
    ):
        middle = centre + normal * half
        if middle @ normal >= 0:  # looks away from the camera
            continue
        shade = 0.55 + 0.45 * max(0.0, float(normal @ SUN[:2]))
        ends = np.array([middle - across * reach, middle + across * reach])
        face = np.concatenate([_raised(ends, 0.25), _raised(ends[::-1], height)])
        view.polygon(draw, face, _lit(colour, light * shade))
        glass = np.array([middle - across * reach * 0.85, middle + across * reach * 0.85])
        band = np.concatenate([_raised(glass, 0.62 * height), _raised(glass[::-1], 0.92 * height)])
        view.polygon(draw, band, _lit((0.12, 0.14, 0.17), light))
    if night:
        _lamps(draw, view, centre, ahead, side, length, width)


def _lamps(
    draw: ImageDraw.ImageDraw,
    view: _View,
    centre: FloatArray,
    ahead: FloatArray,
    side: FloatArray,
    length: float,
    width: float,
) -> None:
    """Draw lamps, white in front and red behind, seen from where they shine."""
    for way, colour in ((1, (255, 250, 225)), (-1, (200, 20, 15))):
        end = centre + way * ahead * length / 2
        if way * float(end @ ahead) > 0:
            continue
        lamps = np.array([end - side * width * 0.35, end + side * width * 0.35])
        for (right, down), forward in zip(view.project(_raised(lamps, 0.7)), lamps[:, 0], strict=True):
            if forward > NEAREST:
                radius = max(1.0, view.focal * LAMP_METRES / forward)
                draw.ellipse((right - radius, down - radius, right + radius, down + radius), fill=colour)


def _raised(points: FloatArray, height: float) -> FloatArray:
    raised = np.empty((len(points), 3))
    raised[:, :2], raised[:, 2] = points, height
    return raised


def _lit(reflectance: FloatArray | tuple[float, float, float], light: float) -> Colour:
    red, green, blue = (int(min(255.0, 255 * value * light)) for value in reflectance)
    return red, green, blue
