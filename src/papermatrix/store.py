"""Finished and unfinished jobs on disk: what their folders say about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from jobkit.digest import digest_files
from jobkit.errors import UserError
from jobkit.ledger import is_unfinished
from jobkit.lock import is_locked
from jobkit.provenance import source_digest
from jobkit.result import RESULT, SETTINGS, Result, parse_result
from papermatrix.expand import Job, Matrix
from papermatrix.provenance import of_known_form

LOG = "log.txt"

State = Literal["done", "diverged", "stale", "running", "failed", "pending"]
AGAIN = ("stale", "running", "failed")
"""States of a job that is rerun, or has to be: what has a result by then has an older upstream."""


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
            self._results[job.id] = _read(job)
        return self._results[job.id]

    def state(self, job: Job) -> State:
        if job.id not in self._states:
            self._states[job.id] = self._state(job)
        return self._states[job.id]

    def is_outdated(self, job: Job) -> bool:
        """Whether other source than today's made the job's own result."""
        result, module = self.result(job), self._stages[job.stage].source
        made_by = result.provenance.get("source_digest") if result else None
        return module is not None and made_by is not None and made_by != source_digest(module)

    def is_stale(self, job: Job) -> bool:
        """Whether the job or one upstream is outdated, has a newer upstream or an unfinished rerun."""
        if job.id not in self._stale:
            upstream = job.needs is not None and self.is_stale(job.needs)
            self._stale[job.id] = upstream or self.is_outdated(job) or self._has_newer_upstream(job)
            self._stale[job.id] = self._stale[job.id] or self._has_unfinished_rerun(job)
        return self._stale[job.id]

    def _state(self, job: Job) -> State:
        result = self.result(job)
        if result is None or self._has_unfinished_rerun(job):
            return _unfinished(job.folder)
        upstream = self.state(job.needs) if job.needs else "done"
        if upstream in AGAIN or self.is_outdated(job) or self._has_newer_upstream(job):
            return "stale"
        return "diverged" if result.status == "diverged" else "done"

    def _has_unfinished_rerun(self, job: Job) -> bool:
        """Whether the files beside a job's result are no longer those of that result."""
        return self.result(job) is not None and is_unfinished(job.folder)

    def _has_newer_upstream(self, job: Job) -> bool:
        """Whether the result that the job was made from has been rerun since."""
        result = self.result(job)
        digest = result.provenance.get("upstream_digest") if result else None
        if job.needs is None or digest is None or self.result(job.needs) is None:
            return False
        if job.needs.id not in self._digests:
            below = job.needs.folder
            self._digests[job.needs.id] = digest_files([below / RESULT], below)
        return bool(digest != self._digests[job.needs.id])


def stale_jobs(tops: Iterable[Job], store: Store) -> list[Job]:
    """The stale jobs among some and those upstream of them that have a result, the first upstream first."""
    jobs = {job.id: job for top in tops for job in top.chain()}
    return [job for job in jobs.values() if store.result(job) is not None and store.is_stale(job)]


def why_stale(job: Job, store: Store) -> str:
    """A line that names a stale job and says why it is one."""
    if store.is_outdated(job):
        why = "made by other source"
    elif job.needs is not None and store.is_stale(job.needs):
        why = "its upstream is stale"
    else:
        why = "its rerun is unfinished" if is_unfinished(job.folder) else "its upstream was rerun"
    return f"{job.stage} {job.id}: stale, {why}"


def _unfinished(folder: Path) -> State:
    if is_locked(folder):
        return "running"
    has_begun = any((folder / name).exists() for name in (RESULT, SETTINGS, LOG))
    return "failed" if has_begun else "pending"


def _read(job: Job) -> Result | None:
    path = job.folder / RESULT
    try:
        result = parse_result(path) if path.exists() else None
    except UserError:
        return None
    if result is None or (result.stage, result.id) != (job.stage, job.id):
        return None
    return replace(result, provenance=of_known_form(result.provenance))
