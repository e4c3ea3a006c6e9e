"""What keeps tables from being complete, or ours from agreeing with the authors': for `papermatrix check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from jobkit.errors import UserError
from jobkit.folder import LOG
from papermatrix.analysis.audit import footnotes
from papermatrix.analysis.comparison import Comparison, comparisons_at, expect_one_scale, results_at
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from papermatrix.results.status import JobStatus
from papermatrix.results.store import Store
from papermatrix.results.values import CellResult, TableResults, Value

CONTRADICTED = "contradicts itself (audit)"


@dataclass(frozen=True)
class Failure:
    """A cell that does not pass, and why."""

    labels: tuple[str, ...]
    """Table, row, column and, where there are such, variant and seed."""
    reason: str

    def __str__(self) -> str:
        return f"{', '.join(self.labels)}: {self.reason}"


@dataclass(frozen=True)
class Disagreement:
    """A cell whose number is not within tolerance, stale, or not there."""

    result: CellResult
    comparison: Comparison

    @property
    def is_stale(self) -> bool:
        return self.result.has_value and self.result.status.is_stale


def missing_values(values: Iterable[Value], store: Store, allowed: Collection[str] = ()) -> list[Failure]:
    """Return those of the expected values that are none."""
    failures = []
    for value in values:
        passes = {*allowed, "diverged"} if value.cell.row.expect == "diverged" else set(allowed)
        if not value.status.marks <= passes:
            failures.append(Failure(_labels(value), _reason(value, store)))
    return failures


def expected_values(matrix: Matrix, name: str, store: Store) -> list[Value]:
    """Return the values of a table; a dash for a stage that does not take place is none of them."""
    values = TableResults(matrix, name, store).values
    return [value for value in values if not (value.status.job is None and value.job is None)]


def _labels(value: Value) -> tuple[str, ...]:
    cell = value.cell
    seed = f"seed {value.seed}" if value.seed is not None else None
    return tuple(filter(None, (cell.table, *cell.shown_labels, seed)))


def _reason(value: Value, store: Store) -> str:
    """Return the status with its reason, or the log of the job that it comes from."""
    if value.reason:
        return f"{value.status}, {value.reason}"
    job = _culprit(value, store)
    return f"{value.status}, see {job.folder / LOG}" if job else str(value.status)


def _culprit(value: Value, store: Store) -> Job | None:
    """Return the first job upstream that diverged, or that is stale."""
    for job in value.job.chain() if value.job else ():
        result = store.result(job)
        if value.status.job is JobStatus.DIVERGED and result and result.status == "diverged":
            return job
        if value.status.is_stale and value.status.has_value and store.status(job) is JobStatus.STALE:
            return job
    return None


@dataclass(frozen=True)
class ReportedCheck:
    """A table's numbers against the reported ones."""

    table: str
    disagreements: tuple[Disagreement, ...]
    compared: int
    """Numbers that both sides have."""
    skipped: Counter[str]
    """Numbers that were not compared, by the reason."""
    without_reported: int
    """Cells of ours of which the authors reported nothing."""


def check_reported(
    matrix: Matrix, names: Collection[str], store: Store, allowed: Collection[str] = ()
) -> list[ReportedCheck]:
    """Compare our numbers with the authors', with tolerances; a `UserError` where they cannot be compared.

    What the audit finds wrong is skipped, by the facts that are computed so far. A stale number disagrees,
    unless that is allowed.
    """
    project = matrix.project
    if without := [f"{name}: no reported numbers" for name in names if name not in project.reported]:
        raise UserError(without)
    expect_one_scale(project)
    results = {name: TableResults(matrix, name, store) for name in names}
    by_table = {name: _comparisons(matrix, results[name]) for name in names}
    if lines := [line for name in names if (line := _without_tolerance(name, by_table[name]))]:
        raise UserError(f"{project.config.tables}: {line}" for line in lines)
    return [_check(results[name], by_table[name], allowed) for name in names]


def _comparisons(matrix: Matrix, results: TableResults) -> list[tuple[CellResult, Comparison, str]]:
    """Return every reported number with ours, and why it is skipped, if so."""
    contradicted = footnotes(matrix, results.name, is_partial=True)
    return [
        (result, made, made.skipped or (CONTRADICTED if result.cell.labels in contradicted else ""))
        for labels in dict.fromkeys(result.cell.labels for result in results.cells)
        for result, made in comparisons_at(results, *labels)
        if made.reported.value is not None
    ]


def _without_tolerance(name: str, comparisons: list[tuple[CellResult, Comparison, str]]) -> str:
    count = sum(not skipped and c.reported.tolerance is None for _, c, skipped in comparisons)
    return (
        f"tables.{name}: {count} of its reported numbers have no tolerance; state one for the table, a column"
        " or a cell"
        if count
        else ""
    )


def _check(
    results: TableResults,
    comparisons: list[tuple[CellResult, Comparison, str]],
    allowed: Collection[str],
) -> ReportedCheck:
    made = [Disagreement(result, comparison) for result, comparison, skipped in comparisons if not skipped]
    disagreements = [
        one
        for one in made
        if one.comparison.ours is None
        or one.comparison.is_outside
        or (one.is_stale and "stale" not in allowed)
    ]
    ours = [
        result.cell
        for labels in dict.fromkeys(result.cell.labels for result in results.cells)
        for result in results_at(results, *labels)
        if result.cell.jobs
    ]
    return ReportedCheck(
        results.name,
        tuple(disagreements),
        compared=sum(one.comparison.ours is not None for one in made),
        skipped=Counter(skipped for *_, skipped in comparisons if skipped),
        without_reported=sum(cell.reported is None or cell.reported.value is None for cell in ours),
    )
