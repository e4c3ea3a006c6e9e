"""How a cell's number came to be: the jobs behind it, from the first to the one that measured it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jobkit.acceptance import Acceptance
from jobkit.errors import UserError, did_you_mean
from jobkit.result import Result
from jobkit.settings import Flat, value_of
from papermatrix.config.tables import Labelled
from papermatrix.matrix.cells import Cell
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from papermatrix.results.provenance import has_uncommitted_source
from papermatrix.results.status import JobStatus
from papermatrix.results.store import Store
from papermatrix.results.values import Value


@dataclass(frozen=True)
class Step:
    """A job behind a number, as it is now."""

    job: Job
    status: JobStatus
    differs: Flat
    """Those of its own settings that are not the scale's."""
    result: Result | None
    changed_source: list[str]
    """Modules and files whose code is not what made it."""
    acceptance: Acceptance | None
    has_uncommitted_source: bool
    """Whether that code was changed and not committed, as far as anybody knows."""


def find_cell(matrix: Matrix, table: str, row: str, column: str, variant: str | None = None) -> Cell:
    """Return a table's cell by its labels; a `UserError` for a label that is not there."""
    first, *others = find_cells(matrix, table, row, column, variant)
    if any(other.jobs != first.jobs for other in others):
        variants = " or ".join(level.label for level in matrix.project.tables[table].variants)
        raise UserError(f"{table}: the cell has several values; expected --variant {variants}")
    return first


def find_cells(
    matrix: Matrix, table: str, row: str, column: str | None = None, variant: str | None = None
) -> list[Cell]:
    """Return a row's cells, or those of a column or variant, by labels as written or as shown."""
    levels = matrix.project.tables[table]
    row, column = _as_written(row, levels.rows), column and _as_written(column, levels.columns)
    variant = variant and _as_written(variant, levels.variants)
    lines = [
        f"{table}: no {kind} {label!r}{did_you_mean(label, [level.label for level in known])}"
        for kind, label, known in (("row", row, levels.rows), ("column", column, levels.columns))
        if label is not None and label not in [level.label for level in known]
    ]
    variants = [level.label for level in levels.variants]
    if variant is not None and variant not in variants:
        hint = did_you_mean(variant, variants) if variants else "; the table has no variants"
        lines.append(f"{table}: no variant {variant!r}{hint}")
    if lines:
        raise UserError(lines)
    return [
        cell
        for cell in matrix.cells[table]
        if cell.row.label == row
        and column in (None, cell.column.label)
        and (variant is None or cell.variant_label in (None, variant))
    ]


def of_seed(cell: Cell, seed: int | None) -> Cell:
    """Return the cell with the run of one seed alone."""
    seeds = [run.seed for run in cell.runs]
    if seed is None:
        return cell
    if seed not in seeds:
        known = ", ".join(str(known_seed) for known_seed in seeds if known_seed is not None)
        expected = f"one of {known}" if known else "none"
        raise UserError(f"{cell.table}: no seed {seed}; expected {expected}")
    return replace(cell, runs=tuple(run for run in cell.runs if run.seed == seed))


def _as_written(label: str, levels: Sequence[Labelled]) -> str:
    """Return the label of a level that is shown by another."""
    return next((level.label for level in levels if label == level.shown), label)


def steps_of(matrix: Matrix, jobs: Sequence[Job], store: Store) -> list[Step]:
    """Return every job behind some jobs, each once and after its upstream job."""
    base = matrix.project.schema.complete(matrix.project.base)
    chain = {job.id: job for top in jobs for job in top.chain()}
    return [
        Step(
            job,
            store.status(job),
            _differing(job, matrix, base),
            result := store.result(job),
            store.changed_source(job),
            store.acceptance(job),
            result is not None and has_uncommitted_source(result),
        )
        for job in chain.values()
    ]


def why(value: Value, store: Store) -> str:
    """Return why a number is not there, or stale; empty where nothing more can be said."""
    if value.reason or not value.status.is_stale or value.job is None:
        return value.reason
    return store.stale_line(next(job for job in value.job.chain() if store.is_stale(job)))


def _differing(job: Job, matrix: Matrix, base: Flat) -> Flat:
    keys = matrix.project.schema.keys_of(*matrix.project.stages.stages[job.stage].uses)
    return {key: value for key in keys if (value := value_of(key, job.settings)) != base[key]}
