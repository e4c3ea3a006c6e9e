"""Which tables are incomplete: they are rendered with marks, which are removed once they are complete."""

from __future__ import annotations

from pathlib import Path

from papermatrix.matrix.expand import Matrix
from papermatrix.results.status import UNSETTLED, JobStatus
from papermatrix.results.store import Store


def incomplete_tables(matrix: Matrix, store: Store) -> list[str]:
    """Return the tables of which a job has begun or has a result, and that are not complete."""
    return [
        table
        for table in matrix.cells
        if any(store.status(job) is not JobStatus.PENDING for job in matrix.jobs_of(table))
        and not is_complete(matrix, table, store)
    ]


def is_complete(matrix: Matrix, table: str, store: Store) -> bool:
    """Return whether all of a table's results are there, and no job behind them has an unfinished rerun."""
    has_results = all(store.result(job) is not None for job in matrix.shown_jobs(table))
    return has_results and not any(store.status(job) in UNSETTLED for job in matrix.jobs_of(table))


def remove_complete(matrix: Matrix, store: Store, folder: Path) -> None:
    """Remove what was rendered of tables that are complete by now, or are no more."""
    files = [path for path in folder.glob("*.*") if path.is_file()]
    incomplete = {
        table
        for table in {path.stem for path in files}
        if table in matrix.cells and not is_complete(matrix, table, store)
    }
    for path in files:
        if path.stem not in incomplete:
            path.unlink(missing_ok=True)
