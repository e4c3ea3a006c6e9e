"""Every problem of a data set at once, behind `beamfusion validate`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from beamfusion.data import formats
from beamfusion.data.consistency import label_problem, odd_shapes
from beamfusion.data.formats import printable
from beamfusion.data.passes import crosses_jump
from beamfusion.data.raw import Tree, read_tree
from jobkit.errors import UserError

READERS: dict[str, Callable[[Path], Any]] = {
    "image": formats.read_image,
    "lidar": formats.read_points,
    "radar": formats.read_radar,
    "position": formats.read_position,
    "power": formats.read_power,
}


@dataclass(frozen=True)
class Findings:
    """What is found in a data set, a line each."""

    problems: list[str]
    """What makes samples unusable."""
    warnings: list[str]
    """What the recorded data have too, and trainings leave out: labels that are NaN."""


def list_findings(root: Path, *, progress: bool = False) -> Findings:
    """List what is wrong with the data set in `root`; every distinct file is read once."""
    tree = read_tree(root)
    problems = [*tree.unusable, *tree.problems, *_jumps(tree)]
    names = _names(tree)
    shapes: dict[str, dict[str, tuple[int, ...]]] = {"image": {}, "radar": {}}
    powers: dict[str, NDArray[np.float64]] = {}
    total = sum(map(len, names.values()))
    with tqdm(total=total, unit="file", disable=None if progress else True, leave=False) as bar:
        for kind, read in READERS.items():
            bar.set_description(kind)
            for name in names[kind]:
                try:
                    content = read(root / name)
                except UserError as error:
                    problems += error.lines
                else:
                    if kind in shapes:
                        shapes[kind][name] = content.shape
                    elif kind == "power":
                        powers[name] = content
                bar.update()
    for kind in shapes:
        problems += [f"{printable(root / name)}: {what}" for name, what in odd_shapes(shapes[kind]).items()]
    warnings = [
        f"{printable(root / name)}: {np.isnan(power).sum()} of {len(power)} powers are nan, expected numbers"
        for name, power in powers.items()
        if np.isnan(power).any()
    ]
    for sample in tree.samples:
        if sample.power in powers and (what := label_problem(sample, powers[sample.power])):
            problems.append(f"{printable(tree.location(sample))}: {what}")
    return Findings(problems, warnings)


def _names(tree: Tree) -> dict[str, list[str]]:
    """Return the distinct files of each kind, in the order in which the samples name them."""
    names: dict[str, dict[str, None]] = {kind: {} for kind in READERS}
    for sample in tree.samples:
        for kind in ("image", "lidar", "radar"):
            names[kind] |= dict.fromkeys(getattr(sample, kind))
        names["position"] |= dict.fromkeys((sample.base, *sample.fixes))
        if sample.power is not None:
            names["power"][sample.power] = None
    return {kind: list(distinct) for kind, distinct in names.items()}


def _jumps(tree: Tree) -> list[str]:
    if not tree.samples:
        return []
    numbers = np.array([sample.frame_numbers for sample in tree.samples])
    crossing = crosses_jump(numbers, tree.groups)
    return [
        f"{printable(tree.location(sample))}: camera frames {', '.join(map(str, sample.frame_numbers))}, "
        "expected the even steps of the other windows"
        for sample, crosses in zip(tree.samples, crossing, strict=True)
        if crosses
    ]
