"""Which passes a tree has, how each one's frames are numbered, and which windows are written of it.

Every random draw is of a stream of its own, named by seed, scenario, subset, pass and what is drawn, so that
neither more passes nor fewer windows change any other file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beamfusion.settings import Simulation
from beamfusion.simulation.site import SITES, Site
from beamfusion.simulation.traffic import Traffic, drive_by

HISTORY = 5
PAUSE = (30, 200)
"""Frame numbers between two passes."""
APART = 24
"""Most frames between two windows of a pass that have none in common: fewer than between two passes."""
MOTION, POWER, POSITION, WINDOWS, FRAMES = range(5)
"""What a random stream is for."""


@dataclass(frozen=True)
class Subset:
    """One of the data set's three CSVs."""

    number: int
    folder: str
    csv: str
    stride: int
    """Frames from one of a window's five to the next."""
    step: int
    """Frames from one window's start to the next one's."""
    labelled: bool

    @property
    def reach(self) -> int:
        """Frames from a window's first to its last."""
        return (HISTORY - 1) * self.stride


DEVELOPMENT = Subset(0, "Multi_Modal", "ml_challenge_dev_multi_modal.csv", 2, 1, labelled=True)
ADAPTATION = Subset(
    1, "Adaptation_dataset_multi_modal", "ml_challenge_data_adaptation_multi_modal.csv", 1, 1, labelled=True
)
TEST = Subset(2, "Multi_Modal_Test", "ml_challenge_test_multi_modal.csv", 2, 4, labelled=False)
SUBSETS = (DEVELOPMENT, ADAPTATION, TEST)


@dataclass(frozen=True)
class Pass:
    """One pass of the car, and where its frames stand in its scenario's numbering."""

    subset: Subset
    scenario: int
    number: int
    """From 0, of the scenario's passes in the subset."""
    first: int = 1
    """Number of its first frame."""

    @property
    def site(self) -> Site:
        return SITES[self.scenario]

    @property
    def name(self) -> str:
        return f"{self.subset.number}-{self.scenario}-{self.number}"

    def random(self, settings: Simulation, *purpose: int) -> np.random.Generator:
        """Return a random stream: a purpose, and of `FRAMES` the frame."""
        return np.random.default_rng(
            [settings.seed, self.scenario, self.subset.number, self.number, *purpose]
        )

    def drive(self, settings: Simulation) -> Traffic:
        return drive_by(self.site, self.random(settings, MOTION), settings.speed, settings.gap)

    def starts(self, settings: Simulation, frames: int) -> NDArray[np.int64]:
        """Return the first frame, from 0, of each window that is written of a pass of so many frames."""
        return window_starts(frames, self.subset, settings, self.random(settings, WINDOWS))


def plan(settings: Simulation) -> list[Pass]:
    """Return every pass of the tree, by subset and scenario."""
    passes = []
    for subset, counts in zip(SUBSETS, _counts(settings), strict=True):
        for scenario, count in counts.items():
            first = 1
            for number in range(count):
                one = Pass(subset, scenario, number, first)
                passes.append(one)
                pause = int(one.random(settings, MOTION, 1).integers(*PAUSE))
                first += one.drive(settings).frames + pause
    return passes


def _counts(settings: Simulation) -> list[dict[int, int]]:
    """Return the number of passes of each scenario, by subset."""
    return [
        dict.fromkeys((32, 33, 34), settings.passes),
        {31: settings.adaptation_passes, 32: 1, 33: 1},
        dict.fromkeys(SITES, settings.test_passes),
    ]


def window_starts(
    frames: int, subset: Subset, settings: Simulation, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the first frames (N,) of the windows that are written, of a pass of so many frames.

    Runs of windows are spread evenly over the pass, but not so far that a gap looks like the end of one, and
    begin anywhere. A pass too short for them all has fewer; for one run, a shorter one.
    """
    every = np.arange(0, frames - subset.reach, subset.step)
    if settings.windows is None:
        return every
    span = subset.reach + 1 + (settings.run - 1) * subset.step
    count = min(settings.windows, frames // span)
    if not count:
        return every
    spacing = min(frames // count, span + APART)
    offset = rng.integers(0, frames - (count - 1) * spacing - span + 1)
    runs = offset + spacing * np.arange(count)
    within = subset.step * np.arange(settings.run)
    return (runs[:, None] + within).ravel()
