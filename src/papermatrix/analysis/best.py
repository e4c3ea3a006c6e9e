"""The best of a column, and what is not significantly worse than it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from jobkit.settings import value_of
from papermatrix.analysis.significance import ALPHA, FEWEST_SEEDS, Origin, Test, compare
from papermatrix.config.tables import Column, Table
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from papermatrix.results.store import Store
from papermatrix.results.values import CellResult, TableResults


@dataclass(frozen=True)
class Best:
    """What is in bold, by the labels of row and column and the position in the cell; and why."""

    cells: frozenset[tuple[str, str, int]] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass
class _Findings:
    tested: set[tuple[str, str, int]] = field(default_factory=set)
    """In bold by a test."""
    lost: set[tuple[str, str, int]] = field(default_factory=set)
    """Worse in a contest, or not known to be no worse; one value for all variants takes part in several."""
    plain: set[tuple[str, str, int]] = field(default_factory=set)
    """In bold without one."""
    tests: dict[Test, None] = field(default_factory=dict)
    untested: dict[str, dict[str, None]] = field(default_factory=dict)
    """Rows that no test could compare with the best, by column."""


@dataclass(frozen=True)
class _Rival:
    row: str
    index: int
    """Its position in the cell."""
    result: CellResult


def find_best(matrix: Matrix, results: TableResults, store: Store) -> Best:
    """Find the best of each column and variant, and what is not significantly worse, tested against the best.

    Where no test is possible, only a column that states what is better has its best in bold.
    """
    table = matrix.project.tables[results.name]
    if not table.best:
        return Best()
    findings = _Findings()
    for column in table.columns:
        for rivals in _contests(table, column, results):
            if sign := _direction(column, rivals[0].result):
                _judge(rivals, column, sign, findings, lambda job: _origin(job, matrix, store))
    findings.tested -= findings.lost
    findings.plain -= findings.lost
    return Best(frozenset(findings.tested | findings.plain), tuple(_notes(table, findings)))


def _judge(rivals: list[_Rival], column: Column, sign: int, findings: _Findings, origin: Origin) -> None:
    best = max(rivals, key=lambda rival: sign * rival.result.mean)
    others = [
        (rival, compare(best.result, rival.result, sign, origin)) for rival in rivals if rival is not best
    ]
    tested = [(rival, test) for rival, test in others if test is not None]
    equals = [best, *(rival for rival, test in tested if not test.is_worse)]
    cells = {(rival.row, column.label, rival.index) for rival in equals}
    untested = [rival.result.cell.row.shown for rival, test in others if test is None]
    findings.lost |= {(rival.row, column.label, rival.index) for rival in rivals} - cells
    if not tested and column.better:
        findings.plain |= cells
    else:
        findings.tested |= cells if tested else set()
        findings.tests |= dict.fromkeys(test.test for _, test in tested if test.test)
        if untested:
            findings.untested.setdefault(column.shown, {}).update(dict.fromkeys(untested))


def _notes(table: Table, findings: _Findings) -> Iterator[str]:
    if findings.tested:
        scope = "of a column and variant" if len(table.variants) > 1 else "of a column"
        tests = (
            f" ({', '.join(_name_tests(findings.tests))}; one-sided, alpha {ALPHA:g}, each against the best,"
            " not corrected for the number of tests)"
            if findings.tests
            else ""
        )
        yield f"Bold: the best {scope} and what is not significantly worse{tests}."
    if findings.plain:
        bold = {column for _, column, _ in findings.plain}
        labels = [column.shown for column in table.columns if column.label in bold]
        yield f"Bold without a test of significance: the best of {', '.join(labels)}."
    if findings.untested and not findings.tested:
        yield (
            f"No best is in bold: a test takes {FEWEST_SEEDS} seeds in common, or scores by sample,"
            " of the same data."
        )
    elif findings.untested:
        where = "; ".join(f"{column} ({', '.join(rows)})" for column, rows in findings.untested.items())
        yield f"Without seeds or samples in common, not tested against the best: {where}."


def _name_tests(tests: Iterable[Test]) -> Iterator[str]:
    """Name each kind of test once, with how many pairs it was over."""
    pairs: dict[tuple[str, str], list[int]] = {}
    for test in tests:
        pairs.setdefault((test.name, test.of), []).append(test.pairs)
    for (name, of), counts in pairs.items():
        fewest, most = min(counts), max(counts)
        yield f"{name} over {fewest if fewest == most else f'{fewest} to {most}'} {of}"


def _direction(column: Column, result: CellResult) -> int:
    """Return 1 where the higher is best, -1 where the lower, 0 where neither; by default a score's is 1."""
    if column.better:
        return {"higher": 1, "lower": -1, "none": 0}[column.better]
    metric = result.cell.metric
    return int(metric is not None and metric.is_default_stage and not metric.is_cost)


def _contests(table: Table, column: Column, results: TableResults) -> Iterator[list[_Rival]]:
    """Yield the measured numbers of a column, for each variant; a cell with one value takes part in all."""
    for index in range(max(1, len(table.variants))):
        rivals = []
        for row in table.rows:
            in_cell = results.at(row.label, column.label)
            position = min(index, len(in_cell) - 1)
            if in_cell[position].has_value and in_cell[position].cell.metric is not None:
                rivals.append(_Rival(row.label, position, in_cell[position]))
        if len(rivals) > 1:
            yield rivals


def _origin(job: Job, matrix: Matrix, store: Store) -> tuple[object, ...]:
    """Return data and the settings of the header: what two numbers must share to be compared."""
    result = store.result(job)
    digest = result.provenance.get("data_digest") if result else None
    return digest, *(value_of(key, job.settings, None) for key in matrix.project.stages.header.values())
