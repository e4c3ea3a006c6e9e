"""Where a number came from: commit, machine, versions."""

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

MOST_CHANGED = 100
"""Files that a result lists as changed."""


def commit(folder: Path | None = None) -> dict[str, Any]:
    """Return the `commit` of the project in `folder`, by default the current one, and what `changed` since.

    `commit` is a hash, or None outside git; `dirty` says whether tracked files differ from it; `changed` is
    a list of these, by their paths from the folder, or None for more than `MOST_CHANGED`.
    """
    folder = (folder or Path.cwd()).resolve()
    try:
        head = _git("rev-parse", "HEAD", folder=folder)
        top = _git("rev-parse", "--show-toplevel", folder=folder)
        text = _git("diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", "HEAD", folder=folder)
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None, "changed": None}
    changed = sorted(os.path.relpath(Path(top, path), folder) for path in text.split("\0") if path)
    few = changed if len(changed) <= MOST_CHANGED else None
    return {"commit": head, "dirty": bool(changed), "changed": few}


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the version of each of `packages` that is installed, and Python's."""
    installed = {"python": platform.python_version()}
    for package in packages:
        try:
            installed[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return installed


def machine() -> dict[str, Any]:
    return {"host": platform.node(), "system": platform.platform(), "processors": os.cpu_count()}


def _git(*arguments: str, folder: Path) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
