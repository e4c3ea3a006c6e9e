"""Writes down every table's experiments: why each is as it is, what cells change, the jobs, their cost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from tabulate import tabulate

from jobkit.digest import canonical_json
from papermatrix.config.tables import Column, Level, Row, Table, Variant
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from papermatrix.render.escape import NOTHING, markdown, markdown_block
from papermatrix.results.rates import rated_seconds

WIDTH = 120
_NAME = re.compile(r"[\w./+ -]+")
_HEAD = """\
What of each table in {tables} is published, repaired and one's own, what its rows and columns change of the
scale's settings, and the jobs behind it. Written by `papermatrix experiments`.
"""


@dataclass(frozen=True)
class _Cost:
    """Hours of some jobs, as far as there are rates for them."""

    hours: float
    unknown: Counter[str]
    """Jobs without a rate, by stage."""


def experiments(matrix: Matrix, load_scale: Callable[[str], Matrix]) -> str:
    """Return the Markdown document; `load_scale` gives the same matrix at another scale."""
    project = matrix.project
    head = _paragraph(_HEAD.format(tables=_code(project.config.tables)))
    parts = [f"# Experiments\n\n{head}\n", _summary(matrix), *_costs(matrix, load_scale)]
    parts += [_table(matrix, name) for name in matrix.cells]
    return "\n".join(parts)


def _summary(matrix: Matrix) -> str:
    stages = [stage for stage in matrix.project.stages.stages if any(j.stage == stage for j in _all(matrix))]
    rows = []
    for name in matrix.cells:
        jobs = matrix.jobs_of(name)
        own = sum(matrix.tables_of[job.id] == (name,) for job in jobs)
        rows.append([_link(matrix, name), *_counts(jobs, stages), len(jobs), own])
    jobs = list(_all(matrix))
    rows.append(["all, each once", *_counts(jobs, stages), len(jobs), NOTHING])
    grid = _grid(["table", *stages, "jobs", "in no other table"], rows)
    scale = matrix.project.config.scale
    return f"## Jobs\n\nAt scale {scale}; a job that several tables need runs once.\n\n{grid}\n"


def _all(matrix: Matrix) -> Iterable[Job]:
    return [job for job in matrix.jobs.values() if job.id in matrix.tables_of]


def _counts(jobs: Iterable[Job], stages: list[str]) -> list[int | str]:
    count = Counter(job.stage for job in jobs)
    return [count[stage] or NOTHING for stage in stages]


def _link(matrix: Matrix, name: str) -> str:
    return f"[{markdown(matrix.project.tables[name].title)}](#{name})"


def _costs(matrix: Matrix, load_scale: Callable[[str], Matrix]) -> Iterator[str]:
    cost = matrix.project.paper.cost
    if cost is None:
        return
    at_scale = load_scale(cost.scale)
    rows = []
    for name in at_scale.cells:
        of_table = _cost(at_scale, at_scale.jobs_of(name))
        own = _cost(
            at_scale, [job for job in at_scale.jobs_of(name) if at_scale.tables_of[job.id] == (name,)]
        )
        rows.append([_link(at_scale, name), _hours(of_table.hours), _hours(own.hours)])
    total = _cost(at_scale, _all(at_scale))
    rows.append(["all, each job once", _hours(total.hours), NOTHING])
    text = [
        f"## Cost at scale {cost.scale}\n",
        _paragraph(
            f"Samples x passes x measured seconds, in hours on {markdown(cost.device)}."
            f" {markdown(cost.about or '')}"
        )
        + "\n",
        _grid(["table", "hours", "of jobs in no other table"], rows) + "\n",
    ]
    if total.unknown:
        words = ", ".join(f"{count} of {stage}" for stage, count in total.unknown.items())
        text.append(f"Not counted, since no seconds were measured for them: {words}.\n")
    text.append(_rates(matrix) + "\n")
    yield "\n".join(text)


def _hours(hours: float) -> str:
    return f"{hours:,.1f}" if hours else NOTHING


def _cost(matrix: Matrix, jobs: Iterable[Job]) -> _Cost:
    cost = matrix.project.paper.cost
    hours, unknown = 0.0, Counter[str]()
    for job in jobs:
        seconds = rated_seconds(cost, job) if cost else None
        if seconds is None:
            unknown[job.stage] += 1
        else:
            hours += seconds / 3600
    return _Cost(hours, unknown)


def _rates(matrix: Matrix) -> str:
    cost = matrix.project.paper.cost
    rows = [
        [
            stage,
            _settings(rate.when) or "any other",
            f"{rate.samples or of_stage.samples:,}",
            _code(of_stage.passes) if of_stage.passes else 1,
            f"{rate.seconds:g}",
        ]
        for stage, of_stage in (cost.stages if cost else {}).items()
        for rate in of_stage.rates
    ]
    return _grid(["stage", "where", "samples", "passes", "seconds a sample"], rows)


def _table(matrix: Matrix, name: str) -> str:
    table = matrix.project.tables[name]
    lines = [f'## <a id="{name}"></a>{markdown(table.title)}', ""]
    if table.about:
        lines += [_paragraph(markdown_block(table.about)), ""]
    if common := _stated(table):
        lines += [f"All cells: {common}.", ""]
    lines += [_grid(["row", "changes"], _changes(table.rows)), ""]
    columns = [
        [label, _shows(column, table), changes]
        for column, (label, changes) in zip(table.columns, _changes(table.columns), strict=True)
    ]
    lines += [_grid(["column", "shows", "changes"], columns), ""]
    if table.variants:
        lines += [_grid(["variant", "changes"], _changes(table.variants)), ""]
    lines += [*_jobs(matrix, name), ""]
    return "\n".join(lines)


def _changes(levels: Sequence[Row | Column | Variant]) -> list[list[str]]:
    return [[markdown(level.label), _derived(level) or _stated(level) or NOTHING] for level in levels]


def _derived(level: Row | Column | Variant) -> str:
    """Write how a row is derived; of a column it is what it shows."""
    return markdown(str(level.derivation)) if isinstance(level, Row) and level.derivation else ""


def _shows(column: Column, table: Table) -> str:
    if column.derivation:
        return markdown(str(column.derivation))
    name = column.show or column.metric or table.metric
    return _code(name) if name else "what is cited"


def _stated(level: Level) -> str:
    """Write a level's settings, and those that it states for one scale only."""
    texts = [_settings(level.with_)]
    texts += [f"at scale {scale} {_settings(settings)}" for scale, settings in level.at.items() if settings]
    return "; ".join(filter(None, texts))


