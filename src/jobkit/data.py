"""The digest of a folder of data: each file is read once, and again where its size or time differs."""

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from jobkit.digest import digest
from jobkit.errors import UserError
from jobkit.files import STRICT, Integer, read_as, read_json, write_json

DIGITS = 32
SECONDS_BETWEEN_LINES = 10.0


@dataclass(frozen=True)
class _Known:
    """A file's digest, of when it had this size and time."""

    __pydantic_config__ = STRICT
    size: Integer
    mtime_ns: Integer
    digest: str


@dataclass(frozen=True)
class _Digests:
    __pydantic_config__ = STRICT
    files: dict[str, _Known]


def data_digest(folder: Path, known: Path | None) -> str:
    """Return the digest of the names and contents of all files in a folder, wherever it lies.

    `known` is where digests of files are kept between calls; a `UserError` where the folder is not there.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of data")
    before = _read(known)
    now: dict[str, _Known] = {}
    last_line = time.monotonic()
    for path in _files(folder):
        name, stat = path.relative_to(folder).as_posix(), path.stat()
        past = before.get(name)
        if past is None or (past.size, past.mtime_ns) != (stat.st_size, stat.st_mtime_ns):
            with path.open("rb") as stream:
                content = hashlib.file_digest(stream, "sha256").hexdigest()[:DIGITS]
            past = _Known(stat.st_size, stat.st_mtime_ns, content)
        now[name] = past
        if time.monotonic() - last_line > SECONDS_BETWEEN_LINES:
            last_line = time.monotonic()
            print(f"{folder}: {len(now):,} files compared", file=sys.stderr)
    if known is not None and now != before:
        known.parent.mkdir(parents=True, exist_ok=True)
        write_json(known, asdict(_Digests(now)))
    return digest({name: file.digest for name, file in now.items()})


def _files(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder but hidden ones, also in linked folders, each of these once."""
    visited: set[Path] = set()
    for top, folders, files in os.walk(folder, followlinks=True):
        if (real := Path(top).resolve()) in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = (Path(top) / name for name in sorted(files) if not name.startswith("."))
        yield from (path for path in paths if path.is_file())


def _read(known: Path | None) -> dict[str, _Known]:
    if known is None or not known.exists():
        return {}
    try:
        return read_as(_Digests, read_json(known)).files
    except (UserError, ValueError):  # the files are read again
        return {}
