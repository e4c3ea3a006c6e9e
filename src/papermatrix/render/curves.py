"""What a figure shows: its curves, each with its numbers and what to call it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobkit.errors import UserError, did_you_mean, one_line
from papermatrix.config.paper import Figure
from papermatrix.matrix.cells import Cell
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from papermatrix.results.status import JobStatus
from papermatrix.results.store import Store
from papermatrix.results.values import divergence

if TYPE_CHECKING:
    import pandas as pd

Names = tuple[str, str, str, str]
"""Of a run: row, column, variant and seed."""


@dataclass(frozen=True)
class Curve:
    """One job's numbers and what to call them; no frame where the job wrote none."""

    label: str
    frame: pd.DataFrame | None
    divergence: str
    """`diverged (epoch 4)`, or nothing."""
    is_stale: bool = False


def figure_of(matrix: Matrix, name: str) -> Figure:
    """Return a figure's declaration; a `UserError` where there is none, or no such table."""
    figures = matrix.project.paper.figures
    if name not in figures:
        raise UserError(f"{name}: no such figure{did_you_mean(name, list(figures))}")
    matrix.expect_table(figures[name].table, source=name)
    return figures[name]


def cells_of_figure(matrix: Matrix, figure: Figure) -> list[Cell]:
    """Return the cells whose jobs a figure shows, in the order of the table."""
    return [
        cell
        for cell in matrix.cells[figure.table]
        if figure.kind == "jobs" or (cell.column.label, cell.variant_label) == (figure.column, figure.variant)
    ]


def jobs_of_figure(matrix: Matrix, name: str) -> dict[str, Job]:
    """Return the jobs whose curves a figure shows, by id."""
    return {job.id: job for _, job in _runs(matrix, figure_of(matrix, name))}


def _runs(matrix: Matrix, figure: Figure) -> Iterator[tuple[Names, Job]]:
    """Yield the runs of a figure's cells with their job of the figure's stage."""
    for cell in cells_of_figure(matrix, figure):
        for run in cell.runs:
            if run.job and (job := run.job.of_stage(figure.stage)):
                variant = cell.variant.shown if cell.variant else ""
                yield (cell.row.shown, cell.column.shown, variant, f"seed {run.seed}"), job


def curves_of(matrix: Matrix, figure: Figure, store: Store) -> list[Curve]:
    """Read a curve for each row and seed, or for each job, called by the cells that need it."""
    runs = list(_runs(matrix, figure))
    if figure.kind == "rows":
        of_rows = {(names[0], job.id): job for names, job in runs}
        return [_curve(row, job, figure, store) for (row, _), job in of_rows.items()]
    names: dict[str, list[Names]] = {}
    jobs: dict[str, Job] = {}
    for of_run, job in runs:
        names.setdefault(job.id, []).append(of_run)
        jobs[job.id] = job
    labels = _labels(list(names.values()))
    return [_curve(label, job, figure, store) for job, label in zip(jobs.values(), labels, strict=True)]


def _labels(jobs: list[list[Names]]) -> list[str]:
    """Name each job by its rows, and where that is not enough by columns, variants and seeds too."""
    labels: list[str] = []
    for depth in range(1, 5):
        labels = [
            ", ".join(_listed([of_run[level] for of_run in names]) for level in range(depth))
            for names in jobs
        ]
        if len(set(labels)) == len(labels):
            break
    return labels


def _listed(labels: Sequence[str]) -> str:
    unique = list(dict.fromkeys(labels))
    return " & ".join(unique) if len(unique) < 4 else f"{unique[0]}, {unique[1]} and {len(unique) - 2} more"


def _curve(label: str, job: Job, figure: Figure, store: Store) -> Curve:
    from papermatrix.results.csv_numbers import read_numbers

    path, result = job.folder / figure.file, store.result(job)
    frame = read_numbers(path) if path.exists() else None
    if frame is not None and figure.x.column not in frame:
        known = list(map(str, frame))
        raise UserError(f"{path}: no column {figure.x.column}{did_you_mean(figure.x.column, known)}")
    is_stale = store.status(job) is JobStatus.STALE
    return Curve(plain_text(label), frame, divergence(result), is_stale)


def plain_text(label: str) -> str:
    """Return a label in one line: between dollar signs matplotlib would look for a formula."""
    return one_line(label).replace("$", r"\$")


def with_plain_texts(figure: Figure) -> Figure:
    """Return a figure whose title and labels are no formulas."""
    axes = (figure.x, *figure.panels)
    x, *panels = [axis.model_copy(update={"label": plain_text(axis.label)}) for axis in axes]
    return figure.model_copy(update={"title": plain_text(figure.title), "x": x, "panels": tuple(panels)})
