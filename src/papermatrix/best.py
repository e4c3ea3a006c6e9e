"""The best of a column, and what is not significantly worse than it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from papermatrix.aggregate import Summaries, Summary
from papermatrix.expand import Job, Matrix
from papermatrix.metric import parse_metric
from papermatrix.settings import stated
from papermatrix.significance import ALPHA, FEWEST_SEEDS, Origin, Test, compare
from papermatrix.spec import Column, Table
from papermatrix.store import Store


@dataclass(frozen=True)
class Best:
    """What is in bold, by the labels of row and column and the place in the cell; and why, in sentences."""

    places: frozenset[tuple[str, str, int]] = frozenset()
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
    """Its place in the cell."""
    summary: Summary


def find_best(matrix: Matrix, table: Table, summaries: Summaries, store: Store) -> Best:
    """The best of each column and variant, and what is not significantly worse, each tested against the best.

    Where no test is possible, only a column that states what is better has its best in bold.
    """
    if not table.best:
        return Best()
    findings = _Findings()
    for column in table.columns:
        if sign := _direction(matrix, table, column):
            for rivals in _contests(table, column, summaries):
                _judge(rivals, column, sign, findings, lambda job: _origin(job, matrix, store))
    findings.tested -= findings.lost
    findings.plain -= findings.lost
    return Best(frozenset(findings.tested | findings.plain), tuple(_notes(table, findings)))


def _judge(rivals: list[_Rival], column: Column, sign: int, findings: _Findings, origin: Origin) -> None:
    best = max(rivals, key=lambda rival: sign * rival.summary.mean)
    others = [
        (rival, compare(best.summary, rival.summary, sign, origin)) for rival in rivals if rival is not best
    ]
    outcomes = [(rival, outcome) for rival, outcome in others if outcome is not None]
    equals = [best, *(rival for rival, outcome in outcomes if not outcome.is_worse)]
    places = {(rival.row, column.label, rival.index) for rival in equals}
    untested = [rival.row for rival, outcome in others if outcome is None]
    findings.lost |= {(rival.row, column.label, rival.index) for rival in rivals} - places
    if not outcomes and column.better:
        findings.plain |= places
    else:
        findings.tested |= places if outcomes else set()
        findings.tests |= dict.fromkeys(outcome.test for _, outcome in outcomes if outcome.test)
        if untested:
            findings.untested.setdefault(column.label, {}).update(dict.fromkeys(untested))


def _notes(table: Table, findings: _Findings) -> Iterator[str]:
    if findings.tested:
        each = "of a column and variant" if len(table.variants) > 1 else "of a column"
        how = (
            f" ({', '.join(_in_words(findings.tests))}; one-sided, alpha {ALPHA:g}, each against the best,"
            " not corrected for the number of tests)"
            if findings.tests
            else ""
        )
        yield f"Bold: the best {each} and what is not significantly worse{how}."
    if findings.plain:
        bold = {column for _, column, _ in findings.plain}
        labels = [column.label for column in table.columns if column.label in bold]
        yield f"Bold without a test of significance: the best of {', '.join(labels)}."
    if findings.untested and not findings.tested:
        yield (
            f"No best is in bold: a test takes {FEWEST_SEEDS} seeds in common, or scores by sample,"
            " of the same data."
        )
    elif findings.untested:
        where = "; ".join(f"{column} ({', '.join(rows)})" for column, rows in findings.untested.items())
        yield f"Without seeds or samples in common, not tested against the best: {where}."


def _in_words(tests: Iterable[Test]) -> Iterator[str]:
    """Each kind of test once, with how many pairs it was over."""
    pairs: dict[tuple[str, str], list[int]] = {}
    for test in tests:
        pairs.setdefault((test.name, test.of), []).append(test.pairs)
    for (name, of), counts in pairs.items():
        fewest, most = min(counts), max(counts)
        yield f"{name} over {fewest if fewest == most else f'{fewest} to {most}'} {of}"


def _direction(matrix: Matrix, table: Table, column: Column) -> int:
    """1 where the higher is best, -1 where the lower, 0 where neither; by default only scores have a best."""
    if column.better:
        return {"higher": 1, "lower": -1, "none": 0}[column.better]
    text = column.metric or table.metric
    if column.show or text is None:
        return 0
    stages = matrix.project.stages
    metric = parse_metric(text, stages.stages, stages.scores)
    return int(metric.is_default_stage and not metric.is_cost)


def _contests(table: Table, column: Column, summaries: Summaries) -> Iterator[list[_Rival]]:
    """The measured numbers of a column, for each variant; a cell with one value takes part in all of them."""
    for index in range(max(1, len(table.variants))):
        rivals = []
        for row in table.rows:
            each = summaries[row.label, column.label]
            at = min(index, len(each) - 1)
            if each[at].has_value and each[at].readings[0].cell.metric is not None:
                rivals.append(_Rival(row.label, at, each[at]))
        if len(rivals) > 1:
            yield rivals


def _origin(job: Job, matrix: Matrix, store: Store) -> tuple[object, ...]:
    """Data and the settings of the header: what two numbers must share to be compared."""
    result = store.result(job)
    digest = result.provenance.get("data_digest") if result else None
    return digest, *(stated(key, job.settings) for key in matrix.project.stages.header.values())
