"""A table's values from the results of its jobs: one for each cell and seed, and what each cell shows."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jobkit.errors import UserError
from jobkit.result import Result
from jobkit.settings import value_of
from papermatrix.config.tables import SEED
from papermatrix.matrix.cells import Cell, Run
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from papermatrix.results.score import score
from papermatrix.results.status import ABSENT, STALE_VALUE, VALUE, JobStatus, Status
from papermatrix.results.store import Store
from papermatrix.results.unfinished import failure_hint, interruption, position_text


@dataclass(frozen=True)
class Value:
    """What a cell's job says for one seed."""

    cell: Cell
    seed: int | None
    job: Job | None
    """None where no job makes it."""
    number: Any
    """None without a value; what is shown or cited is as it was written."""
    status: Status
    reason: str = ""
    """Why there is no value, where a file or a name says it."""
    stale_cause: str = ""
    """Why it is stale: which code has changed, and the like."""

    @property
    def is_seedless(self) -> bool:
        """Whether no seed is among what its job depends on, or no job makes it."""
        return self.job is None or value_of(SEED, self.job.settings, None) is None


@dataclass(frozen=True, eq=False)
class CellResult:
    """What a cell shows: its values over the seeds."""

    cell: Cell
    values: tuple[Value, ...]
    mean: Any
    """None without a value; what is shown or cited is as it was written."""
    spread: float | None
    """Standard deviation over the seeds, where there are several."""
    status: Status
    """The worst of the seeds'."""
    count: int
    """Seeds with that status."""
    parts: tuple[CellResult, ...] = ()
    """Of a derived number: those that it is made of."""
    rivals: tuple[tuple[CellResult, ...], ...] = ()
    """Of a rank: for each part the numbers of its column, its own among them."""

    @property
    def has_value(self) -> bool:
        return self.status.has_value

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value.reason for value in self.values if value.reason))

    def is_same_as(self, other: CellResult) -> bool:
        """Return whether both are one value of the same jobs."""
        ids = [value.job and value.job.id for value in self.values]
        other_ids = [value.job and value.job.id for value in other.values]
        return (
            ids == other_ids
            and (self.mean, self.status) == (other.mean, other.status)
            and len(self.parts) == len(other.parts)
            and all(part.is_same_as(of) for part, of in zip(self.parts, other.parts, strict=True))
        )


class TableResults:
    """What is known of a table: the tidy list of its values, and what each of its cells shows."""

    def __init__(self, matrix: Matrix, name: str, store: Store):
        self.name = name
        self.cells = tuple(cell_result(cell, store) for cell in matrix.cells[name])
        """One for each cell and variant, in the order of the table."""

    @property
    def values(self) -> list[Value]:
        """The tidy list: one for each cell, variant and seed."""
        return [value for result in self.cells for value in result.values]

    @cached_property
    def _by_labels(self) -> Mapping[tuple[str, str], list[CellResult]]:
        results: dict[tuple[str, str], list[CellResult]] = {}
        for result in self.cells:
            results.setdefault(result.cell.labels, []).append(result)
        return results

    def at(self, row: str, column: str) -> list[CellResult]:
        """Return what stands in a cell: a result for each variant, or only one where all are the same."""
        first, *others = self.every(row, column)
        return [first] if all(other.is_same_as(first) for other in others) else [first, *others]

    def every(self, row: str, column: str) -> list[CellResult]:
        """Return a cell's results for every variant, also where they are the same."""
        return self._by_labels[row, column]

    def expect_metrics(self) -> None:
        """Raise a `UserError` for each column whose metric is in none of its results."""
        missing: dict[str, str] = {}
        measured: set[str] = set()
        for value in self.values:
            if value.status.has_value or value.cell.derivation:
                measured.add(value.cell.column.shown)
            elif value.status == ABSENT and value.reason:
                missing.setdefault(value.cell.column.shown, value.reason)
        if lines := [f"{self.name}, {c}: {reason}" for c, reason in missing.items() if c not in measured]:
            raise UserError(lines)


def cell_result(cell: Cell, store: Store) -> CellResult:
    """Return what a cell shows."""
    if cell.derivation is not None:
        return _derived_result(cell, store)
    values = tuple(_value(cell, run, store) for run in cell.runs) or (
        Value(cell, None, None, cell.value, VALUE),
    )
    statuses = [value.status for value in values]
    worst = next((status for status in statuses if not status.has_value), None)
    if worst is None:
        worst = STALE_VALUE if STALE_VALUE in statuses else VALUE
    mean, spread = values[0].number, None
    if not worst.has_value:
        mean = None
    elif len(values) > 1:
        numbers = [value.number for value in values]
        mean, spread = statistics.fmean(numbers), statistics.stdev(numbers)
    return CellResult(cell, values, mean, spread, worst, statuses.count(worst))


