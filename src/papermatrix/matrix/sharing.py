"""Which rows and columns of a table, and which of its cells, show the very same jobs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Literal

from papermatrix.matrix.cells import Cell

Shown = tuple[Hashable, ...]
"""What a cell shows: its metric, and a job for each seed."""


def same_levels(cells: Iterable[Cell], kind: Literal["rows", "columns"]) -> dict[str, str]:
    """Return rows or columns whose cells have the very same jobs as an earlier one's, by label."""
    if kind == "rows":
        return _same(cells, lambda cell: cell.row.label, lambda cell: (cell.column.label,))
    return _same(cells, lambda cell: cell.column.label, lambda cell: (cell.row.label, cell.factor))


def same_cells(cells: Iterable[Cell]) -> dict[tuple[str, str], str]:
    """Return cells that have the very same jobs as an earlier row's in their column, with that row."""
    by_column: dict[str, list[Cell]] = {}
    for cell in cells:
        by_column.setdefault(cell.column.label, []).append(cell)
    return {
        (row, column): other
        for column, under in by_column.items()
        for row, other in same_levels(under, "rows").items()
    }


def _same(
    cells: Iterable[Cell], name: Callable[[Cell], str], place: Callable[[Cell], Shown]
) -> dict[str, str]:
    contents: dict[str, list[Shown]] = {}
    for cell in cells:
        if cell.jobs and cell.metric:
            ids = (run.job and run.job.id for run in cell.runs)
            shown = (*place(cell), cell.variant_label, cell.metric, *ids)
            contents.setdefault(name(cell), []).append(shown)
    return _repeated(contents)


def _repeated(contents: Mapping[str, list[Shown]]) -> dict[str, str]:
    """Return those whose content an earlier one has, with that one."""
    first: dict[tuple[Shown, ...], str] = {}
    repeated = {label: first.setdefault(tuple(content), label) for label, content in contents.items()}
    return {label: other for label, other in repeated.items() if other != label}
