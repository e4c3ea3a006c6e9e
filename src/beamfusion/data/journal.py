"""Frames decoded in chunks into .npy files; a killed run resumes after its last whole chunk."""

from __future__ import annotations

import functools
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
from jobkit.workers import Workers

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

    def fill(self, array: FrameArray, decode: Decode, size: int, pool: Workers) -> Iterator[Chunk]:
        """Decode the array's frames in chunks of `size`, but for those done before; yields every chunk."""
        spans = [(start, min(start + size, len(array.files))) for start in range(0, len(array.files), size)]
        chunks = [self._finished(array, start, stop) for start, stop in spans]
        missing = [
            array.files[start:stop]
            for (start, stop), chunk in zip(spans, chunks, strict=True)
            if chunk is None
        ]
        decoded = pool.map(functools.partial(_decode, decode, self._root, array.frame, array.dtype), missing)
        for (start, stop), chunk in zip(spans, chunks, strict=True):
            if chunk is None:
                frames, chunk = next(decoded)
                self._add(array, start, stop, frames, chunk)
            yield chunk

    def _finished(self, array: FrameArray, start: int, stop: int) -> Chunk | None:
        """Return a chunk that is done, of raw files that are as they were."""
        chunk = self._done.get((array.name, start, stop))
        return chunk if chunk and chunk.state == _state(self._root, array.files[start:stop]) else None

    def _add(self, array: FrameArray, start: int, stop: int, frames: NDArray[Any], chunk: Chunk) -> None:
        entry = {"array": array.name, "start": start, "stop": stop, "chunk": vars(chunk)}
        array.write(start, frames)
        with self._path.open("a") as stream:
            stream.write(json.dumps(entry) + "\n")
            stream.flush()
            os.fsync(stream.fileno())


def _decode(
    decode: Decode, root: Path, frame: tuple[int, ...], dtype: DTypeLike, names: Sequence[str]
) -> tuple[NDArray[Any], Chunk]:
    """Decode neighbouring frames (N,*frame); those of broken files are zeros."""
    frames = np.zeros((len(names), *frame), dtype)
    chunk = Chunk(_state(root, names))
    for index, name in enumerate(names):
        try:
            frames[index], shape = decode(name)
            chunk.shapes[name] = list(shape)
        except UserError as error:
            chunk.problems[name] = error.lines
    return frames, chunk


def _state(root: Path, names: Sequence[str]) -> str:
    total = hashlib.sha256()
    for name in names:
        try:
            status = (root / name).stat()
            seen = f"{status.st_size} {status.st_mtime_ns}"
        except OSError:
            seen = "none"
        total.update(f"{name}\0{seen}\n".encode())
    return total.hexdigest()
