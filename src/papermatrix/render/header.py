"""The lines above a table: where its numbers come from, and what its columns mix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from jobkit.errors import one_line
from jobkit.result import Result
from jobkit.settings import value_of
from papermatrix.analysis.inference import Inference
from papermatrix.config.metric import parse_metric
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from papermatrix.render.escape import NOTHING
from papermatrix.render.origins import Origins
from papermatrix.render.text import plain_text, uncommitted_text
from papermatrix.results.score import score
from papermatrix.results.store import Store
from papermatrix.results.values import TableResults, Value

_NOT_STATED = object()


def header_lines(
    matrix: Matrix, results: TableResults, store: Store, found: Origins
) -> Iterator[tuple[str, str]]:
    """Yield scale, data, settings worth a line, origins, commit; scores worth a line where they are not 0."""
    values = results.values
    if all(not value.cell.name for value in values):
        yield "numbers", "cited, none of ours"
        return
    yield "scale", matrix.project.config.scale
    jobs = matrix.jobs_of(results.name)
    if not jobs:
        return
    made = [result for job in jobs if (result := store.result(job))]
    yield "data", _listed(_data(result) for result in made if "data_digest" in result.provenance)
    for label, key in matrix.project.stages.header.items():
        yield label, _listed(_stated(key, jobs))
    yield from found.header
    yield "commit", _listed(_commit(result) for result in made)
    if reasons := list(_accepted(jobs, store)):
        yield "accepted", _listed(reasons)
    priced = [value.job for value in values if value.job and value.cell.metric and value.cell.metric.is_cost]
    if measured := [result for job in priced if (result := store.result(job))]:
        yield "cost", _listed(_measured_on(result.cost.device) for result in measured)
    for label, text in matrix.project.stages.header_scores.items():
        if counts := _counts(text, matrix, jobs, store):
            yield label, _listed(f"{count:g}" for count in counts)


def _accepted(jobs: Iterable[Job], store: Store) -> Iterator[str]:
    """Yield why results stay although what they are made from has changed, and how many."""
    accepted = [acceptance for job in jobs if (acceptance := store.acceptance(job))]
    for because, count in Counter(acceptance.because for acceptance in accepted).items():
        yield f"{count} result{'s' if count > 1 else ''} of other code or data ({one_line(because)})"


def legend(
    matrix: Matrix, results: TableResults, found: Origins, inference: Inference
) -> Iterator[tuple[str, str]]:
    """Yield how to read a cell."""
    variants = matrix.project.tables[results.name].variants
    if len(variants) > 1:
        names = []
        for variant in variants:
            notes = found.of("variant", variant.label)
            names.append(f"{variant.shown}, {', '.join(notes)}" if notes else variant.shown)
        yield "each cell", " / ".join(names)
    if matrix.project.tables[results.name].intervals:
        intervals = [interval for result in results.cells if (interval := inference.interval(result))]
        over = dict.fromkeys(one.over_text(matrix.project.stages.sample_names) for one in intervals)
        if over:
            yield "each value", f"with its 95 % interval over {' or '.join(over)}, where they give one"
    elif any(result.spread is not None for result in results.cells):
        yield "each value", "mean ± standard deviation over the seeds"


def mixtures(matrix: Matrix, results: TableResults, store: Store) -> Iterator[str]:
    """Yield a sentence for every column that holds numbers of several origins, with the rows of each."""
    sentences: dict[str, list[str]] = {}
    columns: dict[str, list[Value]] = {}
    for value in results.values:
        if value.status.has_value and isinstance(value.number, int | float):
            columns.setdefault(value.cell.column.shown, []).append(value)
    for column, values in columns.items():
        for origin in _origins(matrix, values, store):
            rows = [f"{what} ({', '.join(dict.fromkeys(rows))})" for what, rows in origin.items()]
            if len(rows) > 1:
                sentences.setdefault("; ".join(rows), []).append(column)
    for text, names in sentences.items():
        noun = "Column" if len(names) == 1 else "Columns"
        verb = "mixes" if len(names) == 1 else "mix"
        yield f"{noun} {', '.join(names)} {verb} numbers of different origin: {text}."


def _origins(matrix: Matrix, values: list[Value], store: Store) -> Iterator[dict[str, list[str]]]:
    """Yield what the numbers of a column come from, each with its rows; one mapping for each way to tell."""
    ours = [(value.cell.row.shown, value.job) for value in values if value.job]
    cited = [value.cell.row.shown for value in values if value.cell.is_cited]
    if ours and cited:
        yield {"cited": cited, "ours": [row for row, _ in ours]}
    by_data: dict[str, list[str]] = {}
    for row, job in ours:
        result = store.result(job)
        if result and "data_digest" in result.provenance:
            by_data.setdefault(f"data {_data(result)}", []).append(row)
    yield by_data
    for label, key in matrix.project.stages.header.items():
        by_setting: dict[str, list[str]] = {}
        for row, job in ours:
            for text in _stated(key, [job]):
                by_setting.setdefault(f"{label} {text}", []).append(row)
        yield by_setting


def _counts(text: str, matrix: Matrix, jobs: Iterable[Job], store: Store) -> list[float]:
    """Return a score of the jobs of its stage, where it is there and not 0."""
    metric = parse_metric(text, matrix.project.stages.stages, matrix.project.stages.scores)
    counts = []
    for job in jobs:
        if job.stage != metric.stage or (result := store.result(job)) is None:
            continue
        try:
            count = score(metric, result)
        except KeyError:
            continue
        if count:
            counts.append(count)
    return counts


def _stated(key: str, jobs: Iterable[Job]) -> list[str]:
    """Return a setting of those jobs that have it."""
    values = (value_of(key, job.settings, _NOT_STATED) for job in jobs)
    return [plain_text(value, {}) for value in values if value is not _NOT_STATED]


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(texts)) or NOTHING


def _data(result: Result) -> str:
    name = result.provenance.get("data")
    digest = f"digest {result.provenance['data_digest'][:12]}"
    return f"{name}, {digest}" if name else digest


def _measured_on(device: str) -> str:
    on_cpu = device == "cpu"
    return "resident memory and core-hours of a CPU" if on_cpu else f"GPU memory and GPU-hours, {device}"


def _commit(result: Result) -> str:
    commit = result.provenance.get("commit")
    return f"{commit[:12]}{uncommitted_text(result)}" if commit else "unknown"
