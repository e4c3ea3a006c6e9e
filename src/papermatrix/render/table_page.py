"""What a rendered table shows, whatever its format: our numbers, their origin, the authors' numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from papermatrix.analysis.audit import Footnotes as AuditNotes
from papermatrix.analysis.best import Place, find_best
from papermatrix.analysis.best_notes import best_notes
from papermatrix.analysis.comparison import Comparison, can_compare, comparisons_at
from papermatrix.analysis.evidence import why_unusable
from papermatrix.analysis.inference import Inference, Interval
from papermatrix.config.load import Project
from papermatrix.config.reported import Reported
from papermatrix.config.stages import SampleNames
from papermatrix.config.tables import Column, Row, Table
from papermatrix.matrix.cells import Cell
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.sharing import same_cells, same_levels
from papermatrix.render.escape import NOTHING
from papermatrix.render.header import header_lines, legend, mixtures
from papermatrix.render.layout import (
    CellText,
    Footnotes,
    Grid,
    LayoutCell,
    Note,
    header,
    row_groups,
    transposed,
)
from papermatrix.render.origins import NO_ORIGINS, Origins, origins
from papermatrix.render.text import (
    SLASH,
    difference_text,
    interval_text,
    reported_text,
    without_zero,
)
from papermatrix.results.status import JobStatus
from papermatrix.results.store import Store
from papermatrix.results.values import CellResult, TableResults

NO_NOTES: AuditNotes = {}
NONE_REPORTED = "The authors report no number of this table."
COMPACT = "In parentheses: as reported."
PARTS = ("reported", "ours", "difference")
"""Of a column that compares."""
Cells = Callable[[Row, Column, Footnotes], tuple[LayoutCell, ...]]


@dataclass(frozen=True)
class TablePage:
    name: str
    title: str
    caption: str
    """More about the table; may be empty."""
    label: str
    """What LaTeX refers to it by."""
    header: tuple[tuple[str, str], ...]
    """Where our numbers come from, by what to call it."""
    ours: Grid
    """Our numbers; with the authors' beside them where the table compares the two."""
    reported: Grid | None
    """The authors' numbers, where they stand alone."""
    reported_from: str
    """What the authors' numbers are, and whether ours can be compared with them."""


def table_page(
    matrix: Matrix,
    results: TableResults,
    store: Store,
    inference: Inference,
    notes: AuditNotes = NO_NOTES,
) -> TablePage:
    """Lay out one table; `notes` are footnotes to the authors' numbers."""
    project, table = matrix.project, matrix.project.tables[results.name]
    names = project.stages.sample_names
    best, found = find_best(table, results, inference), origins(results, inference, names)
    is_reported = results.name in project.reported
    has_numbers = _has_something(project.reported.get(results.name, {}))
    is_compared = table.compare and has_numbers and can_compare(project)
    under = (
        *([table.note] if table.note else []),
        *best_notes(table, best, names),
        *_unusable_samples(results),
        *mixtures(matrix, results, store),
        *([f"Reported: {project.reported_source}"] if is_compared else []),
        *([NONE_REPORTED] if is_reported and not has_numbers else []),
    )
    theirs = project.as_reported.get(results.name, table)
    grids = _Grids(table, results, notes, found, best.bold, inference, names)
    return TablePage(
        name=results.name,
        title=table.title,
        caption=table.caption or "",
        label=table.label or f"tab:{results.name}",
        header=(*header_lines(matrix, results, store, found), *legend(matrix, results, found, inference)),
        ours=grids.compared(under) if is_compared else grids.ours(under),
        reported=_Grids(theirs, results, notes).reported() if has_numbers and not is_compared else None,
        reported_from=_reported_from(project),
    )


def _unusable_samples(results: TableResults) -> list[str]:
    """Say which rows left samples that cannot be used, and why."""
    rows: dict[str, dict[str, None]] = {}
    for result in results.cells:
        if why := why_unusable(result):
            rows.setdefault(why, {})[result.cell.row.shown] = None
    return [f"samples.parquet of {', '.join(of)} is not used: {why}." for why, of in rows.items()]


