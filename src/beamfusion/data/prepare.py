"""Decode every frame of a data set once into memory-mapped arrays, with an index of its windows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from beamfusion.data import formats, frames
from beamfusion.data.consistency import odd_shapes
from beamfusion.data.formats import printable
from beamfusion.data.journal import FrameArray, Journal
from beamfusion.data.prepared import (
    FORMAT,
    INDEX,
    WINDOWS,
    PreparedSummary,
    frames_file,
    read_index,
    write_index,
    write_windows,
)
from beamfusion.data.raw import CSV_FILES, Tree, read_tree, scenario_of
from beamfusion.data.windows import Problems, read_labels, window_table
from beamfusion.settings import GRID_MODALITIES, Frames
from jobkit.digest import digest, digest_files
from jobkit.errors import UserError
from jobkit.source import Source, source_digests
from jobkit.workers import Workers, workers

JOURNAL = "journal.jsonl"
CHUNK = 128
"""Frames that a killed run loses at most."""

OnError = Literal["fail", "drop"]


def prepare(
    root: Path,
    out: Path,
    settings: Frames,
    *,
    progress: bool = False,
    on_error: OnError = "fail",
    pass_gap: int = 0,
    chunk: int = CHUNK,
    processes: int = 1,
) -> PreparedSummary:
    """Prepare the data set in `root` in `out`; a killed run resumes, to the same bytes.

    Broken samples and files end it with all their problems, or with on_error `drop` leave out, and count, the
    windows that they belong to. A CSV that cannot be read always ends it. A pass ends where the frame numbers
    of its windows jump by more than `pass_gap`.
    """
    tree = read_tree(root)
    if tree.unusable:
        raise UserError(tree.unusable)
    key = _key(tree, settings, pass_gap)
    try:
        out.mkdir(parents=True, exist_ok=True)
        summary = _finished(out, key, on_error)
        if summary is None:
            (out / INDEX).unlink(missing_ok=True)
            for unfinished in out.glob(".*"):  # of a run that was killed while it wrote
                unfinished.unlink()
            with workers(processes) as pool:
                preparation = _Preparation(tree, out, settings, key, on_error, pass_gap)
                summary = preparation.run(pool, progress, chunk)
        (out / JOURNAL).unlink(missing_ok=True)
    except OSError as error:
        file = error.filename or out
        raise UserError(f"{file}: {error.strerror}; what is done is kept for another run") from None
    return summary


def discard_index(out: Path) -> None:
    """Make `prepare` check every raw file, whatever an earlier run found."""
    (out / INDEX).unlink(missing_ok=True)


def _key(tree: Tree, settings: Frames, pass_gap: int) -> str:
    """Digest what the prepared bytes are made from, but for the contents of the raw frames."""
    sizes = settings.model_dump(exclude={"source", "published"})
    source = source_digests(Source((__name__,), besides=("beamfusion.settings",)))
    return digest([FORMAT, sizes, pass_gap, _csv_digest(tree), source])


def _csv_digest(tree: Tree) -> str:
    names = [name for subset, name in CSV_FILES.items() if subset not in tree.absent]
    return digest_files([tree.root / name for name in names], tree.root)


def _finished(out: Path, key: str, on_error: OnError) -> PreparedSummary | None:
    """Return the summary of a complete folder, unless its problems are to end this preparation."""
    try:
        prepared_key, summary = read_index(out)
    except UserError:
        return None
    return summary if prepared_key == key and (on_error == "drop" or not summary.faults) else None


class _Preparation:
    """One data set on its way into one folder."""

    def __init__(self, tree: Tree, out: Path, settings: Frames, key: str, on_error: OnError, pass_gap: int):
        self._tree, self._out, self._settings = tree, out, settings
        self._key, self._on_error, self._pass_gap = key, on_error, pass_gap
        self._problems = Problems(list(tree.problems))

    def run(self, pool: Workers, progress: bool, chunk: int) -> PreparedSummary:
        labels = read_labels(self._tree, self._problems)
        self._stop_at_problems()
        arrays = _frame_arrays(self._tree, self._out, self._settings)
        journal = Journal(self._out / JOURNAL, self._key, arrays, self._tree.root)
        for array in arrays:
            self._fill(journal, array, pool, progress, chunk)
        self._stop_at_problems()
        index = {array.name: {name: number for number, name in enumerate(array.files)} for array in arrays}
        table = window_table(self._tree, index, labels, self._settings.gps, self._pass_gap)
        table = np.delete(table, sorted(self._problems.samples))
        if not len(table):
            raise UserError(self._problems.lines or f"{self._tree.root}: no samples")
        write_windows(self._out, table)
        summary = self._summary(table, arrays)
        write_index(self._out, self._key, summary)
        return summary

    def _stop_at_problems(self) -> None:
        if self._problems.lines and (self._on_error == "fail" or not self._tree.samples):
            raise UserError(self._problems.lines)

    def _fill(self, journal: Journal, array: FrameArray, pool: Workers, progress: bool, size: int) -> None:
        """Decode one modality, and rule out the samples of broken files."""
        decode = _Decoder(array.name, self._tree.root, self._settings)
        broken: dict[str, list[str]] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        quiet = None if progress else True
        with tqdm(total=len(array.files), desc=array.name, unit="frame", disable=quiet, leave=False) as bar:
            for chunk in journal.fill(array, decode, size, pool):
                broken |= chunk.problems
                shapes |= {name: tuple(shape) for name, shape in chunk.shapes.items()}
                bar.update(len(chunk.problems) + len(chunk.shapes))
        for name, what in odd_shapes(shapes).items():
            broken[name] = [f"{printable(self._tree.root / name)}: {what}"]
        for name in sorted(broken):
            self._problems.lines += broken[name]
        for number, sample in enumerate(self._tree.samples):
            if broken and not broken.keys().isdisjoint(getattr(sample, array.name)):
                self._problems.samples.add(number)

    def _summary(self, table: NDArray[Any], arrays: list[FrameArray]) -> PreparedSummary:
        tree = self._tree
        written = [self._out / WINDOWS, *(array.path for array in arrays)]
        subsets = [subset for subset in CSV_FILES if subset not in tree.absent]
        return PreparedSummary(
            frames={array.name: len(array.files) for array in arrays},
            windows={subset: int((table["subset"] == subset).sum()) for subset in subsets},
            passes=len(np.unique(table["pass_id"][~table["crosses_jump"]])),
            nan_labels=int(table["nan_power"].sum()),
            crossing=int(table["crosses_jump"].sum()),
            absent=tree.absent,
            dropped=tree.broken_lines + len(self._problems.samples),
            faults=tuple(line.removeprefix(f"{tree.root}/") for line in self._problems.lines),
            digest=digest([_csv_digest(tree), digest_files(written, self._out)]),
        )


def _frame_arrays(tree: Tree, out: Path, settings: Frames) -> list[FrameArray]:
    """Return each modality's array; its frames are in the order in which the samples name them."""
    layouts: dict[str, tuple[tuple[int, ...], Any]] = {
        "image": ((settings.image_size, settings.image_size, 3), np.uint8),
        "lidar": ((settings.lidar_grid, settings.lidar_grid), np.uint8),
        "radar": ((2, settings.radar_size, settings.radar_size), np.float32),
    }
    return [
        FrameArray(
            modality,
            out / frames_file(modality),
            *layouts[modality],
            list(dict.fromkeys(name for sample in tree.samples for name in getattr(sample, modality))),
        )
        for modality in GRID_MODALITIES
    ]


@dataclass(frozen=True)
class _Decoder:
    """Makes a prepared frame of a raw file of one modality; other processes get a copy."""

    modality: str
    root: Path
    settings: Frames

    def __call__(self, name: str) -> tuple[NDArray[Any], tuple[int, ...]]:
        """Return the frame, and the shape of the raw one where all have to have the same."""
        path = self.root / name
        if self.modality == "image":
            pixels = formats.read_image(path)
            return frames.image(pixels, self.settings.image_size), pixels.shape
        if self.modality == "lidar":
            points = formats.read_points(path)
            return frames.lidar_grid(points, scenario_of(name) or 0, self.settings.lidar_grid), ()
        cube = formats.read_radar(path)
        return frames.radar_maps(cube, self.settings.radar_size), cube.shape
