"""Finished and unfinished jobs on disk: what their folders say about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from jobkit.digest import digest_files
from jobkit.errors import UserError
from jobkit.job import KEPT
from jobkit.lock import is_locked
from jobkit.provenance import source_digest
from jobkit.result import RESULT, SETTINGS, Result, parse_result
from papermatrix.expand import Job, Matrix
from papermatrix.provenance import of_known_form

LOG = "log.txt"

State = Literal["done", "diverged", "stale", "running", "failed", "pending"]
AGAIN = ("stale", "running", "failed")
"""States of a job that is made again, or has to be: what has a result by then stands on an older one."""


class Store:
    """The jobs of a matrix, as their folders are when first asked about; each is read once."""

    def __init__(self, matrix: Matrix):
        self._stages = matrix.project.stages.stages
        self._results: dict[str, Result | None] = {}
        self._states: dict[str, State] = {}
        self._stale: dict[str, bool] = {}
        self._digests: dict[str, str] = {}

    def result(self, job: Job) -> Result | None:
        """A job's result; None where there is none yet, or its file is broken or another job's."""
        if job.id not in self._results:
            self._results[job.id] = _read(job, RESULT)
        return self._results[job.id]

    def state(self, job: Job) -> State:
        if job.id not in self._states:
            self._states[job.id] = self._state(job)
        return self._states[job.id]

    def is_outdated(self, job: Job) -> bool:
        """Whether other source than today's made the job's own result, or its last where none is left."""
        result, module = self.result(job) or _read(job, KEPT), self._stages[job.stage].source
        made_by = result.provenance.get("source_digest") if result else None
        return module is not None and made_by is not None and made_by != source_digest(module)

    def is_stale(self, job: Job) -> bool:
        """Whether the job, or one below it, is outdated or stands on another result than today's."""
        if job.id not in self._stale:
            below = job.needs is not None and self.is_stale(job.needs)
            self._stale[job.id] = below or self.is_outdated(job) or self._stands_on_another(job)
        return self._stale[job.id]

    def _state(self, job: Job) -> State:
        result = self.result(job)
        if result is None:
            return _unfinished(job.folder)
        below = self.state(job.needs) if job.needs else "done"
        if below in AGAIN or self.is_outdated(job) or self._stands_on_another(job):
            return "stale"
        return "diverged" if result.status == "diverged" else "done"

    def _stands_on_another(self, job: Job) -> bool:
        """Whether the result that the job was made from has been made again since."""
        result = self.result(job)
        stood_on = result.provenance.get("stands_on") if result else None
        if job.needs is None or stood_on is None or self.result(job.needs) is None:
            return False
        if job.needs.id not in self._digests:
            below = job.needs.folder
            self._digests[job.needs.id] = digest_files([below / RESULT], below)
        return bool(stood_on != self._digests[job.needs.id])


def marked_stale(matrix: Matrix, jobs: Iterable[Job], store: Store) -> list[str]:
    """The ids of stale jobs; with `on_stale: rerun`, none will be stale by then."""
    keeps = matrix.project.config.on_stale != "rerun"
    return [job.id for job in jobs if keeps and store.is_stale(job)]


def stale_jobs(tops: Iterable[Job], store: Store) -> list[str]:
    """The stale jobs among some and those that they stand on, in words."""
    jobs = {job.id: job for top in tops for job in top.chain()}
    return [
        f"{job.stage} {job.id}: stale, {_why(job, store)}"
        for job in jobs.values()
        if store.state(job) == "stale"
    ]


def _why(job: Job, store: Store) -> str:
    if store.is_outdated(job):
        return "made by other source"
    if job.needs is not None and store.is_stale(job.needs):
        return "stands on a stale job"
    return "what it stands on was made again, or has to be"


def _unfinished(folder: Path) -> State:
    if is_locked(folder):
        return "running"
    has_begun = any((folder / name).exists() for name in (RESULT, SETTINGS, LOG))
    return "failed" if has_begun else "pending"


def _read(job: Job, name: str) -> Result | None:
    path = job.folder / name
    try:
        result = parse_result(path) if path.exists() else None
    except UserError:
        return None
    if result is None or (result.stage, result.id) != (job.stage, job.id):
        return None
    return replace(result, provenance=of_known_form(result.provenance))
