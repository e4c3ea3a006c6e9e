"""A table's content before it takes a format: header cells, rows in groups, footnotes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from string import ascii_lowercase

from papermatrix.config.tables import Column, Row
from papermatrix.render.origins import Origins


@dataclass(frozen=True)
class CellText:
    """One of the values in a cell, as text."""

    text: str
    is_bold: bool = False
    about: str = ""
    """What a page says of it on demand: its interval."""


@dataclass(frozen=True)
class LayoutCell:
    """What stands in a cell: values with a slash between them, a remark, the marks of its footnotes."""

    values: tuple[CellText, ...]
    remark: str = ""
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class HeaderCell:
    """What stands over one column or several."""

    cell: LayoutCell
    span: int = 1

    @property
    def is_empty(self) -> bool:
        return not any(value.text for value in self.cell.values)


@dataclass(frozen=True)
class LayoutRow:
    label: LayoutCell
    cells: tuple[LayoutCell, ...]


@dataclass(frozen=True)
class RowGroup:
    """Rows that belong together; the name is empty where they have none."""

    name: str
    rows: tuple[LayoutRow, ...]


@dataclass(frozen=True)
class Note:
    """A sentence under the table; its mark is empty where it is about all of it."""

    text: str
    mark: str = ""


@dataclass(frozen=True)
class Grid:
    header: tuple[tuple[HeaderCell, ...], ...]
    """Levels from the outermost to the columns' own; the spans of each add up to the columns."""
    groups: tuple[RowGroup, ...]
    notes: tuple[Note, ...] = ()

    @property
    def width(self) -> int:
        return len(self.header[-1])


def transposed(grid: Grid) -> Grid:
    """Return a grid whose columns have no parts with its rows as columns, groups of either included."""
    rows = [row for group in grid.groups for row in group.rows]
    own = tuple(HeaderCell(row.label) for row in rows)
    over = tuple(HeaderCell(text_cell(group.name), len(group.rows)) for group in grid.groups)
    *outer, columns = grid.header
    names = [head.cell.values[0].text for level in outer for head in level for _ in range(head.span)]
    lines = [
        LayoutRow(head.cell, tuple(row.cells[index] for row in rows)) for index, head in enumerate(columns)
    ]
    groups = groupby(zip(names or [""] * len(lines), lines, strict=True), key=lambda line: line[0])
    return Grid(
        (over, own) if any(not head.is_empty for head in over) else (own,),
        tuple(RowGroup(name, tuple(line for _, line in members)) for name, members in groups),
        grid.notes,
    )


class Footnotes:
    """Gives equal texts one mark, in the order in which they are first used."""

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}

    def marks(self, *texts: str | None) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._mark(text) for text in texts if text))

    def _mark(self, text: str) -> str:
        index = len(self._marks)
        letter = ascii_lowercase[index] if index < len(ascii_lowercase) else str(index + 1)
        return self._marks.setdefault(text, letter)

    @property
    def notes(self) -> tuple[Note, ...]:
        return tuple(Note(text, mark) for text, mark in self._marks.items())


def text_cell(text: str, *marks: str) -> LayoutCell:
    return LayoutCell((CellText(text),), marks=marks)


def header(
    columns: Sequence[tuple[Column, tuple[str, ...]]], footnotes: Footnotes, found: Origins
) -> tuple[tuple[HeaderCell, ...], ...]:
    """Lay out the header: groups of columns, columns, and the parts of columns, where there are such."""
    widths = [(column, max(1, len(parts))) for column, parts in columns]
    own = tuple(HeaderCell(_column_cell(column, footnotes, found), width) for column, width in widths)
    groups = _column_groups(widths)
    levels = (groups, own) if groups else (own,)
    if all(not parts for _, parts in columns):
        return levels
    return (*levels, tuple(HeaderCell(text_cell(part)) for _, parts in columns for part in parts or ("",)))


def _column_cell(column: Column, footnotes: Footnotes, found: Origins) -> LayoutCell:
    """Lay out a column's label with its unit."""
    text = f"{column.shown} ({column.unit})" if column.unit else column.shown
    return text_cell(text, *footnotes.marks(column.note, *found.of("column", column.label)))


def _column_groups(columns: Sequence[tuple[Column, int]]) -> tuple[HeaderCell, ...]:
    """Lay out the groups over columns, each so many wide; neighbours of one group share its cell."""
    if not any(column.group for column, _ in columns):
        return ()
    cells = []
    for group, members in groupby(columns, key=lambda member: member[0].group):
        widths = [width for _, width in members]
        if group is None:
            cells += [HeaderCell(text_cell(""), width) for width in widths]
        else:
            cells.append(HeaderCell(text_cell(group), sum(widths)))
    return tuple(cells)


def row_groups(
    rows: Iterable[tuple[Row, tuple[LayoutCell, ...]]],
    footnotes: Footnotes,
    notes: Mapping[str, tuple[str, ...]],
) -> tuple[RowGroup, ...]:
    """Group neighbouring rows that state one group; `notes` are footnotes to rows, by label."""
    return tuple(
        RowGroup(
            group or "",
            tuple(
                LayoutRow(text_cell(row.shown, *footnotes.marks(row.note, *notes.get(row.label, ()))), cells)
                for row, cells in members
            ),
        )
        for group, members in groupby(rows, key=lambda member: member[0].group)
    )
