"""Finished and unfinished jobs on disk: what their folders say about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from jobkit.digest import digest_files
from jobkit.errors import UserError
from jobkit.lock import is_locked
from jobkit.provenance import source_digest
from jobkit.result import RESULT, SETTINGS, Result, read_result
from papermatrix.expand import Job, Matrix

LOG = "log.txt"

State = Literal["done", "diverged", "stale", "running", "failed", "pending"]


class Store:
    """The jobs of a matrix, as their folders are now; each result is read once."""

    def __init__(self, matrix: Matrix):
        self._stages = matrix.project.stages.stages
        self._results: dict[str, Result | None] = {}
        self._states: dict[str, State] = {}

    def result(self, job: Job) -> Result | None:
        """A job's result; None where there is none yet, or its file is broken."""
        if job.id not in self._results:
            self._results[job.id] = _read(job.folder)
        return self._results[job.id]

    def state(self, job: Job) -> State:
        if job.id not in self._states:
            self._states[job.id] = self._state(job)
        return self._states[job.id]

    def _state(self, job: Job) -> State:
        result = self.result(job)
        if result is None:
            return _unfinished(job.folder)
        if job.needs is not None and self.state(job.needs) == "stale":
            return "stale"
        module = self._stages[job.stage].source
        made_by = result.provenance.get("source_digest")
        if module is not None and made_by is not None and made_by != source_digest(module):
            return "stale"
        return "diverged" if result.status == "diverged" else "done"


def rendered_from(matrix: Matrix, table: str) -> dict[str, Any]:
    """All that a rendered table depends on besides its results: its words, which of its jobs are stale, and
    what renders it.
    """
    store = Store(matrix)
    templates = Path(__file__).parent / "templates"
    return {
        **matrix.shown(table),
        "stale": [job.id for job in matrix.jobs_of(table) if store.state(job) == "stale"],
        "renderer": [source_digest("papermatrix.render"), digest_files(templates.iterdir(), templates)],
    }


def _unfinished(folder: Path) -> State:
    if is_locked(folder):
        return "running"
    has_begun = any((folder / name).exists() for name in (RESULT, SETTINGS, LOG))
    return "failed" if has_begun else "pending"


def _read(folder: Path) -> Result | None:
    try:
        return read_result(folder) if (folder / RESULT).exists() else None
    except UserError:
        return None
