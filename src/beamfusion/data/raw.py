"""The three CSV files, by column name: typed samples, whose paths all lie inside the data set's folder."""

from __future__ import annotations

import csv
import io
import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from beamfusion.data.formats import MAX_BINARY, printable, read_content
from beamfusion.settings import BEAMS
from jobkit.errors import UserError, nearest

Subset = Literal["development", "adaptation", "test"]
CSV_FILES: dict[Subset, str] = {
    "development": "Multi_Modal/ml_challenge_dev_multi_modal.csv",
    "adaptation": "Adaptation_dataset_multi_modal/ml_challenge_data_adaptation_multi_modal.csv",
    "test": "Multi_Modal_Test/ml_challenge_test_multi_modal.csv",
}
WINDOW = 5
"""Frames that a sample names of each modality."""
FRAME_COLUMNS = {
    modality: tuple(f"unit1_{column}_{frame}" for frame in range(1, WINDOW + 1))
    for modality, column in (("image", "rgb"), ("lidar", "lidar"), ("radar", "radar"))
}
GPS_COLUMNS = ("unit1_loc", "unit2_loc_1", "unit2_loc_2")
POWER, BEAM = "unit1_pwr_60ghz", "unit1_beam"
INPUTS = (*FRAME_COLUMNS["image"], *FRAME_COLUMNS["lidar"], *FRAME_COLUMNS["radar"], *GPS_COLUMNS)


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of a CSV; files are POSIX paths relative to the data set's folder."""

    subset: Subset
    line: int
    """Line of the CSV on which the sample ends, from 1."""
    scenario: int
    frame_numbers: tuple[int, ...]
    """Numbers of the five camera frames."""
    image: tuple[str, ...]
    lidar: tuple[str, ...]
    radar: tuple[str, ...]
    base: str
    """GPS of the base station."""
    fixes: tuple[str, str]
    """GPS of the car at the first two frames."""
    power: str | None
    beam: int | None
    """1 to 64; None, like the power, where the sample has no label."""


@dataclass(frozen=True)
class Tree:
    """The samples of a data set, and what is wrong with the CSV files."""

    root: Path
    samples: tuple[Sample, ...]
    absent: tuple[Subset, ...]
    """Optional subsets that have no CSV."""
    unusable: tuple[str, ...]
    """Problems for which a whole CSV cannot be read."""
    problems: tuple[str, ...]
    """Problems of single lines, which are not among the samples."""
    broken_lines: int

    @property
    def groups(self) -> NDArray[np.int64]:
        """A number per sample (N,) that those of the same subset and scenario share."""
        subsets = list(CSV_FILES)
        return np.array(
            [len(subsets) * sample.scenario + subsets.index(sample.subset) for sample in self.samples],
            np.int64,
        )

    def location(self, sample: Sample) -> str:
        """Return `FILE:LINE` of a sample."""
        return f"{self.root / CSV_FILES[sample.subset]}:{sample.line}"


def read_tree(root: Path) -> Tree:
    """Read the CSV files in `root`; no other file is opened. The development CSV has to exist."""
    samples: list[Sample] = []
    absent: list[Subset] = []
    unusable: list[str] = []
    problems: list[str] = []
    broken_lines = 0
    if not os.path.isdir(root):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
        missing = f"{printable(root)}: no folder, expected the one that holds Multi_Modal"
        return Tree(root, (), (), (missing,), (), 0)
    for subset, name in CSV_FILES.items():
        path = root / name
        if not os.path.lexists(path):
            if subset == "development":
                unusable.append(f"{printable(path)}: no such file, expected the development samples")
            else:
                absent.append(subset)
            continue
        try:
            if not _is_inside(os.path.realpath(path), os.path.realpath(root)):
                raise UserError(f"{printable(path)}: a link out of the data set, expected a file in it")
            rows = list(_rows(path, _columns(subset)))
        except UserError as error:
            unusable += error.lines
            continue
        cells = _Cells(root, posixpath.dirname(name), subset)
        for line, row in rows:
            sample = cells.sample(line, row) if isinstance(row, dict) else [row]
            if isinstance(sample, Sample):
                samples.append(sample)
            else:
                problems += [f"{printable(path)}:{line}: {what}" for what in sample]
                broken_lines += 1
    return Tree(root, tuple(samples), tuple(absent), tuple(unusable), tuple(problems), broken_lines)


