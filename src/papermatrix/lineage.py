"""How a cell's number came to be: the jobs behind it, from the first to the one that measured it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobkit.errors import UserError, did_you_mean
from jobkit.result import Result
from papermatrix.aggregate import STALE, Reading
from papermatrix.expand import Cell, Job, Matrix
from papermatrix.settings import Flat, value_of
from papermatrix.store import Store


@dataclass(frozen=True)
class Step:
    """A job behind a number, as it is now."""

    job: Job
    state: str
    differs: Flat
    """Those of its own settings that are not the scale's."""
    result: Result | None
    is_outdated: bool
    """Whether other source than today's made it."""


def cells_at(
    matrix: Matrix, table: str, row: str, column: str, variant: str | None = None, seed: int | None = None
) -> list[Cell]:
    """The runs of one cell and variant, one for each seed; a `UserError` for a label that is not there."""
    levels = matrix.project.tables[table]
    faults = [
        f"{table}: no {kind} {label!r}{did_you_mean(label, [level.label for level in known])}"
        for kind, label, known in (("row", row, levels.rows), ("column", column, levels.columns))
        if label not in [level.label for level in known]
    ]
    variants = [level.label for level in levels.variants]
    if variant is not None and variant not in variants:
        hint = did_you_mean(variant, variants) if variants else "; the table has no variants"
        faults.append(f"{table}: no variant {variant!r}{hint}")
    if faults:
        raise UserError(faults)
    cells = [cell for cell in matrix.cells[table] if (cell.row, cell.column) == (row, column)]
    is_one = len({cell.job.id if cell.job else None for cell in cells if cell.seed == cells[0].seed}) == 1
    if variant is None and len(variants) > 1 and not is_one:
        raise UserError(f"{table}: the cell has several values; expected --variant {' or '.join(variants)}")
    cells = [cell for cell in cells if cell.variant in (variant or cells[0].variant, None)]
    if seed is not None and seed not in [cell.seed for cell in cells]:
        known = ", ".join(str(cell.seed) for cell in cells if cell.seed is not None)
        raise UserError(f"{table}: no seed {seed}; expected {f'one of {known}' if known else 'none'}")
    return [cell for cell in cells if seed in (None, cell.seed)]


def steps_of(matrix: Matrix, cells: Sequence[Cell], store: Store) -> list[Step]:
    """Every job behind some cells, each once and after those that it stands on."""
    base = matrix.project.schema.complete(matrix.project.base)
    jobs = {job.id: job for cell in cells if cell.job for job in cell.job.chain()}
    return [
        Step(job, store.state(job), _differing(job, matrix, base), store.result(job), store.is_outdated(job))
        for job in jobs.values()
    ]


def why(reading: Reading, store: Store) -> str:
    """Why a number is not there, or not of today's source; empty where nothing more can be said."""
    if reading.reason or STALE not in reading.faults or reading.cell.job is None:
        return reading.reason
    stale = next(job for job in reading.cell.job.chain() if store.state(job) == STALE)
    of = "other source made it" if store.is_outdated(stale) else "what it stands on was made again"
    return f"{stale.stage} {stale.id}: {of}"


def _differing(job: Job, matrix: Matrix, base: Flat) -> Flat:
    uses = matrix.project.stages.stages[job.stage].uses
    keys = [key for used in uses for key in matrix.project.schema.keys_of(used)]
    return {key: found for key in keys if (found := value_of(key, job.settings)) != base[key]}
