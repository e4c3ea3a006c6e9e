"""How far tables are: the statuses of their jobs, and what is still to run for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from papermatrix.results.history import Amount, Forecast, History
from papermatrix.results.status import JobStatus
from papermatrix.results.store import Store

LONGEST_WAIT = 1e10
"""Seconds: three centuries, which a date can still hold."""


@dataclass(frozen=True)
class Progress:
    """Of one table, or of several together, each job counted once."""

    statuses: Counter[JobStatus] = field(repr=False)
    to_run: tuple[Job, ...]
    """What a run would make, the first of them first."""
    rest: Forecast
    """What those will take, but for the jobs of which nothing is known."""
    without_history: Counter[str]
    """By stage, the jobs of which nothing is known."""
    without_disk: int
    """Of the jobs to run, those of whose files' sizes nothing is known."""
    rated: int
    """Of the jobs to run, those that are known by the rates of paper.yaml alone."""
    longest: float
    """Likely seconds of the longest chain of jobs that wait for each other."""

    is_stuck: bool
    """Whether some of it failed, and nothing else runs or can run."""

    def arrival(self, cores: int) -> datetime:
        """Return when all jobs with a forecast will be done, with so many at a time."""
        seconds = max(self.rest.seconds.likely / cores, self.longest)
        return datetime.now(UTC) + timedelta(seconds=min(seconds, LONGEST_WAIT))


class Tracker:
    """Looks at the jobs of a matrix once."""

    def __init__(self, matrix: Matrix):
        self._matrix = matrix
        self._store = Store(matrix)
        self._history = History(matrix, self._store)

    def with_status(self, status: JobStatus) -> list[Job]:
        """Return the jobs with a status."""
        return [job for job in self._jobs(self._matrix.cells) if self._store.status(job) is status]

    def stale_causes(self) -> Counter[str]:
        """Count the stale jobs by why they, or those upstream, are."""
        return Counter(map(self._store.stale_cause, self.with_status(JobStatus.STALE)))

    def of(self, tables: Iterable[str]) -> Progress:
        tables = list(tables)
        needed = self._to_run(tables)
        to_run = [job for job in self._jobs(tables) if job.id in needed]
        forecasts = {job.id: self._history.forecast(job) for job in to_run}
        known = [forecast for forecast in forecasts.values() if forecast]
        disks = [forecast.disk for forecast in known if forecast.disk]
        failed = [job.id for job in to_run if self._store.status(job) is JobStatus.FAILED]
        waits_for_failed = [any(link.id in failed for link in job.chain()) for job in to_run]
        ends: dict[str, float] = {}
        for job in to_run:
            own, upstream = forecasts[job.id], ends.get(job.upstream.id, 0.0) if job.upstream else 0.0
            ends[job.id] = upstream + (own.seconds.likely if own else 0.0)
        return Progress(
            statuses=Counter(self._store.status(job) for job in self._jobs(tables)),
            to_run=tuple(to_run),
            rest=Forecast(
                sum((forecast.device_hours for forecast in known), Amount()),
                sum((forecast.seconds for forecast in known), Amount()),
                sum(disks, Amount()),
            ),
            without_history=Counter(job.stage for job in to_run if forecasts[job.id] is None),
            without_disk=len(to_run) - len(disks),
            rated=sum(forecast.is_rated for forecast in known),
            longest=max(ends.values(), default=0.0),
            is_stuck=bool(failed) and all(waits_for_failed),
        )

    def _jobs(self, tables: Iterable[str]) -> list[Job]:
        return list({job.id: job for table in tables for job in self._matrix.jobs_of(table)}.values())

    def _to_run(self, tables: Iterable[str]) -> set[str]:
        """Return the jobs without a result that cells need, those that they wait for, and running reruns."""
        ids: set[str] = set()
        for shown_job in (job for table in tables for job in self._matrix.shown_jobs(table)):
            for job in reversed(list(shown_job.chain())):
                if self._store.result(job) and self._store.status(job) is not JobStatus.RUNNING:
                    break
                ids.add(job.id)
        return ids
