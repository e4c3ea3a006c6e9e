"""A paper's tables in Python: what `papermatrix.load` returns, for notebooks and scripts."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from jobkit.errors import UserError
from papermatrix.analysis.best import find_best
from papermatrix.analysis.inference import Inference, Interval
from papermatrix.config.load import CONFIG
from papermatrix.matrix.expand import Matrix, load_matrix
from papermatrix.render.table import tidy_values
from papermatrix.results.store import Store
from papermatrix.results.values import CellResult, TableResults


@dataclass(frozen=True)
class Cell:
    """A cell for one variant, in the unit that its column shows."""

    row: str
    column: str
    variant: str | None
    """None where it has one value for all."""
    value: Any
    """The mean over the seeds; None where there is none."""
    by_seed: Mapping[int | None, Any]
    spread: float | None
    """Standard deviation over the seeds, where there are several."""
    interval: Interval | None
    """Of 95 %, with its ends `low` and `high`."""
    status: str
    """`value`, `stale`, or why there is none."""
    is_bold: bool
    jobs: tuple[str, ...]
    """The ids of the jobs that measured it."""


@dataclass(frozen=True)
class Table:
    """A table as it stands: labels as they are shown, cells by row, column and variant."""

    name: str
    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    variants: tuple[str, ...]
    cells: tuple[Cell, ...]
    frame: pd.DataFrame
    """The tidy list, as in the table's CSV: a row for each cell, variant and seed."""

    def cell(self, row: str, column: str, variant: str | None = None) -> Cell:
        """Return a cell by its labels; a `UserError` where there is no such cell, or several."""
        found = [
            cell
            for cell in self.cells
            if (cell.row, cell.column) == (row, column)
            and (None in (variant, cell.variant) or variant == cell.variant)
        ]
        if len(found) != 1:
            labels = ", ".join(filter(None, (self.name, row, column, variant)))
            what = "several values; expected a variant" if found else "no such cell"
            raise UserError(f"{labels}: {what}")
        return found[0]


class Paper:
    """The project in a folder. Files are read anew for each table."""

    def __init__(self, folder: str | Path = "config", **config: Any):
        """Name the project by its folder or by its `config`; `config` are values in place of config.yaml's.

        A `UserError` says everything that is wrong with what people wrote.
        """
        path = Path(folder).resolve()
        self.folder = path.parent if (path / CONFIG.name).exists() else path
        self._config = config
        self.tables = tuple(self._matrix().cells)
        """The names of its tables."""

    def table(self, name: str) -> Table:
        """Return a table with what is known of it now."""
        with contextlib.chdir(self.folder):
            matrix = load_matrix(self._config, [name])
            store = Store(matrix)
            return _table(matrix, TableResults(matrix, name, store), Inference(matrix, store))

    def _matrix(self) -> Matrix:
        with contextlib.chdir(self.folder):
            return load_matrix(self._config)


def _table(matrix: Matrix, results: TableResults, inference: Inference) -> Table:
    table = matrix.project.tables[results.name]
    bold = find_best(table, results, inference).bold
    cells = [
        _cell(result, variant, inference, (*labels, position) in bold)
        for labels in dict.fromkeys(result.cell.labels for result in results.cells)
        for position, (result, variant) in enumerate(_by_variant(results.at(*labels)))
    ]
    return Table(
        results.name,
        table.title,
        tuple(row.shown for row in table.rows),
        tuple(column.shown for column in table.columns),
        tuple(variant.shown for variant in table.variants),
        tuple(cells),
        tidy_values(matrix, results, inference),
    )


def _by_variant(in_cell: list[CellResult]) -> list[tuple[CellResult, str | None]]:
    """Name the variant of each result of a cell; of one alone none."""
    if len(in_cell) == 1:
        return [(in_cell[0], None)]
    return [(result, result.cell.variant.shown if result.cell.variant else None) for result in in_cell]


def _cell(result: CellResult, variant: str | None, inference: Inference, is_bold: bool) -> Cell:
    cell = result.cell
    is_number = cell.is_ours and result.has_value
    factor = cell.factor if is_number else 1
    return Cell(
        cell.row.shown,
        cell.column.shown,
        variant,
        result.mean * factor if is_number else result.mean,
        {value.seed: value.number * factor if is_number else value.number for value in result.values},
        result.spread * factor if result.spread is not None else None,
        inference.interval(result),
        str(result.status),
        is_bold,
        tuple(job.id for job in cell.jobs),
    )