def _settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{_code(key)} {_value(value)}" for key, value in settings.items())


def _code(name: str) -> str:
    """Write a name as code; one that would end it, or a cell of a table, as text."""
    return f"`{name}`" if _NAME.fullmatch(name) else markdown(name)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return " + ".join(map(_value, value)) or "none"
    return markdown(value if isinstance(value, str) else canonical_json(value))


def _jobs(matrix: Matrix, name: str) -> Iterator[str]:
    jobs = matrix.jobs_of(name)
    if not jobs:
        yield "No jobs."
        return
    counts = Counter(job.stage for job in jobs)
    yield f"{len(jobs)} jobs ({', '.join(f'{count} {stage}' for stage, count in counts.items())})"
    shared = Counter(other for job in jobs for other in matrix.tables_of[job.id] if other != name)
    yield ""
    for stage in counts:
        slugs = Counter(_slug(job) for job in jobs if job.stage == stage)
        words = ", ".join(_code(slug) + (f" x {n}" if n > 1 else "") for slug, n in slugs.items())
        yield _paragraph(f"- {stage}: {words}", indent="  ")
    if shared:
        yield ""
        others = ", ".join(f"{count} with [{other}](#{other})" for other, count in shared.items())
        yield _paragraph(f"Shared: {others}.")


def _slug(job: Job) -> str:
    """Return the readable part of a job's id: its digest changes with any default."""
    return job.id.rpartition("-")[0] or job.stage


def _paragraph(text: str, indent: str = "") -> str:
    words = " ".join(text.split())
    return fill(words, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _grid(heads: list[str], rows: list[list[Any]]) -> str:
    return tabulate(rows, heads, tablefmt="github", disable_numparse=True)
