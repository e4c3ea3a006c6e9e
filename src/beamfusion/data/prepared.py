"""The prepared data: memory-mapped frames, and the windows that index them."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beamfusion.settings import BEAMS, GRID_MODALITIES, Modality
from jobkit.digest import digest_files
from jobkit.errors import UserError
from jobkit.files import STRICT, read_as, read_sealed, whole_file, write_sealed

FORMAT = 2
INDEX = "index.json"
"""Written last: the sign that all the other files are whole."""
WINDOWS = "windows.npy"

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Windows:
    """N samples in the order of the CSV files; T frames each."""

    image_frames: IntArray
    """(N,T) indices into the frames, oldest first; so are the next two."""
    lidar_frames: IntArray
    radar_frames: IntArray
    gps: NDArray[np.float32]
    """(N,2,2): two fixes of two encoded numbers."""
    beam: IntArray
    """(N,), or (N,horizon) of a forecast; zero-based, -1 without a label; where a power is NaN, the first
    NaN's index."""
    power: NDArray[np.float32]
    """(N,64) linear, of the last frame; NaN without a label."""
    nan_power: NDArray[np.bool_]
    """(N,) whether the power vector of a label holds a NaN."""
    scenario: IntArray
    subset: NDArray[np.str_]
    """(N,) development, adaptation or test."""
    line: IntArray
    """(N,) line of the subset's CSV, from 1."""
    frame_number: IntArray
    """(N,) number of the last camera frame."""
    pass_id: IntArray
    """(N,) pass of the car, unique over subsets and scenarios."""
    crosses_jump: NDArray[np.bool_]
    """(N,) whether frame numbers jump within the window, so that it belongs to no one pass."""

    def __len__(self) -> int:
        return len(self.beam)

    @property
    def labelled(self) -> NDArray[np.bool_]:
        return np.all(self.beam.reshape(len(self), -1) >= 0, axis=1)


def window_dtype(frames: int) -> np.dtype[Any]:
    """Return the dtype of a row of windows.npy: one window of `frames` frames."""
    return np.dtype(
        [
            *((f"{modality}_frames", "<i8", (frames,)) for modality in GRID_MODALITIES),
            ("gps", "<f4", (2, 2)),
            ("beam", "<i8"),
            ("power", "<f4", (BEAMS,)),
            ("nan_power", "?"),
            ("scenario", "<i8"),
            ("subset", "<U11"),
            ("line", "<i8"),
            ("frame_number", "<i8"),
            ("pass_id", "<i8"),
            ("crosses_jump", "?"),
        ]
    )


@dataclass(frozen=True)
class PreparedSummary:
    """Counts of what was prepared, and of what was not."""

    __pydantic_config__ = STRICT

    frames: dict[str, int]
    """Distinct frames per modality."""
    windows: dict[str, int]
    """Windows per subset that has a CSV."""
    passes: int
    nan_labels: int
    """Windows whose power vector holds a NaN."""
    crossing: int
    """Windows whose frame numbers jump."""
    absent: tuple[str, ...]
    """Subsets without a CSV."""
    dropped: int
    """Windows left out because of problems."""
    faults: tuple[str, ...]
    digest: str
    """Digest of the CSV files, the decoded frames and the windows."""

    @property
    def counts(self) -> dict[str, Any]:
        """The numbers, for a result."""
        fields = dataclasses.asdict(self)
        return {name: fields[name] for name in fields if name not in ("absent", "faults", "digest")}


