"""Finished and unfinished jobs on disk: what their folders say about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from jobkit.digest import digest_files
from jobkit.errors import UserError
from jobkit.folder import LOG
from jobkit.ledger import is_unfinished
from jobkit.lock import is_locked
from jobkit.provenance import source_digest
from jobkit.result import RESULT, SETTINGS, Result, parse_result
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from papermatrix.results.provenance import known_provenance
from papermatrix.results.status import UNSETTLED, JobStatus


class Store:
    """The jobs of a matrix, as their folders are when first asked about; each is read once."""

    def __init__(self, matrix: Matrix):
        self._stages = matrix.project.stages.stages
        self._results: dict[str, Result | None] = {}
        self._statuses: dict[str, JobStatus] = {}
        self._stale: dict[str, bool] = {}
        self._digests: dict[str, str] = {}

    def result(self, job: Job) -> Result | None:
        """Return a job's result; None where there is none yet, or its file is broken or another job's."""
        if job.id not in self._results:
            self._results[job.id] = _read(job)
        return self._results[job.id]

    def status(self, job: Job) -> JobStatus:
        if job.id not in self._statuses:
            self._statuses[job.id] = self._status(job)
        return self._statuses[job.id]

    def has_other_source(self, job: Job) -> bool:
        """Return whether other code than today's made the job's own result."""
        result, module = self.result(job), self._stages[job.stage].source
        made_by = result.provenance.get("source_digest") if result else None
        return module is not None and made_by is not None and made_by != source_digest(module)

    def is_stale(self, job: Job) -> bool:
        """Return whether a result, or one upstream, is of other code, an older upstream or rerun now."""
        if job.id not in self._stale:
            self._stale[job.id] = (
                self.has_other_source(job)
                or self._has_newer_upstream(job)
                or self._has_unfinished_rerun(job)
                or self._has_stale_upstream(job)
            )
        return self._stale[job.id]

    def why_stale(self, job: Job) -> str:
        """Return why a stale job is stale."""
        if self.has_other_source(job):
            return "made by other source"
        if job.upstream is not None and self.is_stale(job.upstream):
            return "its upstream is stale"
        return (
            "its rerun is unfinished" if is_unfinished(job.folder) else "its upstream was rerun, or has to be"
        )

    def stale_line(self, job: Job) -> str:
        """Return a line that names a stale job and says why it is one."""
        return f"{job.stage} {job.id}: stale, {self.why_stale(job)}"

    def _status(self, job: Job) -> JobStatus:
        result = self.result(job)
        if result is None or self._has_unfinished_rerun(job):
            return _unfinished(job.folder)
        return JobStatus.STALE if self.is_stale(job) else JobStatus(result.status)

    def _has_stale_upstream(self, job: Job) -> bool:
        """Return whether the upstream result is stale, or about to be replaced."""
        upstream = job.upstream
        return upstream is not None and (self.is_stale(upstream) or self.status(upstream) in UNSETTLED)

    def _has_unfinished_rerun(self, job: Job) -> bool:
        """Return whether the files beside a job's result are no longer those of that result."""
        return self.result(job) is not None and is_unfinished(job.folder)

    def _has_newer_upstream(self, job: Job) -> bool:
        """Return whether the upstream result that the job was made from has been replaced since."""
        result = self.result(job)
        made_from = result.provenance.get("upstream_digest") if result else None
        if job.upstream is None or made_from is None or self.result(job.upstream) is None:
            return False
        if job.upstream.id not in self._digests:
            folder = job.upstream.folder
            self._digests[job.upstream.id] = digest_files([folder / RESULT], folder)
        return bool(made_from != self._digests[job.upstream.id])


def stale_jobs(tops: Iterable[Job], store: Store) -> list[Job]:
    """Return the stale jobs among some and their upstream jobs, each once, upstream first."""
    jobs = {job.id: job for top in tops for job in top.chain()}
    return [job for job in jobs.values() if store.result(job) is not None and store.is_stale(job)]


def _unfinished(folder: Path) -> JobStatus:
    if is_locked(folder):
        return JobStatus.RUNNING
    has_begun = any((folder / name).exists() for name in (RESULT, SETTINGS, LOG))
    return JobStatus.FAILED if has_begun else JobStatus.PENDING


def _read(job: Job) -> Result | None:
    path = job.folder / RESULT
    try:
        result = parse_result(path) if path.exists() else None
    except UserError:
        return None
    if result is None or (result.stage, result.id) != (job.stage, job.id):
        return None
    return replace(result, provenance=known_provenance(result.provenance))
