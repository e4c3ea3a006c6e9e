"""The window index: labels, positions and passes of the samples, beside the frames that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from beamfusion.data import gps
from beamfusion.data.consistency import label_problem
from beamfusion.data.formats import printable, read_position, read_power
from beamfusion.data.passes import crosses_jump, pass_ids
from beamfusion.data.prepared import window_dtype
from beamfusion.data.raw import WINDOW, Tree
from beamfusion.settings import BEAMS, GRID_MODALITIES
from jobkit.errors import UserError

Read = TypeVar("Read")


@dataclass
class Problems:
    """Problems met so far, and the samples, by index, that they rule out."""

    lines: list[str] = field(default_factory=list)
    samples: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Labels:
    """Powers (N,64) of N samples, and latitude and longitude of base station and two fixes (N,3,2)."""

    power: NDArray[np.float64]
    position: NDArray[np.float64]


def read_labels(tree: Tree, problems: Problems) -> Labels:
    """Read each distinct power and GPS file once; what is broken, or has no label, is NaN."""
    powers = _read_once(tree, (sample.power for sample in tree.samples), read_power, problems)
    stations = (name for sample in tree.samples for name in (sample.base, *sample.fixes))
    positions = _read_once(tree, stations, read_position, problems)
    power = np.full((len(tree.samples), BEAMS), np.nan)
    position = np.full((len(tree.samples), 3, 2), np.nan)
    for index, sample in enumerate(tree.samples):
        named = [name for name in (sample.power, sample.base, *sample.fixes) if name is not None]
        if any(name not in powers and name not in positions for name in named):
            problems.samples.add(index)
            continue
        position[index] = [positions[name] for name in (sample.base, *sample.fixes)]
        if sample.power is not None:
            power[index] = powers[sample.power]
        if what := label_problem(sample, power[index]):
            problems.lines.append(f"{printable(tree.location(sample))}: {what}")
            problems.samples.add(index)
    return Labels(power, position)


def _read_once(
    tree: Tree, names: Iterable[str | None], read: Callable[[Path], Read], problems: Problems
) -> dict[str, Read]:
    """Return the contents of the distinct files that are sound."""
    contents: dict[str, Read] = {}
    for name in dict.fromkeys(names):
        if name is not None:
            try:
                contents[name] = read(tree.root / name)
            except UserError as error:
                problems.lines += error.lines
    return contents


def window_table(
    tree: Tree,
    frames: Mapping[str, Mapping[str, int]],
    labels: Labels,
    encoding: Literal["polar", "angle"],
    pass_gap: int = 0,
) -> NDArray[Any]:
    """Make a row of `window_dtype` of each sample; `frames` has each modality's index of a raw file.

    A pass ends where frame numbers jump by more than `pass_gap`.
    """
    samples = tree.samples
    table = np.zeros(len(samples), window_dtype(WINDOW))
    for modality in GRID_MODALITIES:
        index = frames[modality]
        table[f"{modality}_frames"] = [
            [index[name] for name in getattr(sample, modality)] for sample in samples
        ]
    nan = np.isnan(labels.power)
    labelled = np.array([sample.beam is not None for sample in samples])
    beam = np.array([(sample.beam or 0) - 1 for sample in samples])
    table["nan_power"] = labelled & nan.any(1)
    table["beam"] = np.where(table["nan_power"], nan.argmax(1), beam)
    table["power"] = labels.power
    table["scenario"] = [sample.scenario for sample in samples]
    table["subset"] = [sample.subset for sample in samples]
    table["line"] = [sample.line for sample in samples]
    position = np.where(np.isnan(labels.position), 0.0, labels.position)  # of samples that are left out
    metres = gps.relative_position(position[:, 1:], position[:, 0])
    table["gps"] = getattr(gps, encoding)(metres, table["scenario"])
    numbers = np.array([sample.frame_numbers for sample in samples])
    table["frame_number"] = numbers[:, -1]
    table["crosses_jump"] = crosses_jump(numbers, tree.groups)
    table["pass_id"] = pass_ids(
        numbers,
        tree.groups,
        table["crosses_jump"],
        [table[f"{modality}_frames"] for modality in GRID_MODALITIES],
        pass_gap,
    )
    return table
