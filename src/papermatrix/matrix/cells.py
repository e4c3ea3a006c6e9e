"""A cell: where a row and a column meet, for one variant, with all that is declared about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from papermatrix.config.derivation import Derivation
from papermatrix.config.fields import is_number
from papermatrix.config.metric import Metric
from papermatrix.config.reported import ReportedCell
from papermatrix.config.tables import Better, Column, Row, Table, Variant
from papermatrix.config.tolerance import Tolerance
from papermatrix.matrix.jobs import Job


@dataclass(frozen=True)
class Run:
    """One seed of a cell, and the job that measures it."""

    seed: int | None
    job: Job | None
    """None where the metric's stage does not take place."""


@dataclass(frozen=True)
class ReportedNumber:
    """What the authors wrote down for a cell's variant."""

    value: float | str | None
    """A number is a mean where they state more; None where they left it empty."""
    sd: float | None
    n: int | None
    """Of their runs."""
    suspect: str | None
    tolerance: Tolerance | None
    is_of_variant: bool
    """Whether they wrote down one for each variant."""

    @property
    def width(self) -> float | None:
        """How far from it ours may be, as the column shows it; None where no tolerance says it."""
        if self.tolerance is None or not is_number(self.value):
            return None
        return self.tolerance.around(self.value, self.sd)


@dataclass(frozen=True)
class Cell:
    """A metric of a job for each seed; without a metric, a setting's value or what is cited."""

    table: str
    row: Row
    column: Column
    number_format: str
    reported: ReportedNumber | None
    variant: Variant | None = None
    metric: Metric | None = None
    part: str | None = None
    """The part of the data that the metric is a score of, where its stage says so."""
    runs: tuple[Run, ...] = ()
    """One for each seed; none without a metric."""
    value: Any = None
    """Without a metric, what stands there."""
    better: Better | None = None
    """Which of its column's numbers is best."""
    derivation: Derivation | None = None
    """How it is made of other cells, if so."""
    parts: tuple[Cell, ...] = ()
    """Those cells."""
    rivals: tuple[tuple[Cell, ...], ...] = ()
    """Of a rank: for each part the cells of its column, its own among them."""

    @property
    def jobs(self) -> list[Job]:
        """The jobs that measure it, or its parts."""
        own = [run.job for run in self.runs if run.job]
        return own or list({job.id: job for part in self.parts for job in part.jobs}.values())

    @property
    def is_ours(self) -> bool:
        """Whether it is measured, or derived from what is."""
        return self.metric is not None or any(part.is_ours for part in self.parts)

    @property
    def factor(self) -> float:
        """What its number is multiplied by before it is shown; a derived row's are as shown already."""
        return 1 if self.row.derivation else self.column.factor

    @property
    def labels(self) -> tuple[str, str]:
        """The labels of row and column."""
        return self.row.label, self.column.label

    @property
    def shown_labels(self) -> tuple[str, ...]:
        """The labels of row, column and, where there is one, variant, as tables show them."""
        levels = (self.row, self.column, self.variant)
        return tuple(level.shown for level in levels if level)

    @property
    def variant_label(self) -> str | None:
        return self.variant.label if self.variant else None

    @property
    def is_cited(self) -> bool:
        return self.column.label in self.row.values

    @property
    def shows_setting(self) -> bool:
        return self.metric is None and not self.is_cited and self.derivation is None

    @property
    def name(self) -> str:
        """The metric's name, the derivation's, or the shown setting's."""
        if self.metric or self.derivation:
            return self.metric.name if self.metric else str(self.derivation)
        return (self.column.show or "") if self.shows_setting else ""


def reported_of(
    cell: ReportedCell | None, table: Table, column: Column, variant: Variant | None
) -> ReportedNumber | None:
    """Return what was reported of a variant; the nearest tolerance that is stated holds."""
    if cell is None:
        return None
    reported = cell.of(table.variant_index(variant.label if variant else None))
    tolerance = table.tolerance_of(column, cell)
    return ReportedNumber(
        reported.mean, reported.sd, reported.n, cell.suspect, tolerance, len(cell.values) > 1
    )
