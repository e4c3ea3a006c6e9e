"""Finished and unfinished jobs on disk: what their folders say about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from jobkit.acceptance import Acceptance, acceptance, is_accepted
from jobkit.data import data_digest
from jobkit.digest import digest_files
from jobkit.errors import UserError
from jobkit.ledger import is_unfinished
from jobkit.result import RESULT, Result, parse_result
from jobkit.source import changed_names, file_of, source_digests
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from papermatrix.results.provenance import DATA_ROOT_DIGEST, SOURCE, UNKNOWN, known_provenance
from papermatrix.results.status import UNSETTLED, JobStatus
from papermatrix.results.unfinished import status_of_unfinished

DATA_DIGESTS = Path("results/data_digests.json")
"""Where the digests of recorded files are kept, so that each is read once."""
MOST_FILES = 3
"""That a line names."""
DIGITS_OF_COMMIT = 8


class Store:
    """The jobs of a matrix, as their folders are when first asked about; each is read once."""

    def __init__(self, matrix: Matrix):
        self._project = matrix.project
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

    def changed_source(self, job: Job) -> list[str]:
        """Return the modules and files whose code is not what made the job's own result."""
        result, source = self.result(job), self._project.stages.source(job.stage)
        made_by = result.provenance.get(SOURCE, []) if result and not source.is_empty else []
        now = source_digests(source) if made_by else {}
        return sorted({name for past in made_by for name in changed_names(source.counted(past), now)})

    def acceptance(self, job: Job) -> Acceptance | None:
        """Return a person's word that the job's result stays, where it would be stale without."""
        is_needed = self.differs(job) and is_accepted(job.folder, self.made_from(job))
        return acceptance(job.folder) if is_needed else None

    def differs(self, job: Job) -> bool:
        """Return whether the job's own result was made from other code or data, or an older upstream."""
        return bool(self.changed_source(job) or self._has_newer_upstream(job) or self._has_other_data(job))

    def made_from(self, job: Job) -> dict[str, Any]:
        """Return what a rerun of the job would be made from: source, upstream result and recorded data."""
        upstream = {"upstream_digest": self._digest(job.upstream) if job.upstream else None}
        data = {DATA_ROOT_DIGEST: self._data_digest} if job.reads_data_root and self._data_digest else {}
        return {SOURCE: source_digests(self._project.stages.source(job.stage)), **upstream, **data}

    def is_stale(self, job: Job) -> bool:
        """Return whether a result, or one upstream, is of other code or data, an older upstream or rerun now.

        What a person has accepted is not stale.
        """
        if job.id not in self._stale:
            self._stale[job.id] = (
                (self.differs(job) and not is_accepted(job.folder, self.made_from(job)))
                or self._has_unfinished_rerun(job)
                or self._has_stale_upstream(job)
            )
        return self._stale[job.id]

    def why_stale(self, job: Job) -> str:
        """Return why a stale job is stale; where its code has changed, with the command that shows how."""
        if changed := self.changed_source(job):
            return _of_other_source(changed, self.result(job))
        if self._has_other_data(job):
            return f"made from other data than those in {self._project.config.data_root}"
        if job.upstream is not None and self.is_stale(job.upstream):
            return "its upstream is stale"
        return (
            "its rerun is unfinished" if is_unfinished(job.folder) else "its upstream was rerun, or has to be"
        )

    def stale_cause(self, job: Job) -> str:
        """Return why a job is stale, or the first stale job upstream; nothing where none is."""
        return next((self.why_stale(link) for link in job.chain() if self.is_stale(link)), "")

    def stale_line(self, job: Job) -> str:
        """Return a line that names a stale job and says why it is one."""
        return f"{job.stage} {job.id}: stale, {self.why_stale(job)}"

    def _status(self, job: Job) -> JobStatus:
        result = self.result(job)
        if result is None or self._has_unfinished_rerun(job):
            return status_of_unfinished(job.folder)
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
        return bool(made_from != self._digest(job.upstream))

    def _has_other_data(self, job: Job) -> bool:
        """Return whether the folder of recorded data holds others than those that the job read."""
        result = self.result(job) if job.reads_data_root else None
        read = result.provenance.get(DATA_ROOT_DIGEST) if result else None
        return read is not None and self._data_digest is not None and read != self._data_digest

    @cached_property
    def _data_digest(self) -> str | None:
        """The digest of the recorded data; None where they are not on this machine."""
        folder = self._project.config.data_folder
        return data_digest(folder, DATA_DIGESTS) if folder and folder.is_dir() else None

    def _digest(self, job: Job) -> str | None:
        """Return the digest of a job's result file, if there is one."""
        if self.result(job) is None:
            return None
        if job.id not in self._digests:
            self._digests[job.id] = digest_files([job.folder / RESULT], job.folder)
        return self._digests[job.id]


def stale_jobs(tops: Iterable[Job], store: Store) -> list[Job]:
    """Return the stale jobs among some and their upstream jobs, each once, upstream first."""
    jobs = {job.id: job for top in tops for job in top.chain()}
    return [job for job in jobs.values() if store.result(job) is not None and store.is_stale(job)]


def _of_other_source(changed: list[str], result: Result | None) -> str:
    if UNKNOWN in changed:
        return "by code that nobody recorded in today's form; to keep it: papermatrix accept"
    files = [file_of(name) for name in changed]
    shown = ", ".join(files[:MOST_FILES]) + (
        f" and {len(files) - MOST_FILES} more" if len(files) > MOST_FILES else ""
    )
    commit = result.provenance.get("commit") if result else None
    command = f"; git diff {commit[:DIGITS_OF_COMMIT]} -- {' '.join(files[:MOST_FILES])}" if commit else ""
    return f"made by other code: {shown}{command}"


def _read(job: Job) -> Result | None:
    path = job.folder / RESULT
    try:
        result = parse_result(path) if path.exists() else None
    except UserError:
        return None
    if result is None or (result.stage, result.id) != (job.stage, job.id):
        return None
    return replace(result, provenance=known_provenance(result.provenance))
