"""Writes the numbers of the paper's text as LaTeX macros, from the cells that paper.yaml names."""

from __future__ import annotations

from jobkit.errors import UserError
from papermatrix.config.paper import SCALE_MACRO, NumberOf
from papermatrix.matrix.cells import Cell
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from papermatrix.render.escape import latex
from papermatrix.render.text import cell_text, reported_text
from papermatrix.results.status import UNFINISHED
from papermatrix.results.store import Store
from papermatrix.results.values import cell_result

_HEAD = "% Every number of the text, from the cells that {} names. Generated: edit that file."


def macros(matrix: Matrix, *, is_partial: bool = False) -> str:
    """Return the LaTeX file; a `UserError` where results are missing, unless partial, or a table is."""
    cells, store = cells_of_numbers(matrix), Store(matrix)
    missing: list[str] = []
    lines = [_HEAD.format(matrix.project.config.paper), _macro(SCALE_MACRO, matrix.project.config.scale)]
    for name, number in matrix.project.paper.numbers.items():
        write = _reported if number.reported else _ours
        text, reason = write(cells[name], number, store)
        if reason and not is_partial:
            missing.append(f"{name}: {number.table}, {number.row}, {number.column}: {reason}")
        lines.append(_macro(name, text))
    if missing:
        raise UserError(missing)
    return "\n".join(lines) + "\n"


def cells_of_numbers(matrix: Matrix) -> dict[str, Cell]:
    """Return the cell of each number of the text; a `UserError` where a table is not there."""
    return {name: _cell(matrix, name, number) for name, number in matrix.project.paper.numbers.items()}


def jobs_of_numbers(matrix: Matrix) -> dict[str, Job]:
    """Return the jobs whose results are in the text, by id."""
    numbers, cells = matrix.project.paper.numbers, cells_of_numbers(matrix)
    ours = (cells[name] for name, number in numbers.items() if not number.reported)
    return {job.id: job for cell in ours for job in cell.jobs}


def _cell(matrix: Matrix, name: str, number: NumberOf) -> Cell:
    matrix.expect_table(number.table, source=name)
    labels = (number.row, number.column)
    return next(
        cell
        for cell in matrix.cells[number.table]
        if cell.labels == labels and cell.variant_label in (number.variant, None)
    )


def _macro(name: str, text: str) -> str:
    return f"\\newcommand{{\\{name}}}{{{latex(text)}}}"


def _reported(cell: Cell, number: NumberOf, _: Store) -> tuple[str, str]:
    """Return the authors' number, and why there is none."""
    has_none = cell.reported is None or cell.reported.value is None
    reason = "the authors reported nothing there" if has_none else ""
    return reported_text(cell, number.format), reason


def _ours(cell: Cell, number: NumberOf, store: Store) -> tuple[str, str]:
    """Return the cell's text, and why it has none."""
    result = cell_result(cell, store)
    reason = str(result.status) if result.status.job in UNFINISHED else ""
    if result.status.job is None:
        reason = ", ".join(result.reasons)
    text = cell_text(result, number.format)
    return f"{text} (stale)" if result.status.is_stale and result.has_value else text, reason
