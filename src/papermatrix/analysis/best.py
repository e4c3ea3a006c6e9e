"""The best of a column, row or group, and what is not significantly worse than it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from papermatrix.analysis.inference import ALPHA, Difference, Inference, Test, Untested
from papermatrix.config.tables import Column, Row, Table
from papermatrix.matrix.cells import Cell
from papermatrix.results.values import CellResult, TableResults
from papermatrix.statistics.holm import holm

Place = tuple[str, str, int]
"""The labels of row and column, and the position in the cell."""


@dataclass(frozen=True)
class Rival:
    place: Place
    result: CellResult


@dataclass(frozen=True)
class Verdict:
    """How a number stands to the best of its contest."""

    result: CellResult
    is_bold: bool
    best: CellResult
    difference: Difference | Untested | None = None
    """The best less this one; None of the best itself."""
    p_corrected: float | None = None
    """The p-value, corrected for the number of rivals."""
    rivals: int = 0
    """How many were tested against the best."""
    by_value: bool = False
    """Whether it is bold only because it is at least as good as one that is."""
    is_refused: bool = False
    """Whether nothing is bold, since no p-value could have told the rivals from the best."""


@dataclass(frozen=True)
class Contest:
    """Numbers of which one is best."""

    name: str
    """The column that they are of, or the row or group, and the variant."""
    sign: int
    """1 where the higher is better, else -1."""
    verdicts: dict[Place, Verdict] = field(default_factory=dict)

    @property
    def has_bold(self) -> bool:
        return any(verdict.is_bold for verdict in self.verdicts.values())

    @property
    def tests(self) -> list[Test]:
        found = (v.difference.test for v in self.verdicts.values() if isinstance(v.difference, Difference))
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Best:
    """What is in bold in a table, and why."""

    contests: tuple[Contest, ...] = ()
    undeclared: tuple[str, ...] = ()
    """The columns that do not say whether higher or lower is better."""

    @property
    def bold(self) -> frozenset[Place]:
        """What is bold in every contest that it takes part in: one value for all variants in several."""
        places = [item for contest in self.contests for item in contest.verdicts.items()]
        bold = {place for place, _ in places} - {place for place, v in places if not v.is_bold}
        while contradicted := {place for contest in self.contests for place in _contradicted(contest, bold)}:
            bold -= contradicted
        return frozenset(bold)

    def verdicts(self, place: Place) -> list[Verdict]:
        return [contest.verdicts[place] for contest in self.contests if place in contest.verdicts]


def _contradicted(contest: Contest, bold: Collection[Place]) -> Iterator[Place]:
    """Yield what is bold beside a number that is as good and has lost its mark in another contest."""
    plain = [verdict.result for place, verdict in contest.verdicts.items() if place not in bold]
    for place, verdict in contest.verdicts.items():
        if place in bold and any(_is_as_good(other, verdict.result, contest.sign) for other in plain):
            yield place


def find_best(table: Table, results: TableResults, inference: Inference) -> Best:
    """Find the best, and what is not significantly worse by a test against it, corrected for the rivals."""
    if not table.best:
        return Best()
    contests: list[Contest] = []
    undeclared: dict[str, None] = {}
    for name, rivals in _contests(table, results):
        better = rivals[0].result.cell.better
        if better is None:
            undeclared |= dict.fromkeys(rival.result.cell.column.shown for rival in rivals)
        elif better != "none" and len(rivals) > 1:
            sign = 1 if better == "higher" else -1
            contests.append(Contest(name, sign, _judge(rivals, sign, inference)))
    return Best(tuple(contests), tuple(undeclared))


def _judge(rivals: Sequence[Rival], sign: int, inference: Inference) -> dict[Place, Verdict]:
    best = max(rivals, key=lambda rival: sign * rival.result.mean)
    outcomes = {
        rival.place: inference.compare(best.result, rival.result) for rival in rivals if rival is not best
    }
    tested = {place: one for place, one in outcomes.items() if isinstance(one, Difference)}
    corrected = dict(zip(tested, holm([one.p_value for one in tested.values()]), strict=True))
    is_refused = bool(tested) and all(len(tested) * one.test.least_p > ALPHA for one in tested.values())
    has_mark = not is_refused and (bool(tested) or _may_be_untested(outcomes.values()))
    equals = {place for place, one in outcomes.items() if one is Untested.SAME}
    equals |= {best.place, *(place for place, p in corrected.items() if p > ALPHA)}
    least = min((r.result for r in rivals if r.place in equals), key=lambda result: sign * result.mean)
    as_good = {rival.place for rival in rivals if _is_as_good(rival.result, least, sign)}
    return {
        rival.place: Verdict(
            rival.result,
            is_bold=has_mark and rival.place in equals | as_good,
            best=best.result,
            difference=outcomes.get(rival.place),
            p_corrected=corrected.get(rival.place),
            rivals=len(tested),
            by_value=rival.place in corrected and rival.place in as_good - equals,
            is_refused=is_refused,
        )
        for rival in rivals
    }


_WITHOUT_TEST = (Untested.SAME, Untested.NO_SAMPLES, Untested.OWN_DATA, Untested.NOT_LINEAR)


def _may_be_untested(outcomes: Iterable[Difference | Untested]) -> bool:
    """Return whether the best is marked without a test: where none is to be had, not where one is refused."""
    return all(outcome in _WITHOUT_TEST for outcome in outcomes)


def _is_as_good(result: CellResult, other: CellResult, sign: int) -> bool:
    """Return whether a number is no worse than another, as they are shown."""
    return sign * (result.mean - other.mean) >= 0 or _shown(result) == _shown(other)


def _shown(result: CellResult) -> str:
    return format(result.mean * result.cell.factor, result.cell.number_format)


def _contests(table: Table, results: TableResults) -> Iterator[tuple[str, list[Rival]]]:
    """Yield the numbers of which one is best, for each variant; a cell with one value takes part in all."""
    for line, cells in _lines(table):
        for index in range(max(1, len(table.variants))):
            name = f"{line} ({table.variants[index].shown})" if len(table.variants) > 1 else line
            rivals: dict[tuple[object, ...], list[Rival]] = {}
            for row, column in cells:
                in_cell = results.at(row.label, column.label)
                position = min(index, len(in_cell) - 1)
                result = in_cell[position]
                if result.has_value and result.cell.is_ours and isinstance(result.mean, int | float):
                    place = (row.label, column.label, position)
                    rivals.setdefault(_measure(result, table), []).append(Rival(place, result))
            yield from ((name, of_one_measure) for of_one_measure in rivals.values())


def _measure(result: CellResult, table: Table) -> tuple[object, ...]:
    """Return what numbers must share to be compared along a row: what they measure, and which is better."""
    cell = result.cell
    return (cell.better, *_measured(cell)) if table.best == "rows" else (cell.better,)


def _measured(cell: Cell) -> tuple[object, ...]:
    """Return what a cell measures, in which unit; of a derived one what its parts do, and how."""
    if cell.derivation is None:
        return cell.metric, cell.factor
    return cell.derivation.kind, frozenset(map(_measured, cell.parts))


def _lines(table: Table) -> Iterator[tuple[str, list[tuple[Row, Column]]]]:
    """Yield each column, each row, or each column of a group of rows; derived ones take no part in theirs."""
    rows = [row for row in table.rows if not row.derivation]
    if table.best == "rows":
        columns = [column for column in table.columns if not column.derivation]
        for row in table.rows:
            yield row.shown, [(row, column) for column in columns]
        return
    groups = [(None, rows)] if table.best != "groups" else groupby(rows, key=lambda row: row.group)
    for group, members in [(group, list(members)) for group, members in groups]:
        for column in table.columns:
            name = f"{column.shown} ({group})" if group else column.shown
            yield name, [(row, column) for row in members]
