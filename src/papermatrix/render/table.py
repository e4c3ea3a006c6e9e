"""Writes a table as Markdown, LaTeX, HTML and tidy CSV."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from jobkit.digest import canonical_json
from jobkit.errors import UserError
from jobkit.files import whole_files
from papermatrix.analysis.audit import Footnotes
from papermatrix.analysis.comparison import can_compare, compared
from papermatrix.analysis.inference import Inference
from papermatrix.matrix.expand import Matrix
from papermatrix.render.formats import write_formats
from papermatrix.render.table_page import NO_NOTES, table_page
from papermatrix.results.status import JobStatus
from papermatrix.results.store import Store
from papermatrix.results.unfinished import failure_hint
from papermatrix.results.values import CellResult, TableResults, Value

SUFFIXES = (".md", ".tex", ".html", ".csv")
TIDY_COLUMNS = (
    *("table", "scale", "row", "column", "variant", "seed", "metric", "value", "status", "jobs"),
    *("low", "high", "samples", "clusters"),
    *("reported", "reported_sd", "reported_n", "tolerance", "difference"),
)


def render(
    matrix: Matrix, name: str, out: Path, *, is_partial: bool = False, notes: Footnotes = NO_NOTES
) -> list[Path]:
    """Write one table to a folder, in every format; a `UserError` where results are missing, unless partial.

    `notes` are footnotes to the authors' numbers.
    """
    store = Store(matrix)
    if not is_partial:
        _expect_results(matrix, name, store)
    results = TableResults(matrix, name, store)
    if not is_partial:
        results.expect_metrics()
    inference = Inference(matrix, store)
    texts = write_formats(table_page(matrix, results, store, inference, notes))
    texts["csv"] = _csv(tidy_values(matrix, results, inference))
    paths = [out / f"{name}{suffix}" for suffix in SUFFIXES]
    with whole_files(paths) as temporary:
        for path in temporary:
            path.write_bytes(texts[path.suffix.removeprefix(".")].encode())
    return paths


def _expect_results(matrix: Matrix, name: str, store: Store) -> None:
    jobs = matrix.shown_jobs(name)
    missing = Counter(store.status(job) for job in jobs if store.result(job) is None)
    if not missing:
        return
    counts = ", ".join(f"{count} {status}" for status, count in missing.items())
    without = [job for job in matrix.jobs_of(name) if store.result(job) is None]
    failed = [job for job in without if store.status(job) is JobStatus.FAILED]
    raise UserError(
        [
            f"{name}: {missing.total()} of its {len(jobs)} results are missing ({counts})",
            *(f"{name}: {job.stage} {job.id} failed, {failure_hint(job)}" for job in failed),
        ]
    )


def tidy_values(matrix: Matrix, results: TableResults, inference: Inference) -> pd.DataFrame:
    """Return the tidy list of a table's values: a row for each value and seed, with what was reported.

    What is measured is in the unit that its column shows, as are what was reported, tolerance and difference;
    the difference and the 95 % interval are of the seeds' mean.
    """
    is_comparable = can_compare(matrix.project)
    common = {"scale": matrix.project.config.scale}
    rows = [
        common | _tidy_row(value, result, is_comparable) | of_cell
        for result in results.cells
        for of_cell in [_of_cell(result, inference)]
        for value in result.values
    ]
    return pd.DataFrame(rows, columns=list(TIDY_COLUMNS), dtype=object).astype(
        dict.fromkeys(("seed", "samples", "clusters"), "Int64")
    )


def _of_cell(result: CellResult, inference: Inference) -> dict[str, Any]:
    """Return what is known of all of a cell's seeds together."""
    interval = inference.interval(result)
    evidence = inference.evidence(result) if result.has_value and result.cell.is_ours else None
    return {
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "samples": evidence.sample_count if evidence else None,
        "clusters": evidence.cluster_count if evidence and evidence.has_clusters else None,
    }


def _tidy_row(value: Value, result: CellResult, is_comparable: bool) -> dict[str, Any]:
    cell, comparison = value.cell, compared(result)
    reported = cell.reported
    number = value.number
    if (cell.is_ours or cell.derivation) and value.status.has_value:
        number = number * cell.factor
    return {
        "table": cell.table,
        "row": cell.row.shown,
        "column": cell.column.shown,
        "variant": cell.variant.shown if cell.variant else None,
        "seed": value.seed,
        "metric": cell.name,
        "value": number,
        "status": str(value.status),
        "jobs": " ".join(job.id for job in (value.job.chain() if value.job else cell.jobs)),
        "reported": reported.value if reported else None,
        "reported_sd": reported.sd if reported else None,
        "reported_n": reported.n if reported else None,
        "tolerance": reported.width if reported else None,
        "difference": comparison.difference if comparison and is_comparable else None,
    }


def _csv(frame: pd.DataFrame) -> str:
    written = frame.assign(value=frame["value"].map(_plain), reported=frame["reported"].map(_plain))
    return str(written.to_csv(index=False, lineterminator="\n"))


def _plain(value: Any) -> str | None:
    """Return text as it is, anything else as JSON."""
    return value if value is None or isinstance(value, str) else canonical_json(value)
