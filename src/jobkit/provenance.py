"""Where a number came from: commit, machine, versions."""

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any


def commit(folder: Path | None = None) -> dict[str, Any]:
    """Return the `commit` of the project in `folder`, by default the current one, and whether it is `dirty`.

    `commit` is a hash, or None outside git; `dirty` says whether tracked files differ from it.
    """
    folder = folder or Path.cwd()
    try:
        head = _git("rev-parse", "HEAD", folder=folder)
        return {"commit": head, "dirty": bool(_git("status", "--porcelain", "-uno", folder=folder))}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}


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
