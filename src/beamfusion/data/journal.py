"""Frames decoded in chunks into .npy files; a killed run resumes after its last whole chunk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from jobkit.errors import UserError
from jobkit.files import whole_file, write_text

Decode = Callable[[str], tuple[NDArray[Any], tuple[int, ...]]]
"""Name of a raw file -> the prepared frame, and the shape of the raw one; a `UserError` for a broken file."""


@dataclass(frozen=True)
class FrameArray:
    """One modality's frames in a .npy file, in the order of the raw files that they come from."""

    name: str
    path: Path
    frame: tuple[int, ...]
    """Shape of one frame."""
    dtype: DTypeLike
    files: Sequence[str]
    """Names of the raw files, relative to the data set's folder."""

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.files), *self.frame)

    def create(self) -> None:
        """Write all zeros, sparse where the file system can, to a new file: an old one may be in use."""
        with whole_file(self.path) as temporary, temporary.open("wb") as stream:
            header = {"descr": np.dtype(self.dtype).str, "fortran_order": False, "shape": self.shape}
            np.lib.format.write_array_header_1_0(stream, header)
            stream.truncate(stream.tell() + self._offset(len(self.files)))

    def is_whole(self) -> bool:
        try:
            array = np.lib.format.open_memmap(self.path, mode="r")
        except (OSError, ValueError):
            return False
        return array.shape == self.shape and array.dtype == self.dtype

    def write(self, start: int, frames: NDArray[Any]) -> None:
        """Replace the frames from `start` on; they are on the disk when this returns."""
        with self.path.open("r+b") as stream:
            stream.seek(self.path.stat().st_size - self._offset(len(self.files) - start))
            stream.write(np.ascontiguousarray(frames, self.dtype).data)
            stream.flush()
            os.fsync(stream.fileno())

    def _offset(self, frames: int) -> int:
        return frames * int(np.prod(self.frame)) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Chunk:
    """Neighbouring frames that are on the disk."""

    state: str
    """Names, sizes and times of the raw files when they were decoded."""
    shapes: dict[str, list[int]] = field(default_factory=dict)
    """Shape of each sound raw file, by its name."""
    problems: dict[str, list[str]] = field(default_factory=dict)
    """Problems of each broken one."""


class Journal:
    """The chunks that are done, a line each, appended after the chunk itself is on the disk.

    A journal of another `key`, or without its arrays, starts empty. A torn last line is cut off.
    """

    def __init__(self, path: Path, key: str, arrays: Sequence[FrameArray], root: Path):
        self._path, self._root = path, root
        self._done: dict[tuple[str, int, int], Chunk] = {}
        whole = self._read(key) if path.exists() and all(array.is_whole() for array in arrays) else 0
        if whole:
            os.truncate(path, whole)
        else:
            self._done.clear()
            path.unlink(missing_ok=True)
            for array in arrays:
                array.create()
            write_text(path, json.dumps({"key": key}) + "\n")

    def _read(self, key: str) -> int:
        """Return the bytes of whole lines; 0 where the journal is of another key."""
        whole = 0
        for number, line in enumerate(self._path.read_bytes().splitlines(keepends=True)):
            if not line.endswith(b"\n"):
                break
            try:
                entry = json.loads(line)
                if number:
                    self._done[entry["array"], entry["start"], entry["stop"]] = Chunk(**entry["chunk"])
                elif entry != {"key": key}:
                    return 0
            except (ValueError, KeyError, TypeError):
                break
            whole += len(line)
        return whole

    def fill(self, array: FrameArray, decode: Decode, size: int) -> Iterator[Chunk]:
        """Decode the array's frames in chunks of `size`, but for those done before; yields every chunk."""
        for start in range(0, len(array.files), size):
            stop = min(start + size, len(array.files))
            state = self._state(array.files[start:stop])
            chunk = self._done.get((array.name, start, stop))
            if chunk is None or chunk.state != state:
                chunk = self._decode(array, decode, start, stop, state)
            yield chunk

    def _decode(self, array: FrameArray, decode: Decode, start: int, stop: int, state: str) -> Chunk:
        frames = np.zeros((stop - start, *array.frame), array.dtype)
        chunk = Chunk(state)
        for index, name in enumerate(array.files[start:stop]):
            try:
                frames[index], shape = decode(name)
                chunk.shapes[name] = list(shape)
            except UserError as error:
                chunk.problems[name] = error.lines
        entry = {"array": array.name, "start": start, "stop": stop, "chunk": vars(chunk)}
        array.write(start, frames)
        with self._path.open("a") as stream:
            stream.write(json.dumps(entry) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        return chunk

    def _state(self, names: Sequence[str]) -> str:
        total = hashlib.sha256()
        for name in names:
            try:
                status = (self._root / name).stat()
                seen = f"{status.st_size} {status.st_mtime_ns}"
            except OSError:
                seen = "none"
            total.update(f"{name}\0{seen}\n".encode())
        return total.hexdigest()
