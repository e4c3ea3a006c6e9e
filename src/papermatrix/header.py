"""The lines above a table: where its numbers come from, and what its columns mix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jobkit.result import Result
from papermatrix.aggregate import Reading, Summaries
from papermatrix.escape import NOTHING
from papermatrix.expand import Job, Matrix
from papermatrix.metric import look_up, parse_metric
from papermatrix.settings import stated
from papermatrix.spec import Table
from papermatrix.store import Store
from papermatrix.words import dirt, plain

_NOWHERE = object()


def header(matrix: Matrix, name: str, store: Store) -> Iterator[tuple[str, str]]:
    """Scale, data, settings worth a line, seeds, commit; what is counted, where it is not 0."""
    cells = matrix.cells[name]
    if all(not cell.name for cell in cells):
        yield "numbers", "cited, none of ours"
        return
    yield "scale", matrix.project.config.scale
    jobs = matrix.jobs_of(name)
    if not jobs:
        return
    results = [result for job in jobs if (result := store.result(job))]
    yield "data", _listed(_data(result) for result in results if "data_digest" in result.provenance)
    for label, key in matrix.project.stages.header.items():
        yield label, _listed(_stated(key, jobs))
    yield "seeds", _listed(str(cell.seed) for cell in cells if cell.seed is not None)
    yield "commit", _listed(_commit(result) for result in results)
    priced = [cell.job for cell in cells if cell.job and cell.metric and cell.metric.is_cost]
    if measured := [result for job in priced if (result := store.result(job))]:
        yield "cost", _listed(_measured_on(result.cost.device) for result in measured)
    for label, text in matrix.project.stages.counted.items():
        if counts := _counts(text, matrix, jobs, store):
            yield label, _listed(f"{count:g}" for count in counts)


def legend(table: Table, summaries: Summaries) -> Iterator[tuple[str, str]]:
    """How to read a cell."""
    if len(table.variants) > 1:
        yield "each cell", " / ".join(variant.label for variant in table.variants)
    if any(summary.spread is not None for each in summaries.values() for summary in each):
        yield "each value", "mean ± standard deviation over the seeds"


def mixtures(matrix: Matrix, readings: Iterable[Reading], store: Store) -> Iterator[str]:
    """A sentence for every column that holds numbers of several origins, with the rows of each."""
    sentences: dict[str, list[str]] = {}
    columns: dict[str, list[Reading]] = {}
    for reading in readings:
        if reading.has_value and isinstance(reading.value, int | float):
            columns.setdefault(reading.cell.column, []).append(reading)
    for column, of_column in columns.items():
        for origin in _origins(matrix, of_column, store):
            rows = [f"{what} ({', '.join(dict.fromkeys(rows))})" for what, rows in origin.items()]
            if len(rows) > 1:
                sentences.setdefault("; ".join(rows), []).append(column)
    for text, names in sentences.items():
        noun = "Column" if len(names) == 1 else "Columns"
        verb = "mixes" if len(names) == 1 else "mix"
        yield f"{noun} {', '.join(names)} {verb} numbers of different origin: {text}."


def _origins(matrix: Matrix, readings: list[Reading], store: Store) -> Iterator[dict[str, list[str]]]:
    """What the numbers of a column come from, each with its rows; one mapping for each way to tell."""
    ours = [(reading, job) for reading in readings if (job := reading.cell.job)]
    cited = [reading.cell.row for reading in readings if reading.cell.job is None and not reading.cell.name]
    if ours and cited:
        yield {"cited": cited, "ours": [reading.cell.row for reading, _ in ours]}
    by_data: dict[str, list[str]] = {}
    for reading, job in ours:
        result = store.result(job)
        if result and "data_digest" in result.provenance:
            by_data.setdefault(f"data {_data(result)}", []).append(reading.cell.row)
    yield by_data
    for label, key in matrix.project.stages.header.items():
        by_setting: dict[str, list[str]] = {}
        for reading, job in ours:
            for value in _stated(key, [job]):
                by_setting.setdefault(f"{label} {value}", []).append(reading.cell.row)
        yield by_setting


def _counts(text: str, matrix: Matrix, jobs: Iterable[Job], store: Store) -> list[float]:
    """A score of the jobs of its stage, where it is there and not 0."""
    stages = matrix.project.stages
    metric = parse_metric(text, stages.stages, stages.scores)
    found = []
    for job in jobs:
        result = store.result(job) if job.stage == metric.stage else None
        if result is None:
            continue
        try:
            count = look_up(metric, result)
        except KeyError:
            continue
        if count:
            found.append(count)
    return found


def _stated(key: str, jobs: Iterable[Job]) -> list[str]:
    """A setting of those jobs that have it."""
    values = (stated(key, job.settings, _NOWHERE) for job in jobs)
    return [plain(value, {}) for value in values if value is not _NOWHERE]


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words)) or NOTHING


def _data(result: Result) -> str:
    name = result.provenance.get("data")
    digest = f"digest {result.provenance['data_digest'][:12]}"
    return f"{name}, {digest}" if name else digest


def _measured_on(device: str) -> str:
    on_cpu = device == "cpu"
    return "resident memory and core-hours of a CPU" if on_cpu else f"GPU memory and GPU-hours, {device}"


def _commit(result: Result) -> str:
    commit = result.provenance.get("commit")
    return f"{commit[:12]}{dirt(result)}" if commit else "unknown"
