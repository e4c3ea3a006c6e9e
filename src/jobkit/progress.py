"""`progress.json`: how far an unfinished job is, for people who wait; any process of the job may write it."""

import contextlib
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jobkit.errors import UserError
from jobkit.files import STRICT, Number, read_as, read_json
from jobkit.lock import held_since

PROGRESS = "progress.json"
EVERY_SECONDS = 5.0
"""Between two writes."""


@dataclass(frozen=True)
class Position:
    """How far a job is: `done` of `total`, where a part of one counts."""

    __pydantic_config__ = STRICT
    unit: str
    """What is counted, in the singular: `epoch`."""
    done: Number
    total: Number
    items: str = ""
    """What its speed is measured in: `windows`."""
    rate: Number | None = None
    """Items a second, of late."""
    seconds_left: Number | None = None
    """From when it was written."""


class Meter:
    """Writes a job's position now and then; that it cannot be written is no failure of the job."""

    def __init__(self, folder: Path | None, unit: str, total: float, *, done: float = 0.0, items: str = ""):
        """Begin at `done` of `total`; nothing is written where the folder is None."""
        self._path = folder / PROGRESS if folder else None
        self._position = Position(unit, done, total, items)
        self._begin, self._begin_done = time.monotonic(), done
        self._written, self._count = self._begin, 0
        self.write()

    def at(self, done: float, items: int = 0) -> None:
        """Note the position, and so many more items; write it where the last is some seconds old."""
        self._position = replace(self._position, done=done)
        self._count += items
        if time.monotonic() - self._written >= EVERY_SECONDS:
            self.write()

    def write(self) -> None:
        now, position = time.monotonic(), self._position
        if now - self._written >= EVERY_SECONDS:
            rate = self._count / (now - self._written) if position.items else None
            position = replace(position, rate=rate)
            self._written, self._count = now, 0
        advanced = position.done - self._begin_done
        if advanced > 0:
            left = (position.total - position.done) * (now - self._begin) / advanced
            position = replace(position, seconds_left=left)
        self._position = position
        if self._path is not None:
            _replace(self._path, json.dumps(asdict(position)))


def _replace(path: Path, text: str) -> None:
    """Write a whole file without waiting for the disk: it may be lost."""
    temporary = path.with_name(f".{path.name}")
    with contextlib.suppress(OSError):
        temporary.write_text(text + "\n")
        temporary.replace(path)


def read_position(folder: Path) -> Position | None:
    """Return where a job is by its file, without a speed where an earlier run wrote it; None without one."""
    path = folder / PROGRESS
    try:
        position, written = read_as(Position, read_json(path)), path.stat().st_mtime
    except (UserError, ValueError, OSError):
        return None
    if not 0 <= position.done <= position.total:
        return None
    if position.seconds_left is None or not 0 < held_since(folder) <= written:
        return replace(position, rate=None, seconds_left=None)
    age = max(time.time() - written, 0.0)
    return replace(position, seconds_left=max(position.seconds_left - age, 0.0))
