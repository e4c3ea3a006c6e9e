"""What a rendered table says in words, whatever its form: our numbers, their origin, the authors' numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from jobkit.digest import canonical_json
from jobkit.result import Result
from papermatrix.aggregate import ABSENT, STALE, VALUE, Summary
from papermatrix.escape import CHECK, NOTHING
from papermatrix.expand import Job, Matrix
from papermatrix.project import Project
from papermatrix.settings import value_of
from papermatrix.spec import Column, Reported, ReportedCell, ReportedValue, Row, Table
from papermatrix.store import Store

NO_NOTES: Mapping[tuple[str, str], tuple[str, ...]] = {}


@dataclass(frozen=True)
class Grid:
    """A table's words: in each row a label, and a word for each column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    name: str
    title: str
    header: tuple[tuple[str, str], ...]
    """Where our numbers come from, by what to call it."""
    ours: Grid
    reported: Grid | None
    reported_from: str
    """What the authors' numbers are, and whether ours can be compared with them."""


def make_page(
    matrix: Matrix,
    name: str,
    summaries: Mapping[tuple[str, str], list[Summary]],
    store: Store,
    notes: Mapping[tuple[str, str], tuple[str, ...]] = NO_NOTES,
) -> Page:
    """One table's page; `notes` are footnotes to the authors' numbers, by the labels of row and column."""
    project = matrix.project
    table = project.tables[name]
    reported = project.reported.get(name)
    return Page(
        name=name,
        title=table.title,
        header=(*_header(matrix, name, store), *_legend(table, summaries)),
        ours=_ours(table, summaries),
        reported=_reported(table, reported, notes) if reported else None,
        reported_from=_reported_from(project),
    )


def _header(matrix: Matrix, name: str, store: Store) -> Iterable[tuple[str, str]]:
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
        yield label, _listed(_words(value, {}) for job in jobs for value in _stated(key, job))
    yield "seeds", _listed(str(cell.seed) for cell in cells if cell.seed is not None)
    yield "commit", _listed(_commit(result) for result in results)


def _stated(key: str, job: Job) -> list[Any]:
    try:
        return [value_of(key, job.settings)]
    except KeyError:
        return []


def _legend(table: Table, summaries: Mapping[tuple[str, str], list[Summary]]) -> Iterable[tuple[str, str]]:
    """How to read a cell."""
    if len(table.variants) > 1:
        yield "each cell", " / ".join(variant.label for variant in table.variants)
    if any(summary.spread is not None for each in summaries.values() for summary in each):
        yield "each value", "mean ± standard deviation over the seeds"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words)) or NOTHING


def _data(result: Result) -> str:
    name = result.provenance.get("data")
    digest = f"digest {result.provenance['data_digest'][:12]}"
    return f"{name}, {digest}" if name else digest


def _commit(result: Result) -> str:
    commit = result.provenance.get("commit")
    dirty = " with uncommitted changes" if result.provenance.get("dirty") else ""
    return f"{commit[:12]}{dirty}" if commit else "unknown"


def _ours(table: Table, summaries: Mapping[tuple[str, str], list[Summary]]) -> Grid:
    def words(row: Row, column: Column) -> str:
        each = summaries[row.label, column.label]
        text = " / ".join(_cell(summary, row, column, table) for summary in each)
        return f"{text} (stale)" if any(summary.status == STALE for summary in each) else text

    rows = tuple((row.label, tuple(words(row, column) for column in table.columns)) for row in table.rows)
    return Grid(tuple(column.label for column in table.columns), rows)


def _cell(summary: Summary, row: Row, column: Column, table: Table) -> str:
    if summary.status not in (VALUE, STALE):
        word = NOTHING if summary.status == ABSENT else summary.status
        return word if summary.count == summary.seeds else f"{word}, {summary.count} of {summary.seeds} seeds"
    if column.show and column.label not in row.values:
        return shown(summary.mean, column)
    number_format = column.format or table.format
    text = number(summary.mean, number_format, column.factor)
    if summary.spread is not None:
        text += f" ± {number(summary.spread, number_format, column.factor)}"
    return text


def number(value: ReportedValue, number_format: str, factor: float = 1) -> str:
    """A measured or reported value; words stay as they are."""
    if value is None:
        return NOTHING
    return value if isinstance(value, str) else format(value * factor, number_format)


def shown(value: Any, column: Column) -> str:
    """A setting of the row."""
    if column.equals is not None:
        is_so = value == column.equals or (isinstance(value, list) and column.equals in value)
        return CHECK if is_so else NOTHING
    return _words(value, column.names)


def _words(value: Any, names: Mapping[str, str]) -> str:
    if isinstance(value, list):
        return " + ".join(_words(item, names) for item in value) or NOTHING
    plain = value if isinstance(value, str) else canonical_json(value)
    text = f"{value:g}" if isinstance(value, float) else plain
    if text in names:
        return names[text]
    return {"true": CHECK, "false": NOTHING, "null": NOTHING, "": NOTHING}.get(text, text)


def _reported(table: Table, reported: Reported, notes: Mapping[tuple[str, str], tuple[str, ...]]) -> Grid:
    marks: dict[str, str] = {}

    def words(row: Row, column: Column) -> str:
        cell = reported.get(row.label, {}).get(column.label, ReportedCell(values=None))
        text = " / ".join(number(value, column.format or table.format) for value in cell.each)
        about = (*([cell.suspect] if cell.suspect else []), *notes.get((row.label, column.label), ()))
        return " ".join([text, *dict.fromkeys(marks.setdefault(note, _mark(len(marks))) for note in about)])

    rows = tuple((row.label, tuple(words(row, column) for column in table.columns)) for row in table.rows)
    columns = tuple(column.label for column in table.columns)
    return Grid(columns, rows, tuple(f"{mark} {note}" for note, mark in marks.items()))


def _mark(index: int) -> str:
    return f"({ascii_lowercase[index]})" if index < len(ascii_lowercase) else f"({index + 1})"


def _reported_from(project: Project) -> str:
    source, scale = project.reported_source, project.reported_scale
    ours = project.config.scale
    if scale == ours:
        return source
    return f"{source} Ours are at scale {ours}: they cannot be compared with these."
