"""A new folder for what a command writes: there once it is whole, and never another's."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from jobkit.errors import UserError
from jobkit.files import move, sync_folder


@contextlib.contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Yield an unfinished neighbour of `out`, which becomes it when the block ends without an error.

    What a killed run left of such a neighbour is replaced. A UserError where `out` is in use.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"--out {out}: is there and not empty; expected a new folder")
    if out.resolve() == Path.cwd():
        raise UserError(f"--out {out}: is the folder that this runs in; expected a new folder")
    whole = out.resolve()
    unfinished = whole.parent / f".{whole.name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        sync_folder(unfinished)
        move(unfinished, whole)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
