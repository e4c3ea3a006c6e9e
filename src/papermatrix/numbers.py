"""Writes the numbers of the paper's text as LaTeX macros, from the cells that the paper's file names."""

from __future__ import annotations

from typing import Any

from jobkit.errors import UserError, did_you_mean
from jobkit.provenance import source_digest
from papermatrix import words
from papermatrix.aggregate import ABSENT, STALE, UNFINISHED, read_cell, summarise
from papermatrix.escape import latex
from papermatrix.expand import Cell, Job, Matrix
from papermatrix.paperfile import SCALE_MACRO, NumberOf
from papermatrix.spec import Column, Table
from papermatrix.store import Store

_HEAD = "% Every number of the text, from the cells that {} names. Generated: edit that file."


def macros(matrix: Matrix, *, is_partial: bool = False) -> str:
    """The LaTeX file; a `UserError` where results are missing, unless partial, or a table is not there."""
    _expect_tables(matrix)
    store = Store(matrix)
    faults: list[str] = []
    lines = [_HEAD.format(matrix.project.config.paper), _macro(SCALE_MACRO, matrix.project.config.scale)]
    for name, number in matrix.project.paper.numbers.items():
        text, fault = _reported(matrix, number) if number.reported else _ours(matrix, number, store)
        if fault and not is_partial:
            faults.append(f"{name}: {number.table}, {number.row}, {number.column}: {fault}")
        lines.append(_macro(name, text))
    if faults:
        raise UserError(faults)
    return "\n".join(lines) + "\n"


def jobs_of_numbers(matrix: Matrix) -> dict[str, Job]:
    """The jobs whose results the text's numbers are, by id."""
    _expect_tables(matrix)
    return {
        cell.job.id: cell.job
        for number in matrix.project.paper.numbers.values()
        if not number.reported
        for cell in _cells(matrix, number)
        if cell.job
    }


def numbered_from(matrix: Matrix, store: Store) -> dict[str, Any]:
    """All that the numbers depend on besides results."""
    numbers = matrix.project.paper.numbers
    return {
        "scale": matrix.project.config.scale,
        "numbers": {name: _numbered_from(matrix, number) for name, number in numbers.items()},
        "reported": {
            name: _reported(matrix, number)[0] for name, number in numbers.items() if number.reported
        },
        "stale": [job.id for job in jobs_of_numbers(matrix).values() if store.is_stale(job)],
        "written_by": source_digest("papermatrix.numbers"),
    }


def _numbered_from(matrix: Matrix, number: NumberOf) -> dict[str, Any]:
    table = matrix.project.tables[number.table]
    return {
        "number": number.model_dump(mode="json"),
        "column": _column(table, number).model_dump(mode="json", by_alias=True),
        "metric": table.metric,
        "cells": [[cell.name, cell.value] for cell in _cells(matrix, number)],
    }


def _expect_tables(matrix: Matrix) -> None:
    known = list(matrix.cells)
    faults = [
        f"{name}: its table {number.table} is not there{did_you_mean(number.table, known)}"
        for name, number in matrix.project.paper.numbers.items()
        if number.table not in known
    ]
    if faults:
        raise UserError(faults)


def _cells(matrix: Matrix, number: NumberOf) -> list[Cell]:
    """The runs of the number's cell, one for each seed; what is shown or cited is one for all variants."""
    place = (number.row, number.column)
    return [
        cell
        for cell in matrix.cells[number.table]
        if (cell.row, cell.column) == place and cell.variant in (number.variant, None)
    ]


def _macro(name: str, text: str) -> str:
    return f"\\newcommand{{\\{name}}}{{{latex(text)}}}"


def _column(table: Table, number: NumberOf) -> Column:
    """The number's column, in the number's format."""
    column = next(column for column in table.columns if column.label == number.column)
    return column.model_copy(update={"format": number.format or column.format or table.format})


def _reported(matrix: Matrix, number: NumberOf) -> tuple[str, str]:
    """The authors' words, and why there are none."""
    table = matrix.project.tables[number.table]
    cell = matrix.project.reported.get(number.table, {}).get(number.row, {}).get(number.column)
    value = cell.of(table.position(number.variant)) if cell else None
    fault = "the authors reported nothing there" if value is None else ""
    return words.number(value, _column(table, number).format or table.format), fault


def _ours(matrix: Matrix, number: NumberOf, store: Store) -> tuple[str, str]:
    """The cell's words, and why it has none."""
    table = matrix.project.tables[number.table]
    readings = [read_cell(cell, store) for cell in _cells(matrix, number)]
    (summary,) = summarise(readings)[number.row, number.column]
    row = next(row for row in table.rows if row.label == number.row)
    fault = summary.status if summary.status in UNFINISHED else ""
    if summary.status == ABSENT:
        fault = ", ".join(summary.reasons)
    text = words.cell(summary, row, _column(table, number), table)
    return f"{text} (stale)" if summary.status == STALE else text, fault
