"""The authors' numbers against ours: differences, tolerances, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from jobkit.errors import UserError
from papermatrix.aggregate import Place, Summaries, Summary
from papermatrix.expand import Cell
from papermatrix.project import Project
from papermatrix.spec import Column, Reported, ReportedCell, ReportedValue, Table, is_number

_ROUNDING = 1e-9
"""Of a tolerance: what binary fractions add to a difference."""


@dataclass(frozen=True)
class Comparison:
    """One reported value beside ours, in the unit that the column shows."""

    row: str
    column: str
    variant: str | None
    reported: ReportedValue
    suspect: str | None
    ours: float | None
    """None where ours is no number."""
    status: str
    """Ours: `value`, or why there is none."""
    tolerance: float | None
    is_measured: bool
    """Whether a job makes ours; what is cited or shown is not compared."""
    is_contradicted: bool
    """Whether the audit finds that theirs cannot be right."""

    @property
    def difference(self) -> float | None:
        """Ours less theirs."""
        if self.ours is None or not self.is_measured or not is_number(self.reported):
            return None
        return self.ours - self.reported

    @property
    def skipped(self) -> str:
        """Why there is nothing to compare, if so."""
        if self.reported is None:
            return "left empty by the authors"
        if self.suspect:
            return "suspect"
        if self.is_contradicted:
            return "contradicts itself (audit)"
        if not is_number(self.reported) or not self.is_measured:
            return "no number to compare"
        return ""

    @property
    def is_outside(self) -> bool:
        """Whether the difference is more than the tolerance."""
        if self.difference is None or self.tolerance is None:
            return False
        return abs(self.difference) > self.tolerance * (1 + _ROUNDING)


def can_compare(project: Project) -> bool:
    return project.reported_scale == project.config.scale


def expect_one_scale(project: Project) -> None:
    """A `UserError` where the authors' numbers are of another scale than ours."""
    if can_compare(project):
        return
    theirs, ours = project.reported_scale, project.config.scale
    if theirs is None:
        raise UserError(f"{project.config.tables}: the reported numbers state no scale; expected {ours}")
    raise UserError(
        f"{project.config.reported}: the reported numbers are of scale {theirs}, ours of scale {ours}:"
        f" they cannot be compared; choose it with --config scale={theirs}"
    )


def comparisons(
    table: Table, reported: Reported, summaries: Summaries, contradicted: Collection[Place] = ()
) -> dict[Place, list[Comparison]]:
    """By the labels of row and column, every reported value with ours, variant by variant.

    `contradicted` are the cells in which the audit finds a fault.
    """
    columns = {column.label: column for column in table.columns}
    return {
        (row, label): list(
            _compared(table, columns[label], cell, summaries[row, label], (row, label) in contradicted)
        )
        for row, cells in reported.items()
        for label, cell in cells.items()
    }


def _compared(
    table: Table, column: Column, cell: ReportedCell, summaries: list[Summary], is_contradicted: bool
) -> Iterator[Comparison]:
    stated = (cell.tolerance, column.tolerance, table.tolerance)
    tolerance = next((each for each in stated if each is not None), None)
    for index in range(max(len(cell.each), len(summaries))):
        summary = summaries[min(index, len(summaries) - 1)]
        source = summary.readings[0].cell
        is_number = summary.has_value and isinstance(summary.mean, int | float)
        yield Comparison(
            row=source.row,
            column=source.column,
            variant=table.variants[index].label if len(table.variants) > index else None,
            reported=cell.of(index),
            suspect=cell.suspect,
            ours=summary.mean * column.factor if is_number else None,
            status=summary.status,
            tolerance=tolerance,
            is_measured=source.metric is not None,
            is_contradicted=is_contradicted,
        )


def beside(found: Mapping[Place, list[Comparison]], cell: Cell, table: Table) -> Comparison | None:
    """What was reported of a cell's variant; variants of which both have one value share theirs."""
    each = found.get((cell.row, cell.column))
    return each[min(table.position(cell.variant), len(each) - 1)] if each else None