@dataclass(frozen=True, eq=False)
class Prepared:
    """Frames, read-only and memory-mapped; F differs between modalities."""

    folder: Path
    image: NDArray[np.uint8]
    """(F,S,S,3)"""
    lidar: NDArray[np.uint8]
    """(F,G,G) counts from 0 to 5."""
    radar: NDArray[np.float32]
    """(F,2,R,R) range-angle and range-velocity, in [0,1]."""
    windows: Windows
    summary: PreparedSummary

    @property
    def digest(self) -> str:
        return self.summary.digest

    def check_whole(self) -> None:
        """Raise a `UserError` for a file cut since it was opened: reading it would end the process."""
        for modality in GRID_MODALITIES:
            array: NDArray[Any] = getattr(self, modality)
            path = self.folder / frames_file(modality)
            try:
                size = path.stat().st_size
            except FileNotFoundError:
                size = 0
            if isinstance(array, np.memmap) and size < array.offset + array.nbytes:
                expected = array.offset + array.nbytes
                raise UserError(f"{path}: {size} bytes, expected {expected}; prepare the frames again")


def frames_file(modality: str) -> str:
    return f"{modality}.npy"


def write_windows(folder: Path, table: NDArray[np.void]) -> None:
    with whole_file(folder / WINDOWS) as temporary:
        np.save(temporary, table, allow_pickle=False)


def write_index(folder: Path, key: str, summary: PreparedSummary) -> None:
    """Write the index; `key` names the settings and samples that the folder was prepared from."""
    content = {
        "form": FORMAT,
        "key": key,
        "windows": digest_files([folder / WINDOWS], folder),
        "summary": dataclasses.asdict(summary),
    }
    write_sealed(folder / INDEX, content)


def read_index(folder: Path) -> tuple[str, PreparedSummary]:
    """Read key and summary of a complete folder; a `UserError` where it is not."""
    path = folder / INDEX
    try:
        content = read_sealed(path)
        if content["form"] != FORMAT:
            raise ValueError(f"format {content['form']}")
        index = str(content["key"]), read_as(PreparedSummary, content["summary"])
        if missing := set(GRID_MODALITIES) - index[1].frames.keys():
            raise ValueError(f"no frames of {', '.join(sorted(missing))}")
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not an index of prepared frames of format {FORMAT} ({error})") from None
    windows = folder / WINDOWS
    if not windows.exists() or digest_files([windows], folder) != content["windows"]:
        raise UserError(f"{windows}: missing, or not what was written; prepare the frames again")
    return index


def open_prepared(folder: Path) -> Prepared:
    """Open what `prepare` wrote; a `UserError` where it is unfinished or damaged. No frame is read yet."""
    _, summary = read_index(folder)
    arrays = {modality: _mapped(folder / frames_file(modality)) for modality in GRID_MODALITIES}
    windows = _read_windows(folder / WINDOWS)
    layouts: dict[Modality, tuple[str, int]] = {
        "image": ("uint8", 4),
        "lidar": ("uint8", 3),
        "radar": ("float32", 4),
    }
    for modality, (dtype, dimensions) in layouts.items():
        array, indices = arrays[modality], getattr(windows, f"{modality}_frames")
        if array.dtype != dtype or array.ndim != dimensions or len(array) != summary.frames[modality]:
            path = folder / frames_file(modality)
            expected = f"{summary.frames[modality]} frames of {dtype} in {dimensions} dimensions"
            raise UserError(f"{path}: {array.dtype} {array.shape}, expected {expected}")
        if len(windows) and not 0 <= indices.min() <= indices.max() < len(array):
            raise UserError(f"{folder / WINDOWS}: {modality} frames beyond the {len(array)} that there are")
    return Prepared(folder, arrays["image"], arrays["lidar"], arrays["radar"], windows, summary)


def _read_windows(path: Path) -> Windows:
    table = np.array(_mapped(path))
    frames = table.dtype["image_frames"].shape[0] if "image_frames" in (table.dtype.names or ()) else 0
    if table.dtype != window_dtype(frames) or table.ndim != 1:
        raise UserError(f"{path}: not a table of windows of format {FORMAT}; prepare the frames again")
    return Windows(**{name: np.ascontiguousarray(table[name]) for name in table.dtype.names or ()})


def _mapped(path: Path) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; prepare the frames again") from None
    except Exception as error:  # a damaged header raises whatever its parser met first
        what = json.dumps(str(error))
        raise UserError(f"{path}: damaged or truncated ({what}); prepare the frames again") from None
    return array