def _columns(subset: Subset) -> tuple[str, ...]:
    return INPUTS if subset == "test" else (*INPUTS, POWER, BEAM)


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Yield the line number of each row, and its cells of `columns` or what is wrong with it."""
    try:
        text = read_content(path, MAX_BINARY).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{printable(path)}: byte {error.start} is not UTF-8, expected a CSV file") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = 0
    try:
        header = [name.strip() for name in next(reader, [])]
        position = _positions(path, header, columns)
        for cells in reader:
            if not cells:
                continue
            rows += 1
            if len(cells) != len(header):
                yield reader.line_num, f"{len(cells)} cells, expected {len(header)} as in the header"
            else:
                yield reader.line_num, {name: cells[position[name]].strip() for name in columns}
    except csv.Error as error:
        raise UserError(f"{printable(path)}:{reader.line_num}: not CSV ({printable(error)})") from None
    if not rows:
        raise UserError(f"{printable(path)}: no samples, expected a line each")


def _positions(path: Path, header: list[str], columns: tuple[str, ...]) -> dict[str, int]:
    problems = []
    missing = [name for name in columns if name not in header]
    unknown = [name for name in header if name not in columns]
    for name in columns:
        if name in missing:
            guess = nearest(name, unknown)
            hint = f"; the nearest is {printable(guess)}" if guess and nearest(guess, missing) == name else ""
            problems.append(f"{printable(path)}:1: column {name} is missing{hint}")
        elif header.count(name) > 1:
            problems.append(f"{printable(path)}:1: column {name} occurs {header.count(name)} times")
    if problems:
        raise UserError(problems)
    return {name: header.index(name) for name in columns}


class _Cells:
    """Turns one CSV's rows into samples, or into what is wrong with them."""

    def __init__(self, root: Path, folder: str, subset: Subset):
        self._root, self._folder, self._subset = root, folder, subset
        self._real_root = os.path.realpath(root)
        self._inside: dict[str, bool] = {}

    def sample(self, line: int, row: dict[str, str]) -> Sample | list[str]:
        problems: list[str] = []
        labelled = self._subset != "test"
        paths = {}
        for column in (*INPUTS, POWER) if labelled else INPUTS:
            path = self._resolve(row[column])
            if path is None:
                problems.append(
                    f"{column}: {printable(row[column]) or 'empty'}, expected a path in the data set"
                )
            else:
                paths[column] = path
        if problems:
            return problems
        scenarios = {scenario_of(path) for path in paths.values()}
        scenario = scenarios.pop()
        if scenarios or scenario is None:
            problems.append("its files, expected all of them in one folder scenarioNN")
        numbers = [_frame_number(paths[column]) for column in FRAME_COLUMNS["image"]]
        problems += [
            f"{column}: {printable(row[column])}, expected a name like image_123.jpg"
            for column, number in zip(FRAME_COLUMNS["image"], numbers, strict=True)
            if number is None
        ]
        beam = _beam(row[BEAM]) if labelled else None
        if labelled and beam is None:
            problems.append(f"{BEAM}: {printable(row[BEAM]) or 'empty'}, expected a beam from 1 to {BEAMS}")
        if problems or scenario is None:
            return problems
        return Sample(
            subset=self._subset,
            line=line,
            scenario=scenario,
            frame_numbers=tuple(number for number in numbers if number is not None),
            image=tuple(paths[column] for column in FRAME_COLUMNS["image"]),
            lidar=tuple(paths[column] for column in FRAME_COLUMNS["lidar"]),
            radar=tuple(paths[column] for column in FRAME_COLUMNS["radar"]),
            base=paths["unit1_loc"],
            fixes=(paths["unit2_loc_1"], paths["unit2_loc_2"]),
            power=paths.get(POWER),
            beam=beam,
        )

    def _resolve(self, cell: str) -> str | None:
        """Return a path relative to the root; None where it is none, or leaves the root, by a symlink too."""
        if not cell or "\0" in cell or posixpath.isabs(cell):
            return None
        path = posixpath.normpath(posixpath.join(self._folder, cell))
        if path not in self._inside:
            self._inside[path] = path != ".." and not path.startswith("../") and self._stays(path)
        return path if self._inside[path] else None

    def _stays(self, path: str) -> bool:
        try:
            real = os.path.realpath(os.path.join(self._real_root, path))  # noqa: PTH118 - 3 times faster
        except (OSError, ValueError):
            return False
        return _is_inside(real, self._real_root)


def _is_inside(real: str, real_root: str) -> bool:
    return real.startswith(real_root.rstrip("/") + "/")


def scenario_of(path: str) -> int | None:
    """Return the number of the folder scenarioNN that a file lies in."""
    match = re.search(r"(?:^|/)scenario([0-9]{1,4})/", path)
    return int(match[1]) if match else None


def _frame_number(path: str) -> int | None:
    match = re.search(r"_([0-9]{1,9})\.[^./]+$", path)
    return int(match[1]) if match else None


def _beam(cell: str) -> int | None:
    """Return a beam from 1 to 64; `37.0`, as tables with gaps are written, is one too."""
    match = re.fullmatch(r"([0-9]{1,3})(?:\.0*)?", cell)
    return int(match[1]) if match and 1 <= int(match[1]) <= BEAMS else None
