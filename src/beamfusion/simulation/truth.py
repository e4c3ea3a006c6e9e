"""The ground truth of a tree, for study: a file at its root, where no loader of samples looks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from beamfusion.settings import Simulation
from beamfusion.simulation.camera import picture_boxes
from beamfusion.simulation.channel import crossings
from beamfusion.simulation.plan import Pass
from beamfusion.simulation.site import FIELD_OF_VIEW
from beamfusion.simulation.traffic import Traffic

TRUTH = "truth.csv"


def truth(
    one: Pass, traffic: Traffic, frames: NDArray[np.int64], settings: Simulation
) -> list[dict[str, str | int]]:
    """Return a row for each vehicle in view of each of the pass's frames (from 0), the car's first.

    Azimuths are in degrees, positive to the left, ranges in metres; lanes count from the nearest, 1. The car
    with the transmitter has `receiver` 1, and `blocked` 1 where another vehicle stands across its line of
    sight. The box is the picture's: left, top, right and bottom in pixels.
    """
    blocked = np.any(crossings(traffic), axis=1)
    rows = []
    for frame in frames.tolist():
        forward, left = traffic.position[frame].T
        azimuth, distance = np.arctan2(left, forward), np.hypot(forward, left)
        boxes = picture_boxes(traffic, frame, settings.image_size)
        for vehicle in np.flatnonzero(np.abs(azimuth) < FIELD_OF_VIEW).tolist():
            row: dict[str, str | int] = {
                "subset": one.subset.folder,
                "scenario": one.scenario,
                "pass": one.number + 1,
                "frame": one.first + frame,
                "receiver": int(vehicle == 0),
                "azimuth": f"{np.degrees(azimuth[vehicle]):.3f}",
                "range": f"{distance[vehicle]:.3f}",
                "lane": int(traffic.lane[vehicle]) + 1,
                "blocked": int(vehicle == 0 and blocked[frame]),
            }
            sides = zip(("left", "top", "right", "bottom"), boxes[vehicle].tolist(), strict=True)
            rows.append(row | {side: f"{value:.1f}" for side, value in sides})
    return rows
