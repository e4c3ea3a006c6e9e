"""Writes a table as Markdown, LaTeX, HTML and tidy CSV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from jobkit.digest import canonical_json
from jobkit.errors import UserError
from jobkit.files import write_text
from papermatrix.aggregate import Reading, Summaries, expect_metrics, hint, read_cells, summarise
from papermatrix.compare import beside, can_compare, comparisons
from papermatrix.expand import Matrix
from papermatrix.forms import write_forms
from papermatrix.page import NO_NOTES, Notes, make_page
from papermatrix.store import Store

TIDY = (
    *("table", "scale", "row", "column", "variant", "seed", "metric", "value", "status", "jobs"),
    *("reported", "tolerance", "difference"),
)


def render(
    matrix: Matrix, name: str, out: Path, *, is_partial: bool = False, notes: Notes = NO_NOTES
) -> list[Path]:
    """Write one table to a folder, in every form; a `UserError` where results are missing, unless partial.

    `notes` are footnotes to the authors' numbers.
    """
    store = Store(matrix)
    readings = read_cells(matrix, name, store)
    if not is_partial:
        _expect_results(matrix, name, store)
        expect_metrics(name, readings)
    summaries = summarise(readings)
    texts = write_forms(make_page(matrix, name, readings, summaries, store, notes))
    paths = []
    for form, text in {**texts, "csv": _csv(matrix, name, readings, summaries)}.items():
        paths.append(out / f"{name}.{form}")
        write_text(paths[-1], text)
    return paths


def _expect_results(matrix: Matrix, name: str, store: Store) -> None:
    jobs = {cell.job.id: cell.job for cell in matrix.cells[name] if cell.job}
    missing = Counter(store.state(job) for job in jobs.values() if store.result(job) is None)
    if not missing:
        return
    counts = ", ".join(f"{count} {state}" for state, count in missing.items())
    failed = [
        job for job in matrix.jobs_of(name) if store.result(job) is None and store.state(job) == "failed"
    ]
    raise UserError(
        [
            f"{name}: {missing.total()} of its {len(jobs)} results are missing ({counts})",
            *(f"{name}: {job.stage} {job.id} failed, {hint(job)}" for job in failed),
        ]
    )


def _csv(matrix: Matrix, name: str, readings: Sequence[Reading], summaries: Summaries) -> str:
    """A line a value and seed, with what was reported; the difference is of the seeds' mean.

    What is measured is in the unit that its column shows, as are what was reported, tolerance and difference.
    """
    project, table = matrix.project, matrix.project.tables[name]
    found = comparisons(table, project.reported.get(name, {}), summaries)
    factors = {column.label: column.factor for column in table.columns}
    lines = []
    for reading in readings:
        cell = reading.cell
        jobs = " ".join(job.id for job in cell.job.chain()) if cell.job else ""
        compared = beside(found, cell, table)
        is_measured = cell.metric is not None and reading.has_value
        lines.append(
            {
                "table": name,
                "scale": project.config.scale,
                "row": cell.row,
                "column": cell.column,
                "variant": cell.variant,
                "seed": cell.seed,
                "metric": cell.name,
                "value": _plain(reading.value * factors[cell.column] if is_measured else reading.value),
                "status": reading.status,
                "jobs": jobs,
                "reported": _plain(compared.reported) if compared else None,
                "tolerance": compared.tolerance if compared else None,
                "difference": compared.difference if compared and can_compare(project) else None,
            }
        )
    frame = pd.DataFrame(lines, columns=list(TIDY), dtype=object).astype({"seed": "Int64"})
    return str(frame.to_csv(index=False, lineterminator="\n"))


def _plain(value: Any) -> str | None:
    """Text as it is, anything else as JSON."""
    return value if value is None or isinstance(value, str) else canonical_json(value)
