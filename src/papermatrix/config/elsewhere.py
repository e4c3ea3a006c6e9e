"""A project's files with other contents, in a folder of their own: as they were, or as they would be."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from papermatrix.config.config_file import Config

FILES = ("tables", "stages", "reported", "paper", "settings")
"""Keys of config.yaml that name a file of the project, where they are set; `scales` names a folder."""


def files_of(config: Config) -> dict[str, Path]:
    """Return the files that config.yaml names besides the scales, by key, from the project's folder on."""
    return {key: _from_here(path) for key in FILES if (path := getattr(config, key)) is not None}


def scales_folder(config: Config) -> Path:
    return _from_here(config.scales)


def relative_paths(config: Config) -> dict[str, str]:
    """Return what a copy's config.yaml must state in place of absolute paths."""
    stated = {key: getattr(config, key) for key in (*FILES, "scales")}
    return {key: str(_from_here(path)) for key, path in stated.items() if path and Path(path).is_absolute()}


@contextlib.contextmanager
def copied(contents: Mapping[Path, bytes]) -> Iterator[None]:
    """Work in a copy of the project's folder that holds these files alone, by their paths from here.

    It lies as deep as the project's folder, so that a path may lead above that.
    """
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as top:

        def copy_of(path: Path) -> Path:
            whole = Path(os.path.normpath(path))
            return top / whole.relative_to(whole.anchor)

        folder = copy_of(here)
        folder.mkdir(parents=True)
        for name, content in contents.items():
            path = copy_of(here / name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        with contextlib.chdir(folder):
            yield


def _from_here(path: str) -> Path:
    return Path(os.path.relpath(path))