def _derived_result(cell: Cell, store: Store) -> CellResult:
    """Return what is made of other cells' numbers as these show them."""
    assert cell.derivation is not None
    parts = tuple(cell_result(part, store) for part in cell.parts)
    rivals = tuple(tuple(cell_result(rival, store) for rival in of_part) for of_part in cell.rivals)
    needed = (*parts, *(rival for of_part in rivals for rival in of_part))
    without = next((part for part in needed if not part.has_value), None)
    if without is not None:
        value = Value(cell, None, None, None, without.status, next(iter(without.reasons), ""))
        return CellResult(cell, (value,), None, None, without.status, 1, parts)
    status = STALE_VALUE if any(part.status.is_stale for part in needed) else VALUE
    mean = derived_number(cell, [part.mean for part in parts], rivals)
    if mean is None:
        value = Value(cell, None, None, None, ABSENT, f"no number is the {cell.derivation}")
        return CellResult(cell, (value,), None, None, ABSENT, 1, parts)
    cause = next((value.stale_cause for part in needed for value in part.values if value.stale_cause), "")
    by_seed = _derived_by_seed(cell, parts)
    values = tuple(
        Value(cell, seed, None, number, status, stale_cause=cause) for seed, number in by_seed.items()
    ) or (Value(cell, None, None, mean, status, stale_cause=cause),)
    spread = statistics.stdev(by_seed.values()) if by_seed else None
    return CellResult(cell, values, mean, spread, status, len(values), parts, rivals)


def _derived_by_seed(cell: Cell, parts: Sequence[CellResult]) -> dict[int | None, float]:
    """Return the number for each seed, where all parts have the same several, or one value for all."""
    seeds = {tuple(value.seed for value in part.values) for part in parts if len(part.values) > 1}
    single = (part.values[0] for part in parts if len(part.values) == 1)
    if len(seeds) != 1 or cell.rivals or not all(value.is_seedless for value in single):
        return {}
    by_seed = {}
    for index, seed in enumerate(seeds.pop()):
        numbers = [part.values[min(index, len(part.values) - 1)].number for part in parts]
        number = derived_number(cell, numbers, ())
        if number is None:
            return {}
        by_seed[seed] = number
    return by_seed


def derived_number(
    cell: Cell, numbers: Sequence[Any], rivals: Sequence[Sequence[CellResult]]
) -> float | None:
    """Return what some numbers of a cell's parts make; None where they make no number.

    The parts' numbers are taken in the units that their columns show.
    """
    assert cell.derivation is not None
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
        return None
    shown = [number * part.factor for number, part in zip(numbers, cell.parts, strict=True)]
    match cell.derivation.kind:
        case "mean":
            return statistics.fmean(shown)
        case "difference":
            return shown[0] - shown[1]
        case "ratio":
            return shown[0] / shown[1] if shown[1] else None
        case "rank":
            ranks = [_rank(n, part, of) for n, part, of in zip(numbers, cell.parts, rivals, strict=True)]
            return statistics.fmean(ranks)


def _rank(number: float, part: Cell, rivals: Sequence[CellResult]) -> float:
    """Return a number's rank in its column, 1 the best; equal ones share the mean of their ranks."""
    sign = -1 if part.better == "lower" else 1
    others = [sign * rival.mean for rival in rivals if rival.has_value]
    better = sum(other > sign * number for other in others)
    return better + (1 + sum(other == sign * number for other in others)) / 2


def _value(cell: Cell, run: Run, store: Store) -> Value:
    assert cell.metric is not None
    if run.job is None:
        return Value(cell, run.seed, None, None, ABSENT)

    job = run.job

    def value(number: float | None, status: Status, reason: str = "") -> Value:
        stale_cause = store.stale_cause(job) if status.is_stale else ""
        return Value(cell, run.seed, job, number, status, reason, stale_cause)

    result = store.result(run.job)
    if result is None:
        return value(None, *_unfinished(run.job, store))
    is_stale = store.status(run.job) not in (JobStatus.DONE, JobStatus.DIVERGED)
    if result.status == "diverged" and not cell.metric.is_cost:
        return value(None, Status(JobStatus.DIVERGED, result.epoch, is_stale))
    try:
        number = score(cell.metric, result)
    except KeyError as error:
        return value(None, ABSENT, f"no score called {error.args[0]}")
    if number is None:
        return value(None, ABSENT, f"the result states no {cell.name}")
    return value(number, STALE_VALUE if is_stale else VALUE)


def _unfinished(job: Job, store: Store) -> tuple[Status, str]:
    """Return what keeps a job from its result: the first failure upstream, else what runs or was stopped."""
    chain = {store.status(link): link for link in reversed([*job.chain()]) if store.result(link) is None}
    if failed := chain.get(JobStatus.FAILED):
        return Status(JobStatus.FAILED), failure_hint(failed)
    if JobStatus.RUNNING in chain:
        return Status(JobStatus.RUNNING), ""
    if stopped := chain.get(JobStatus.INTERRUPTED):
        status = Status(JobStatus.INTERRUPTED, position=position_text(stopped))
        return status, interruption(stopped)
    return Status(JobStatus.PENDING), ""


def divergence(result: Result | None) -> str:
    """Return `diverged (epoch 4)`, or nothing."""
    is_diverged = result is not None and result.status == "diverged"
    return str(Status(JobStatus.DIVERGED, result.epoch)) if result and is_diverged else ""
