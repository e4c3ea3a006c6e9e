"""Which tables are incomplete: they are rendered with marks, which are removed once they are complete."""

from __future__ import annotations

from pathlib import Path

from papermatrix.expand import Matrix
from papermatrix.store import Store

PARTIAL = Path("results/partial")
FAULTY = ("running", "failed")


def incomplete_tables(matrix: Matrix, store: Store) -> list[str]:
    """Tables of which a job has begun or has a result, and that are not complete."""
    begun = (
        table for table in matrix.cells if any(store.state(job) != "pending" for job in matrix.jobs_of(table))
    )
    return [table for table in begun if not is_complete(matrix, table, store)]


def is_complete(matrix: Matrix, table: str, store: Store) -> bool:
    """Whether all of a table's results are there, and no job behind them runs again or has failed to."""
    has_results = all(store.result(cell.job) is not None for cell in matrix.cells[table] if cell.job)
    return has_results and not any(store.state(job) in FAULTY for job in matrix.jobs_of(table))


def remove_complete(matrix: Matrix, folder: Path = PARTIAL) -> None:
    """Remove what was rendered of tables that are complete by now, or are no more."""
    store = Store(matrix)
    files = [path for path in folder.glob("*.*") if path.is_file()]
    incomplete = {
        table
        for table in {path.stem for path in files}
        if table in matrix.cells and not is_complete(matrix, table, store)
    }
    for path in files:
        if path.stem not in incomplete:
            path.unlink(missing_ok=True)
