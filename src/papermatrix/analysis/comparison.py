"""The authors' numbers against ours: differences, tolerances, and what cannot be compared."""

from __future__ import annotations

from dataclasses import dataclass

from jobkit.errors import UserError
from papermatrix.config.fields import is_number
from papermatrix.config.load import Project
from papermatrix.matrix.cells import ReportedNumber
from papermatrix.results.values import CellResult, TableResults

_ROUNDING = 1e-9
"""Of a tolerance: what binary fractions add to a difference."""


@dataclass(frozen=True)
class Comparison:
    """One reported number beside ours, in the unit that the column shows."""

    reported: ReportedNumber
    ours: float | None
    """None where ours is no number."""
    is_measured: bool
    """Whether jobs make ours; what is cited or shown is not compared."""

    @property
    def difference(self) -> float | None:
        """Ours less theirs."""
        if self.ours is None or not self.is_measured or not is_number(self.reported.value):
            return None
        return self.ours - self.reported.value

    @property
    def skipped(self) -> str:
        """Why what was reported is not compared, if so."""
        if self.reported.suspect:
            return "suspect"
        if not is_number(self.reported.value) or not self.is_measured:
            return "no number to compare"
        return ""

    @property
    def is_outside(self) -> bool:
        """Whether the difference is more than the tolerance."""
        width = self.reported.width
        if self.difference is None or width is None:
            return False
        return abs(self.difference) > width * (1 + _ROUNDING)


def compared(result: CellResult) -> Comparison | None:
    """Compare a cell with what was reported of it; None where nothing was."""
    cell = result.cell
    if cell.reported is None:
        return None
    has_number = result.has_value and isinstance(result.mean, int | float)
    ours = result.mean * cell.factor if has_number else None
    return Comparison(cell.reported, ours, is_measured=cell.is_ours)


def comparisons_at(results: TableResults, row: str, column: str) -> list[tuple[CellResult, Comparison]]:
    """Compare what stands in a cell with what was reported of it, variant by variant."""
    in_cell = results_at(results, row, column)
    return [(result, made) for result in in_cell if (made := compared(result)) is not None]


def results_at(results: TableResults, row: str, column: str) -> list[CellResult]:
    """Return a cell's results, a variant each; only one where both sides have one value for all."""
    in_cell = results.every(row, column)
    if any(result.cell.reported and result.cell.reported.is_of_variant for result in in_cell):
        return in_cell
    return results.at(row, column)


def can_compare(project: Project) -> bool:
    return project.reported_scale == project.config.scale


def expect_one_scale(project: Project) -> None:
    """Raise a `UserError` where the authors' numbers are of another scale than ours."""
    if can_compare(project):
        return
    theirs, ours = project.reported_scale, project.config.scale
    if theirs is None:
        raise UserError(f"{project.config.tables}: the reported numbers state no scale; expected {ours}")
    raise UserError(
        f"{project.config.reported}: the reported numbers are of scale {theirs}, ours of scale {ours}:"
        f" they cannot be compared; choose it with --config scale={theirs}"
    )
