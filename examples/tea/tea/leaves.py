"""The leaves that stages hand on, as a file."""

import csv
from dataclasses import dataclass
from pathlib import Path

from jobkit.files import whole_file

LEAVES = "leaves.csv"


@dataclass(frozen=True)
class Leaf:
    age: str
    """`young` or `old`."""
    sugar: float
    """From 0 to 1."""


def write_leaves(folder: Path, leaves: list[Leaf]) -> None:
    with whole_file(folder / LEAVES) as path, path.open("w", newline="") as stream:
        csv.writer(stream).writerows((leaf.age, leaf.sugar) for leaf in leaves)


def read_leaves(folder: Path | None) -> list[Leaf]:
    assert folder is not None
    with (folder / LEAVES).open(newline="") as stream:
        return [Leaf(age, float(sugar)) for age, sugar in csv.reader(stream)]
