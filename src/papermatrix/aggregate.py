"""A table's values from the results of its jobs: one reading a value, then one summary a cell and variant."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jobkit.errors import UserError
from jobkit.failure import read_failure
from jobkit.ledger import is_unfinished
from jobkit.result import RESULT, Result
from papermatrix.expand import Cell, Job, Matrix
from papermatrix.metric import look_up
from papermatrix.store import LOG, Store

VALUE, ABSENT, STALE = "value", "absent", "stale"
PENDING, RUNNING, FAILED, DIVERGED = "pending", "running", "failed", "diverged"
UNFINISHED = (PENDING, RUNNING, FAILED)
"""Statuses of cells without a result."""


@dataclass(frozen=True)
class Reading:
    """What one cell's job says for one seed."""

    cell: Cell
    value: Any
    status: str
    """As it is shown: `value`, `stale`, `absent`, `pending`, `running`, `failed`, `diverged (epoch 4)` or
    `diverged (epoch 4), stale`."""
    reason: str = ""
    """Why there is no value, where a file or a name says it."""

    @property
    def has_value(self) -> bool:
        return self.status in (VALUE, STALE)

    @property
    def faults(self) -> frozenset[str]:
        """What of the status keeps it from being a value of today's source: its words without the epoch."""
        words = self.status.split(", ")
        kinds = {DIVERGED if word.startswith(DIVERGED) else word for word in words}
        return frozenset(kinds - {VALUE})


@dataclass(frozen=True)
class Summary:
    """What one cell shows for one variant."""

    readings: tuple[Reading, ...]
    """One a seed."""
    mean: Any
    """None without a value; what is not measured is as it was written."""
    spread: float | None
    """Standard deviation over the seeds, where there are several."""
    status: str
    """The worst of the seeds'."""
    count: int
    """Seeds with that status."""

    @property
    def has_value(self) -> bool:
        return self.status in (VALUE, STALE)

    @property
    def jobs(self) -> tuple[str | None, ...]:
        return tuple(reading.cell.job.id if reading.cell.job else None for reading in self.readings)

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(reading.reason for reading in self.readings if reading.reason))


Place = tuple[str, str]
"""A cell, by the labels of its row and column."""
Summaries = Mapping[Place, list[Summary]]


def read_cells(matrix: Matrix, table: str, store: Store) -> list[Reading]:
    """Every value of a table, or why there is none."""
    return [read_cell(cell, store) for cell in matrix.cells[table]]


def expect_metrics(table: str, readings: Iterable[Reading]) -> None:
    """A `UserError` for each column whose metric is in none of its results."""
    missing: dict[str, str] = {}
    found: set[str] = set()
    for reading in readings:
        if reading.has_value:
            found.add(reading.cell.column)
        elif reading.status == ABSENT and reading.reason:
            missing.setdefault(reading.cell.column, reading.reason)
    faults = [f"{table}, {column}: {reason}" for column, reason in missing.items() if column not in found]
    if faults:
        raise UserError(faults)


def read_cell(cell: Cell, store: Store) -> Reading:
    """A cell's value, or why there is none."""
    if cell.metric is None:
        return Reading(cell, cell.value, VALUE)
    if cell.job is None:
        return Reading(cell, None, ABSENT)
    state, result = store.state(cell.job), store.result(cell.job)
    if result is None:
        return _unfinished(cell, cell.job, store)
    if result.status == DIVERGED and not cell.metric.is_cost:
        word = diverged(result)
        return Reading(cell, None, f"{word}, {STALE}" if state != DIVERGED else word)
    try:
        value = look_up(cell.metric, result)
    except KeyError as error:
        return Reading(cell, None, ABSENT, f"no score called {error.args[0]}")
    if value is None:
        return Reading(cell, None, ABSENT, f"the result states no {cell.name}")
    return Reading(cell, value, STALE if state not in ("done", DIVERGED) else VALUE)


def _unfinished(cell: Cell, job: Job, store: Store) -> Reading:
    """What keeps a job from its result: the first failure on its way, else what runs."""
    unfinished = [each for each in job.chain() if store.result(each) is None]
    for each in unfinished:
        if store.state(each) == FAILED:
            return Reading(cell, None, FAILED, hint(each))
    runs = any(store.state(each) == RUNNING for each in unfinished)
    return Reading(cell, None, RUNNING if runs else PENDING)


def hint(job: Job) -> str:
    """Where to look for what a failed job failed of."""
    broken, cause = job.folder / RESULT, killed_by(job)
    if broken.exists() and not is_unfinished(job.folder):
        return f"remove {broken}, which is broken"
    return f"{f'{cause}, ' if cause else ''}see {job.folder / LOG}"


def killed_by(job: Job) -> str | None:
    """`killed by SIGABRT`, where a signal ended the last run of a failed job."""
    failure = read_failure(job.folder)
    return failure.cause if failure and failure.signal else None


def diverged(result: Result) -> str:
    return f"{DIVERGED} (epoch {result.epoch})" if result.epoch is not None else DIVERGED


def summarise(readings: Iterable[Reading]) -> dict[Place, list[Summary]]:
    """By the labels of row and column, a summary for each variant; only one where all are the same."""
    seeds: dict[tuple[str, str, str | None], list[Reading]] = {}
    for reading in readings:
        cell = reading.cell
        seeds.setdefault((cell.row, cell.column, cell.variant), []).append(reading)
    cells: dict[Place, list[Summary]] = {}
    for (row, column, _), group in seeds.items():
        cells.setdefault((row, column), []).append(_summary(group))
    return {place: list(_each_once(summaries)) for place, summaries in cells.items()}


def _summary(readings: list[Reading]) -> Summary:
    statuses = [reading.status for reading in readings]
    status = next((s for s in statuses if s not in (VALUE, STALE)), STALE if STALE in statuses else VALUE)
    mean, spread = readings[0].value, None
    if status not in (VALUE, STALE):
        mean = None
    elif len(readings) > 1:
        values = [reading.value for reading in readings]
        mean, spread = statistics.fmean(values), statistics.stdev(values)
    return Summary(tuple(readings), mean, spread, status, statuses.count(status))


def _each_once(summaries: list[Summary]) -> Iterator[Summary]:
    """All, or the first alone where they are one value of the same jobs."""
    first, *others = summaries
    yield first
    if any((s.jobs, s.mean, s.status) != (first.jobs, first.mean, first.status) for s in others):
        yield from others
