"""A table's values from the results of its jobs: one row a value, then one summary a cell and variant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from jobkit.errors import UserError
from jobkit.result import Result
from papermatrix.expand import Cell, Matrix
from papermatrix.metric import look_up
from papermatrix.store import Store

TIDY = ("table", "scale", "row", "column", "variant", "seed", "metric", "value", "status", "jobs")
VALUE, ABSENT, STALE = "value", "absent", "stale"
UNFINISHED = ("pending", "running", "failed")
"""Statuses of cells without a result."""


@dataclass(frozen=True)
class Summary:
    """What one cell shows for one variant."""

    mean: Any
    """None without a value; what is not measured is as it was written."""
    spread: float | None
    """Standard deviation over the seeds, where there are several."""
    status: str
    """The worst of the seeds'."""
    count: int
    """Seeds with that status."""
    seeds: int
    jobs: tuple[str, ...]
    """What the values come from; two variants with the same jobs are one value."""


def tidy(matrix: Matrix, table: str, store: Store) -> pd.DataFrame:
    """Every value of a table with the jobs that made it; a `UserError` for a metric that no result has."""
    scale = matrix.project.config.scale
    rows = []
    missing: dict[str, list[str]] = {}
    found: set[str] = set()
    for cell in matrix.cells[table]:
        value, status, fault = _value(cell, store)
        if fault:
            missing.setdefault(cell.column, []).append(fault)
        elif status == VALUE:
            found.add(cell.column)
        jobs = " ".join(job.id for job in cell.job.chain()) if cell.job else ""
        place = (table, scale, cell.row, cell.column, cell.variant, cell.seed)
        rows.append((*place, cell.name, value, status, jobs))
    faults = [
        f"{table}, {column}: no score called {faults[0]}"
        for column, faults in missing.items()
        if column not in found
    ]
    if faults:
        raise UserError(faults)
    return pd.DataFrame(rows, columns=list(TIDY), dtype=object).astype({"seed": "Int64"})


def _value(cell: Cell, store: Store) -> tuple[Any, str, str]:
    """A cell's value, its status, and what is wrong with its metric."""
    if cell.metric is None:
        return cell.value, VALUE, ""
    if cell.job is None:
        return None, ABSENT, ""
    state, result = store.state(cell.job), store.result(cell.job)
    if result is None:
        return None, state, ""
    if result.status == "diverged" and not cell.metric.is_cost:
        return None, diverged(result), ""
    try:
        value = look_up(cell.metric, result)
    except KeyError as error:
        return None, ABSENT, error.args[0]
    return value, ABSENT if value is None else STALE if state == "stale" else VALUE, ""


def diverged(result: Result) -> str:
    return f"diverged (epoch {result.epoch})" if result.epoch is not None else "diverged"


def summarise(frame: pd.DataFrame) -> dict[tuple[str, str], list[Summary]]:
    """By the labels of row and column, a summary for each variant; only one where all are the same."""
    cells: dict[tuple[str, str], list[Summary]] = {}
    for place, group in frame.groupby(["row", "column", "variant"], sort=False, dropna=False):
        row, column, _ = map(str, place)
        cells.setdefault((row, column), []).append(_summary(group))
    return {place: _each_once(summaries) for place, summaries in cells.items()}


def _summary(group: pd.DataFrame) -> Summary:
    statuses = list(group["status"])
    status = next((s for s in statuses if s not in (VALUE, STALE)), STALE if STALE in statuses else VALUE)
    values = list(group["value"])
    mean, spread = values[0], None
    if len(values) > 1:
        numbers = pd.to_numeric(group["value"])
        mean, spread = float(numbers.mean()), float(numbers.std())
    return Summary(mean, spread, status, statuses.count(status), len(values), tuple(group["jobs"]))


def _each_once(summaries: Iterable[Summary]) -> list[Summary]:
    summaries = list(summaries)
    is_one_value = all(summary == summaries[0] for summary in summaries)
    return summaries[:1] if is_one_value else summaries
