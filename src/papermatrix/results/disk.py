"""What may go from the disk: folders of jobs that no table needs, and checkpoints after their last user."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jobkit.folder import sizes
from jobkit.ledger import LEDGER, is_unfinished
from jobkit.lock import LOCK, is_locked, is_started, job_lock
from jobkit.removed import GOING, discard, remove_files, set_aside
from jobkit.result import RESULT, SETTINGS
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import JOBS, Job
from papermatrix.results.migration import plan_migration
from papermatrix.results.status import JobStatus
from papermatrix.results.store import Store

AGAIN = "papermatrix rerun"
"""Makes a job's files again."""
FOR_GOOD = "best"
"""The `keep` with which every checkpoint stays."""
SETTLED = {
    FOR_GOOD: frozenset[JobStatus](),
    "needed": frozenset({JobStatus.DONE, JobStatus.DIVERGED}),
    "none": frozenset({JobStatus.DONE, JobStatus.DIVERGED, JobStatus.STALE}),
}
"""By `keep`, the statuses of a job that no longer needs the checkpoints of those upstream."""


@dataclass(frozen=True)
class Removable:
    """A job's folder, or some files in it."""

    folder: Path
    size: int
    """In bytes."""
    why: str
    files: Mapping[str, int] = field(default_factory=dict)
    """With their sizes; none for the whole folder."""

    def __str__(self) -> str:
        return ", ".join(str(self.folder / name) for name in self.files) or str(self.folder)


@dataclass(frozen=True)
class LeftAlone:
    """A folder that no table needs, and that stays."""

    folder: Path
    why: str


class Disk:
    """The folders of jobs, and what the matrices of all scales need of them."""

    def __init__(self, matrices: Sequence[Matrix]):
        self._matrices = matrices
        self._needed = {job.folder for matrix in matrices for job in matrix.jobs.values()}
        self._jobs: dict[str, tuple[Job, Matrix]] = {}
        self._users: dict[str, set[str]] = {}
        self._stores = {id(matrix): Store(matrix) for matrix in matrices}
        for matrix in matrices:
            for job in matrix.jobs.values():
                self._jobs[job.id] = job, matrix
                for link in job.chain():
                    self._users.setdefault(link.id, set()).add(job.id)

    def unneeded(self, *, with_interrupted: bool) -> Iterator[Removable | LeftAlone]:
        """Yield the folders of jobs that no table needs; unfinished ones are left alone unless asked for."""
        for folder in sorted((*JOBS.glob("*/*"), *JOBS.glob(f"*/*/{GOING}*"))):
            if not _is_inside(folder) or folder in self._needed or not (folder.is_dir() or _is_going(folder)):
                continue
            if _is_going(folder):
                yield Removable(folder, _size(folder), "left of a removal that was killed")
            elif not any((folder / name).exists() for name in (RESULT, SETTINGS, LEDGER, LOCK)):
                yield LeftAlone(folder, "no job's folder")
            elif _runs(folder):
                yield LeftAlone(folder, "running")
            elif folder in self._of_older_names:
                yield LeftAlone(folder, "of a needed job's older name or form (papermatrix migrate)")
            elif is_unfinished(folder) and not with_interrupted:
                yield LeftAlone(folder, "interrupted")
            else:
                yield Removable(folder, _size(folder), "no table needs it")

    def spent(self, keep: str) -> Iterator[Removable]:
        """Yield the checkpoints that nothing needs any more, by config.yaml's `keep`."""
        for job, matrix in self._jobs.values():
            names = matrix.project.stages.stages[job.stage].checkpoint
            present = [
                name for name in names if _is_inside(job.folder / name) and (job.folder / name).exists()
            ]
            users = self._users[job.id]
            if present and all(self._status(user) in SETTLED[keep] for user in users):
                known = sizes(job.folder)
                files = {name: known[name] for name in present}
                done = (
                    f"the {len(users) - 1} jobs that need it are done"
                    if len(users) > 1
                    else "no job needs it"
                )
                yield Removable(job.folder, sum(files.values()), f"keep: {keep}, and {done}", files)

    @cached_property
    def _of_older_names(self) -> set[Path]:
        """The folders that a migration carries over to jobs that tables need."""
        migration = plan_migration(self._matrices[0])
        return {move.folder for move in migration.moves if move.job.folder in self._needed}

    def _status(self, name: str) -> JobStatus:
        job, matrix = self._jobs[name]
        return self._stores[id(matrix)].status(job)


def remove(item: Removable) -> bool:
    """Remove it, each part wholly or not at all; return False where a process works on the job by now."""
    if _is_going(item.folder):
        discard(item.folder)
        return True
    if _runs(item.folder):
        return False
    if item.files:
        with job_lock(item.folder):
            remove_files(item.folder, item.files, AGAIN)
        return True
    with job_lock(item.folder):
        going = set_aside(item.folder)
    discard(going)
    return True


def _runs(folder: Path) -> bool:
    return is_locked(folder) or is_started(folder)


def _is_going(path: Path) -> bool:
    return path.name.startswith(GOING)


def _is_inside(path: Path) -> bool:
    """Return whether a path leads to where it lies: no link below the folder of all jobs is followed."""
    return path.resolve() == JOBS.resolve() / path.relative_to(JOBS)


def _size(path: Path) -> int:
    """Return the bytes of a file, or of all in a folder; a link is no more than itself."""
    inside = (Path(top) / name for top, _, names in os.walk(path) for name in names)
    return sum(entry.lstat().st_size for entry in (path, *inside) if entry.is_symlink() or entry.is_file())
