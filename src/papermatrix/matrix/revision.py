"""Files as git has them at a revision: of the repository around a project, and of its submodules."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from jobkit.errors import UserError


@dataclass(frozen=True)
class _Place:
    """Where a file or folder lies in a repository."""

    top: Path
    """The repository's folder."""
    name: str
    """The path from there."""


class Revision:
    """A commit of the repository around this folder; a `UserError` where git knows no such."""

    def __init__(self, name: str):
        self._top = _top(Path())
        self._commits: dict[Path, str | None] = {self._top: _commit(name)}

    def read(self, path: Path) -> bytes | None:
        """Return a file's content, links followed; None where git had no such file."""
        if (place := _place(path)) is None or (commit := self._commit_of(place.top)) is None:
            return None
        request = f"{commit}:{place.name}\n".encode()
        answer = _git("cat-file", "--batch", "--follow-symlinks", folder=place.top, stdin=request)
        head, _, content = answer.partition(b"\n")
        is_file = head.split()[1:2] == [b"blob"]
        return content[: int(head.split()[2])] if is_file else None

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder; none where git had no such folder."""
        place = _place(folder / "_")
        commit = self._commit_of(place.top) if place else None
        if place is None or commit is None:
            return []
        inside = Path(place.name).parent
        paths = [] if inside == Path() else [f"{inside}/"]
        listed = _git("ls-tree", "-z", "--name-only", commit, "--", *paths, folder=place.top)
        return [Path(name).name for name in listed.decode().split("\0") if name]

    def _commit_of(self, top: Path) -> str | None:
        """Return the commit that a repository is at; None where it is neither this one nor inside of it."""
        if top not in self._commits:
            self._commits[top] = self._commit_of_submodule(top)
        return self._commits[top]

    def _commit_of_submodule(self, top: Path) -> str | None:
        outer = _git("rev-parse", "--show-superproject-working-tree", folder=top).decode().rstrip("\n")
        commit = self._commit_of(Path(outer)) if outer else None
        if commit is None:
            return None
        entry = _git("ls-tree", commit, "--", os.path.relpath(top, outer), folder=Path(outer)).split()
        if entry[1:2] != [b"commit"]:
            return None
        try:
            return (
                _git("rev-parse", "--verify", f"{entry[2].decode()}^{{commit}}", folder=top).decode().strip()
            )
        except UserError:
            message = (
                f"git: its submodule {top.name} lacks the commit {entry[2].decode()[:12]}; fetch it first"
            )
            raise UserError(message) from None


def is_tracked(path: Path) -> bool:
    """Return whether git has a file now, staged at least."""
    place = _place(path.resolve())
    return bool(place and _git("ls-files", "-z", "--", place.name, folder=place.top))


def _place(path: Path) -> _Place | None:
    """Return where a path from here lies, by the links that its folder has today; None outside of git."""
    folder = Path.cwd() / path.parent
    inner: tuple[str, ...] = (path.name,)
    while not folder.is_dir():
        folder, inner = folder.parent, (folder.name, *inner)
    try:
        top = _top(folder)
    except UserError:
        return None
    return _Place(top, str(Path(os.path.relpath(folder.resolve(), top), *inner)))


def _top(folder: Path) -> Path:
    return Path(os.fsdecode(_git("rev-parse", "--show-toplevel", folder=folder)).rstrip("\n")).resolve()


def _commit(name: str) -> str:
    try:
        return _git("rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}").decode().strip()
    except UserError:
        if not _git("rev-list", "--all", "--max-count=1"):
            raise UserError("git: nothing is committed yet; expected a commit to compare with") from None
        raise UserError(f"git: no such revision {name!r}") from None


def _git(*arguments: str, folder: Path = Path(), stdin: bytes = b"") -> bytes:
    command = ["git", "-C", str(folder), "--literal-pathspecs", *arguments]
    try:
        return subprocess.run(command, check=True, capture_output=True, input=stdin).stdout
    except FileNotFoundError:
        raise UserError("git: not found; it is asked for the files as they were") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        fatal = next((line for line in lines if line.startswith("fatal: ")), "failed")
        raise UserError(f"git {arguments[0]}: {fatal.removeprefix('fatal: ')}") from None
