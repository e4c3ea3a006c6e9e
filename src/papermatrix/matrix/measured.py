"""Whether results will have what cells show: some scores are measured with certain settings only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jobkit.errors import UserError
from jobkit.settings import value_of
from jobkit.yaml12 import KeyPath
from papermatrix.config.fields import settings_text
from papermatrix.config.load import Project
from papermatrix.config.metric import Metric
from papermatrix.config.repeated import read_tables
from papermatrix.config.scores import StageScore
from papermatrix.matrix.cells import Cell
from papermatrix.matrix.jobs import Job


def expect_scores(project: Project, cells: Mapping[str, Sequence[Cell]]) -> None:
    """Raise a `UserError` for each column whose stage measures no such score with the settings of a row."""
    rows: dict[tuple[KeyPath, str], list[str]] = {}
    conditions: dict[Metric, list[StageScore]] = {}
    for cell in (cell for of_table in cells.values() for cell in of_table):
        if cell.metric is None:
            continue
        if cell.metric not in conditions:
            conditions[cell.metric] = list(_conditions(cell.metric, project))
        scores = conditions[cell.metric]
        if scores and (job := next((job for job in cell.jobs if not _is_measured(job, cell, scores)), None)):
            known = "; ".join(map(str, scores))
            message = f"where {settings_text(_settings(job, scores))}; {job.stage} has {known}"
            labels = rows.setdefault((_path(cell, project), message), [])
            labels += [cell.row.label] if cell.row.label not in labels else []
    if rows:
        document = read_tables(Path(project.config.tables))
        raise UserError(
            document.diagnostic(path, f"is not measured in {_rows(labels)}, {message}")
            for (path, message), labels in rows.items()
        )


def _rows(labels: Sequence[str]) -> str:
    if len(labels) == 1:
        return f"row {labels[0]}"
    return f"{len(labels)} rows, such as {labels[0]}"


def _conditions(metric: Metric, project: Project) -> Iterator[StageScore]:
    """Yield the declarations that a score has with some settings; none where it is there with all."""
    name = _name(metric)
    scores = [] if metric.is_cost else project.stages.stages[metric.stage].scores or ()
    fitting = [score for score in scores if score.pattern.matches(name, project.schema.choices)]
    if all(score.keys for score in fitting):
        yield from fitting


def _is_measured(job: Job, cell: Cell, scores: Sequence[StageScore]) -> bool:
    assert cell.metric is not None
    name, settings = _name(cell.metric), _settings(job, scores)
    return any(score.has(name, settings) for score in scores)


def _settings(job: Job, scores: Sequence[StageScore]) -> dict[str, Any]:
    """Return a job's settings by which there are scores."""
    keys = dict.fromkeys(key for score in scores for key in score.keys)
    return {key: value_of(key, job.settings, None) for key in keys}


def _name(metric: Metric) -> str:
    return ".".join(metric.path)


def _path(cell: Cell, project: Project) -> KeyPath:
    """Return where a cell's metric is stated."""
    if cell.column.metric is None:
        return ("tables", cell.table, "metric")
    index = project.tables[cell.table].columns.index(cell.column)
    return ("tables", cell.table, "columns", index, "metric")
