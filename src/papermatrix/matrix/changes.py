"""Which jobs an edit adds, drops and keeps, against the files as git has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobkit.errors import Diagnostic, UserError
from papermatrix.config.elsewhere import copied, files_of, relative_paths, scales_folder
from papermatrix.config.load import CONFIG, load, load_config
from papermatrix.matrix.expand import Matrix, expand
from papermatrix.matrix.jobs import Job
from papermatrix.matrix.revision import Revision, is_tracked


@dataclass(frozen=True)
class Changes:
    """Jobs by what becomes of them; those kept are today's."""

    added: tuple[Job, ...]
    dropped: tuple[Job, ...]
    kept: tuple[Job, ...]
    before: Matrix | None
    """None where there was no matrix."""
    untracked: tuple[Diagnostic, ...]
    """Files that git does not have, and that were taken as they are now."""


@dataclass(frozen=True)
class RowJobs:
    """The jobs of a row of a table among some others."""

    table: str
    row: str
    own: tuple[Job, ...]
    """Those that no row above needs."""
    shared: tuple[Job, ...]
    """The rest."""


def changes(now: Matrix, overrides: Mapping[str, Any], revision: str) -> Changes:
    """Compare with a revision; a `UserError` where git knows no such, or its files have errors."""
    past = _Past(Revision(revision))
    before = past.matrix(overrides, revision)
    old = before.jobs if before else {}
    return Changes(
        added=tuple(job for job in now.jobs.values() if job.id not in old),
        dropped=tuple(job for job in old.values() if job.id not in now.jobs),
        kept=tuple(job for job in now.jobs.values() if job.id in old),
        before=before,
        untracked=tuple(past.untracked) if before else (),
    )


def by_row(matrix: Matrix, jobs: Iterable[Job]) -> list[RowJobs]:
    """Return the rows that need some of the jobs, in the order of the tables."""
    wanted = {job.id for job in jobs}
    rows: dict[tuple[str, str], dict[str, Job]] = {}
    for table, cells in matrix.cells.items():
        for cell in cells:
            needed = rows.setdefault((table, cell.row.label), {})
            needed |= {job.id: job for top in cell.jobs for job in top.chain() if job.id in wanted}
    counted: set[str] = set()
    listed = []
    for (table, row), needed in rows.items():
        own = tuple(job for job in needed.values() if job.id not in counted)
        shared = tuple(job for job in needed.values() if job.id in counted)
        counted |= needed.keys()
        if needed:
            listed.append(RowJobs(table, row, own, shared))
    return listed


class _Past:
    """The project's files at a revision; what git does not track is taken as it is now."""

    def __init__(self, revision: Revision):
        self.untracked: list[Diagnostic] = []
        self._revision = revision
        self._contents: dict[Path, bytes] = {}
        self._has_files = False
        """Whether git had any of them."""

    def matrix(self, overrides: Mapping[str, Any], revision: str) -> Matrix | None:
        """Return the matrix of that time; None where git had no project."""
        self._take(CONFIG)
        if not self._contents:
            return None
        with copied(self._contents):
            config = load_config(overrides)
        for path in files_of(config).values():
            self._take(path)
        self._take_scales(scales_folder(config))
        if not self._has_files:
            return None
        try:
            with copied(self._contents):
                return expand(load({**overrides, **relative_paths(config)}, with_sources=False))
        except UserError as error:
            raise UserError(f"at {revision}: {line}" for line in error.lines) from None

    def _take(self, path: Path) -> None:
        content = self._revision.read(path)
        if content is not None:
            self._has_files = True
        elif path.is_file() and not is_tracked(path):
            content = path.read_bytes()
            self.untracked.append(Diagnostic("git does not have it; taken as it is now", str(path)))
        if content is not None:
            self._contents[path] = content

    def _take_scales(self, folder: Path) -> None:
        names = {*self._revision.names(folder), *(path.name for path in folder.glob("*.yaml"))}
        for name in sorted(names):
            if name.endswith(".yaml"):
                self._take(folder / name)
