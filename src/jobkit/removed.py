"""`removed.json`: which files of a job were removed since nothing needs them; its result stays valid."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from jobkit.errors import UserError
from jobkit.files import STRICT, Integer, read_as, read_json, write_json

REMOVED = "removed.json"
GOING = ".going."
"""Begins the name of what is being removed: a process that is killed leaves nothing half-there."""


@dataclass(frozen=True)
class Removed:
    """What is no longer beside a result."""

    __pydantic_config__ = STRICT

    files: dict[str, Integer] = field(default_factory=dict)
    """Their sizes in bytes."""
    again: str = ""
    """The command that makes them again, without the job's id."""


def read_removed(folder: Path) -> Removed:
    """Return what was removed from a job's folder; nothing where that is not known."""
    try:
        return read_as(Removed, read_json(folder / REMOVED))
    except (UserError, ValueError):
        return Removed()


def remove_files(folder: Path, sizes: Mapping[str, int], again: str) -> None:
    """Remove files or folders of a job; first of all it is written down which, with their sizes."""
    write_json(folder / REMOVED, asdict(Removed({**read_removed(folder).files, **sizes}, again)))
    for name in sizes:
        discard(set_aside(folder / name))


def set_aside(path: Path) -> Path:
    """Rename what is to be removed, so that it is there whole or not at all; return its new path."""
    going = path.with_name(f"{GOING}{path.name}")
    if going.is_symlink() or going.exists():  # of a process that was killed
        discard(going)
    return path.rename(going)


def discard(going: Path) -> None:
    """Remove a file or folder that was set aside; no link is followed."""
    if going.is_dir() and not going.is_symlink():
        shutil.rmtree(going)
    else:
        going.unlink()


def is_whole(folder: Path, files: Iterable[str]) -> bool:
    """Return whether all files are in a folder."""
    return all((folder / name).exists() for name in files)


def expect_files(folders: Iterable[Path]) -> None:
    """Raise a `UserError` for the first folder that lacks removed files, with what makes them again.

    Folders upstream of it, which come after it, are made again with it.
    """
    for folder in folders:
        removed = read_removed(folder)
        if gone := [str(folder / name) for name in removed.files if not (folder / name).exists()]:
            name = folder.resolve().name
            raise UserError(f"{', '.join(gone)}: was removed; make it again: {removed.again} {name}")
