"""How far tables are: the states of their jobs, and what is still to run for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from papermatrix.expand import Job, Matrix
from papermatrix.history import Amount, Forecast, History
from papermatrix.store import State, Store

STATES: tuple[State, ...] = ("done", "diverged", "stale", "running", "failed", "pending")
LONGEST = 1e10
"""Seconds to wait: what is said to come later comes in three centuries."""


@dataclass(frozen=True)
class Progress:
    """Of one table, or of several together, each job counted once."""

    states: Counter[str] = field(repr=False)
    to_run: tuple[Job, ...]
    """What a run would make, the first of them first."""
    rest: Forecast
    """What those will take, but for the jobs of which nothing is known."""
    without_history: Counter[str]
    """By stage, the jobs of which nothing is known."""
    longest: float
    """Likely seconds of the longest chain of jobs that wait for each other."""

    is_stuck: bool
    """Whether some of it failed, and nothing else runs or can run."""

    def arrival(self, cores: int) -> datetime:
        """When all of which something is known will be there, with so many jobs at a time."""
        seconds = max(self.rest.seconds.likely / cores, self.longest)
        return datetime.now(UTC) + timedelta(seconds=min(seconds, LONGEST))


class Tracker:
    """Looks at the jobs of a matrix once."""

    def __init__(self, matrix: Matrix):
        self._matrix = matrix
        self._store = Store(matrix)
        self._history = History(matrix, self._store)

    def failed(self, tables: Iterable[str]) -> list[Job]:
        return [job for job in self._jobs(tables) if self._store.state(job) == "failed"]

    def of(self, tables: Iterable[str]) -> Progress:
        tables = list(tables)
        needed = self._to_run(tables)
        to_run = [job for job in self._jobs(tables) if job.id in needed]
        forecasts = {job.id: self._history.forecast(job) for job in to_run}
        known = [forecast for forecast in forecasts.values() if forecast]
        failed = [job.id for job in to_run if self._store.state(job) == "failed"]
        waits_for_failed = [any(below.id in failed for below in job.chain()) for job in to_run]
        ends: dict[str, float] = {}
        for job in to_run:
            own, below = forecasts[job.id], ends.get(job.needs.id, 0.0) if job.needs else 0.0
            ends[job.id] = below + (own.seconds.likely if own else 0.0)
        return Progress(
            states=Counter(self._store.state(job) for job in self._jobs(tables)),
            to_run=tuple(to_run),
            rest=Forecast(
                sum((forecast.device_hours for forecast in known), Amount()),
                sum((forecast.seconds for forecast in known), Amount()),
            ),
            without_history=Counter(job.stage for job in to_run if forecasts[job.id] is None),
            longest=max(ends.values(), default=0.0),
            is_stuck=bool(failed) and all(waits_for_failed),
        )

    def _jobs(self, tables: Iterable[str]) -> list[Job]:
        return list({job.id: job for table in tables for job in self._matrix.jobs_of(table)}.values())

    def _to_run(self, tables: Iterable[str]) -> set[str]:
        """The jobs without a result that cells need, and those upstream of them, with what is being rerun."""
        found: set[str] = set()
        shown = {cell.job.id: cell.job for table in tables for cell in self._matrix.cells[table] if cell.job}
        for job in shown.values():
            for each in reversed(list(job.chain())):
                if not self._is_to_run(each):
                    break
                found.add(each.id)
        return found

    def _is_to_run(self, job: Job) -> bool:
        return self._store.result(job) is None or self._store.state(job) == "running"
