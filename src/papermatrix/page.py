"""What a rendered table says, whatever its form: our numbers, their origin, the authors' numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from papermatrix import header, words
from papermatrix.aggregate import STALE, Place, Reading, Summaries, Summary
from papermatrix.best import Best, find_best
from papermatrix.compare import Comparison, can_compare, comparisons
from papermatrix.escape import NOTHING
from papermatrix.expand import Matrix
from papermatrix.grid import Entry, Footnotes, Grid, Head, Note, Word, blocks, column_head, entry, group_heads
from papermatrix.project import Project
from papermatrix.spec import Column, Reported, ReportedCell, Row, Table
from papermatrix.store import Store

Notes = Mapping[Place, tuple[str, ...]]
"""Footnotes to the authors' numbers, by the labels of row and column."""
NO_NOTES: Notes = {}


@dataclass(frozen=True)
class Page:
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


def make_page(
    matrix: Matrix, name: str, readings: Sequence[Reading], summaries: Summaries, store: Store, notes: Notes
) -> Page:
    """One table's page."""
    project = matrix.project
    table = project.tables[name]
    reported = project.reported.get(name)
    best = find_best(matrix, table, summaries, store)
    compared = table.compare and reported is not None and can_compare(project)
    under = (
        *([table.note] if table.note else []),
        *best.notes,
        *header.mixtures(matrix, readings, store),
        *([f"Reported: {project.reported_source}"] if compared else []),
    )
    ours = _Ours(table, summaries, best)
    return Page(
        name=name,
        title=table.title,
        caption=table.caption or "",
        label=table.label or f"tab:{name}",
        header=(*header.header(matrix, name, store), *header.legend(table, summaries)),
        ours=_compared(ours, reported, notes, under) if compared and reported else ours.grid(under),
        reported=_reported(table, reported, notes) if reported and not compared else None,
        reported_from=_reported_from(project),
    )


class _Ours:
    """Our cells, with footnotes of their own."""

    def __init__(self, table: Table, summaries: Summaries, best: Best):
        self.table, self.summaries, self.best = table, summaries, best
        self.footnotes = Footnotes()

    def grid(self, notes: Sequence[str]) -> Grid:
        heads = _heads([(column, ()) for column in self.table.columns], self.footnotes)
        rows = [
            (row, tuple(self.cell(row, column) for column in self.table.columns)) for row in self.table.rows
        ]
        return Grid(heads, blocks(rows, self.footnotes), _all_notes(self.footnotes, notes))

    def cell(self, row: Row, column: Column) -> Entry:
        each = self.summaries[row.label, column.label]
        texts = tuple(
            Word(
                words.cell(summary, row, column, self.table),
                (row.label, column.label, index) in self.best.places,
            )
            for index, summary in enumerate(each)
        )
        stale = "(stale)" if any(summary.status == STALE for summary in each) else ""
        return Entry(texts, stale, self.footnotes.marks(*_reasons(each)))


def _reasons(summaries: Sequence[Summary]) -> list[str]:
    """Why cells failed: the paths of their logs."""
    return [
        f"failed: {reason}"
        for summary in summaries
        if summary.status == "failed"
        for reason in summary.reasons
    ]


def _heads(
    columns: Sequence[tuple[Column, tuple[str, ...]]], footnotes: Footnotes
) -> tuple[tuple[Head, ...], ...]:
    """Levels of heads: groups, columns, and the parts of columns, where there are such."""
    widths = [(column, max(1, len(parts))) for column, parts in columns]
    groups = group_heads(widths)
    own = tuple(Head(column_head(column, footnotes), width) for column, width in widths)
    levels = (groups, own) if groups else (own,)
    if all(not parts for _, parts in columns):
        return levels
    return (*levels, tuple(Head(entry(part)) for _, parts in columns for part in parts or ("",)))


def _all_notes(footnotes: Footnotes, notes: Sequence[str]) -> tuple[Note, ...]:
    return (*footnotes.notes, *map(Note, notes))


def _reported(table: Table, reported: Reported, notes: Notes) -> Grid:
    """The authors' numbers alone."""
    footnotes = Footnotes()
    heads = _heads([(column, ()) for column in table.columns], footnotes)
    rows = [
        (row, tuple(_theirs(table, row, column, reported, notes, footnotes) for column in table.columns))
        for row in table.rows
    ]
    return Grid(heads, blocks(rows, footnotes), footnotes.notes)


def _theirs(
    table: Table, row: Row, column: Column, reported: Reported, notes: Notes, footnotes: Footnotes
) -> Entry:
    cell = reported.get(row.label, {}).get(column.label, ReportedCell(values=None))
    texts = tuple(Word(words.reported(value, column, table)) for value in cell.each)
    return Entry(texts, marks=footnotes.marks(cell.suspect, *notes.get((row.label, column.label), ())))


def _compared(ours: _Ours, reported: Reported, notes: Notes, under: Sequence[str]) -> Grid:
    """Columns with a number of the authors as theirs, ours and the difference; the others as ours."""
    table, footnotes = ours.table, ours.footnotes
    found = comparisons(table, reported, ours.summaries)
    numbers = {column for (_, column), each in found.items() if any(one.reported is not None for one in each)}
    heads = _heads(
        [
            (column, ("reported", "ours", "difference") if column.label in numbers else ())
            for column in table.columns
        ],
        footnotes,
    )
    rows = []
    for row in table.rows:
        entries: list[Entry] = []
        for column in table.columns:
            cell = ours.cell(row, column)
            if column.label not in numbers:
                entries.append(cell)
                continue
            theirs = _theirs(table, row, column, reported, notes, footnotes)
            each = found.get((row.label, column.label), [])
            entries += [theirs, cell, _difference(each, column.format or table.format, footnotes)]
        rows.append((row, tuple(entries)))
    return Grid(heads, blocks(rows, footnotes), _all_notes(footnotes, under))


def _difference(each: Sequence[Comparison], number_format: str, footnotes: Footnotes) -> Entry:
    texts = tuple(Word(words.difference(one.difference, number_format)) for one in each)
    outside = [f"further from the reported than {one.tolerance:g}" for one in each if one.is_outside]
    return Entry(texts or (Word(NOTHING),), marks=footnotes.marks(*outside))


def _reported_from(project: Project) -> str:
    if can_compare(project):
        return project.reported_source
    ours = project.config.scale
    return f"{project.reported_source} Ours are at scale {ours}: they cannot be compared with these."