def _has_something(reported: Reported) -> bool:
    """Return whether the authors reported anything of a table, or anything is to be said of it."""
    cells = [cell for row in reported.values() for cell in row.values()]
    return any(cell.suspect or any(value.mean is not None for value in cell.values) for cell in cells)


def _reported_from(project: Project) -> str:
    if can_compare(project):
        return project.reported_source
    ours = project.config.scale
    return f"{project.reported_source} Ours are at scale {ours}: they cannot be compared with these."


class _Grids:
    """Lays out the cells of a table: ours, the authors', or both side by side."""

    def __init__(
        self,
        table: Table,
        results: TableResults,
        notes: AuditNotes,
        found: Origins = NO_ORIGINS,
        bold: Collection[Place] = (),
        inference: Inference | None = None,
        names: SampleNames | None = None,
    ):
        self._table, self._results, self._bold = table, results, bold
        self._notes, self._found, self._inference, self._names = notes, found, inference, names
        cells = [result.cell for result in results.cells]
        self._same_rows, self._same_cells = same_levels(cells, "rows"), same_cells(cells)

    def ours(self, under: Sequence[str]) -> Grid:
        """Lay out our numbers; `under` are sentences about all of the table."""
        return self._grid(under, self._our_cells, self._row_notes)

    def reported(self) -> Grid:
        """Lay out the authors' numbers alone."""
        return self._grid((), lambda row, column, notes: (self._their_cell(row, column, notes),), {})

    def compared(self, under: Sequence[str]) -> Grid:
        """Lay out columns with a number of the authors as theirs, ours and the difference."""
        reported = [result.cell for result in self._results.cells if result.cell.reported]
        with_numbers = {c.column.label for c in reported if c.reported and c.reported.value is not None}

        if self._table.compare == "compact":
            return self._grid((*under, COMPACT), self._beside_theirs, self._row_notes)

        def cells(row: Row, column: Column, notes: Footnotes) -> tuple[LayoutCell, ...]:
            ours = self._our_cells(row, column, notes)
            if column.label not in with_numbers:
                return ours
            theirs = self._their_cell(row, column, notes)
            return theirs, *ours, self._difference(row, column, notes)

        return self._grid(under, cells, self._row_notes, with_numbers)

    def _beside_theirs(self, row: Row, column: Column, footnotes: Footnotes) -> tuple[LayoutCell, ...]:
        """Lay out our numbers with the authors' in parentheses."""
        (ours,) = self._our_cells(row, column, footnotes)
        comparisons = comparisons_at(self._results, row.label, column.label)
        if not any(comparison.reported.value is not None for _, comparison in comparisons):
            return (ours,)
        theirs = self._their_cell(row, column, footnotes)
        marks = footnotes.marks(*_outside([comparison for _, comparison in comparisons]))
        texts = SLASH.join(without_zero(value.text) for value in theirs.values)
        remark = " ".join(filter(None, (f"({texts})", ours.remark)))
        return (LayoutCell(ours.values, remark, tuple(dict.fromkeys((*ours.marks, *theirs.marks, *marks)))),)

    @property
    def _row_notes(self) -> dict[str, tuple[str, ...]]:
        """Return what is said of rows of ours, by label."""
        same = {row: (self._same_jobs(other),) for row, other in self._same_rows.items()}
        return {
            row.label: self._found.of("row", row.label) + same.get(row.label, ()) for row in self._table.rows
        }

    def _grid(
        self,
        under: Sequence[str],
        cells: Cells,
        row_notes: Mapping[str, tuple[str, ...]],
        with_parts: Collection[str] = (),
    ) -> Grid:
        """Lay out header and rows; `cells` gives what stands in a row under a column."""
        footnotes, columns = Footnotes(), self._table.columns
        parts = [(column, PARTS if column.label in with_parts else ()) for column in columns]
        heads = header(parts, footnotes, self._found)
        rows = [
            (row, tuple(cell for column in columns for cell in cells(row, column, footnotes)))
            for row in self._table.rows
        ]
        grid = Grid(heads, row_groups(rows, footnotes, row_notes), (*footnotes.notes, *map(Note, under)))
        return transposed(grid) if self._table.transpose else grid

    def _our_cells(self, row: Row, column: Column, footnotes: Footnotes) -> tuple[LayoutCell, ...]:
        results = self._results.at(row.label, column.label)
        values = tuple(
            CellText(self._text(result), (row.label, column.label, index) in self._bold, self._about(result))
            for index, result in enumerate(results)
        )
        is_stale = any(result.status.is_stale and result.has_value for result in results)
        origin = self._found.of("cell", (row.label, column.label))
        notes = [*origin, *_failures(results), *_stale_causes(results)]
        if row.label not in self._same_rows and (other := self._same_cells.get((row.label, column.label))):
            notes.append(self._same_jobs(other))
        return (LayoutCell(values, "(stale)" if is_stale else "", footnotes.marks(*notes)),)

    def _text(self, result: CellResult) -> str:
        """Write a value, with its interval where the table shows them."""
        return interval_text(result, self._interval(result) if self._table.intervals else None)

    def _about(self, result: CellResult) -> str:
        """Say a value's interval."""
        interval = self._interval(result)
        return interval.text(result.cell.number_format, self._names or SampleNames()) if interval else ""

    def _interval(self, result: CellResult) -> Interval | None:
        return self._inference.interval(result) if self._inference else None

    def _same_jobs(self, label: str) -> str:
        row = next(row for row in self._table.rows if row.label == label)
        return f"the very same jobs as row {row.shown}"

    def _their_cell(self, row: Row, column: Column, footnotes: Footnotes) -> LayoutCell:
        cells = [result.cell for result in self._results.every(row.label, column.label)]
        reported = cells[0].reported
        if reported is None:
            return LayoutCell((CellText(NOTHING),), marks=footnotes.marks(*self._audit_notes(cells[0])))
        if not reported.is_of_variant:
            cells = cells[:1]
        values = tuple(CellText(reported_text(cell)) for cell in cells)
        return LayoutCell(values, marks=footnotes.marks(reported.suspect, *self._audit_notes(cells[0])))

    def _audit_notes(self, cell: Cell) -> tuple[str, ...]:
        return self._notes.get(cell.labels, ())

    def _difference(self, row: Row, column: Column, footnotes: Footnotes) -> LayoutCell:
        comparisons = [comparison for _, comparison in comparisons_at(self._results, row.label, column.label)]
        number_format = self._table.format_of(column, row)
        texts = tuple(
            CellText(difference_text(comparison.difference, number_format)) for comparison in comparisons
        )
        return LayoutCell(texts or (CellText(NOTHING),), marks=footnotes.marks(*_outside(comparisons)))


def _outside(comparisons: Sequence[Comparison]) -> list[str]:
    return [
        f"further from the reported than {comparison.reported.tolerance}"
        for comparison in comparisons
        if comparison.is_outside
    ]


def _stale_causes(results: Sequence[CellResult]) -> list[str]:
    """Return why values are stale: which code has changed, and how to see it."""
    causes = (value.stale_cause for result in results if result.has_value for value in result.values)
    return [f"stale: {cause}" for cause in dict.fromkeys(filter(None, causes))]


def _failures(results: Sequence[CellResult]) -> list[str]:
    """Return why cells have no value: the paths of failed jobs' logs, and scores that results lack."""
    failed = JobStatus.FAILED
    return [
        f"failed: {reason}" if result.status.job is failed else reason
        for result in results
        if result.status.job in (failed, None)
        for reason in result.reasons
    ]
