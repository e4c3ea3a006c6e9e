"""From tables to cells and jobs: pure, and the same for Snakemake and the command line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jobkit.errors import UserError, did_you_mean
from jobkit.settings import Flat
from papermatrix.config.load import Project, load, load_config, scale_names
from papermatrix.config.metric import Metric, parse_metric
from papermatrix.config.tables import SEED, Column, Row, Table, Variant
from papermatrix.matrix.cells import Cell, Run, reported_of
from papermatrix.matrix.jobs import Job, JobFactory
from papermatrix.matrix.measured import expect_scores


@dataclass(frozen=True)
class Matrix:
    """Tables as cells, and every job that they need, each once and after its upstream job."""

    project: Project
    cells: Mapping[str, tuple[Cell, ...]]
    jobs: Mapping[str, Job]

    @cached_property
    def tables_of(self) -> Mapping[str, tuple[str, ...]]:
        """The tables that need each job, by the job's id."""
        tables: dict[str, dict[str, None]] = {}
        for table in self.cells:
            for job in self.jobs_of(table):
                tables.setdefault(job.id, {})[table] = None
        return {job: tuple(names) for job, names in tables.items()}

    def jobs_of(self, table: str) -> list[Job]:
        """Return the jobs that a table needs, in the order of `jobs`."""
        needed = {job.id for top in self.shown_jobs(table) for job in top.chain()}
        return [self.jobs[name] for name in sorted(needed, key=self._order.__getitem__)]

    def shown_jobs(self, table: str) -> list[Job]:
        """Return the jobs whose results a table shows, each once."""
        self.expect_table(table)
        return list({job.id: job for cell in self.cells[table] for job in cell.jobs}.values())

    def expect_table(self, name: str, source: str = "") -> None:
        """Raise a `UserError` where there is no such table; `source` is what names it."""
        if name not in self.cells:
            hint = did_you_mean(name, list(self.cells))
            raise UserError(
                f"{source}: its table {name} is not there{hint}" if source else f"{name}: no such table{hint}"
            )

    @cached_property
    def _order(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.jobs)}


def load_matrix(overrides: Mapping[str, Any] | None = None, tables: Collection[str] | None = None) -> Matrix:
    """Load the matrix of the project in this folder."""
    return expand(load(overrides), tables)


def load_every_scale(overrides: Mapping[str, Any] | None = None) -> list[Matrix]:
    """Load the matrix of the project in this folder at each scale, the chosen one first."""
    config = load_config(overrides)
    scales = dict.fromkeys((config.scale, *scale_names(config)))
    return [load_matrix({**(overrides or {}), "scale": scale}) for scale in scales]


def expand(project: Project, tables: Collection[str] | None = None) -> Matrix:
    """Expand some tables, or all of them; a `UserError` where one is not there, or a score not measured."""
    unknown = [name for name in tables or () if name not in project.tables]
    if unknown:
        known = list(project.tables)
        raise UserError(f"{name}: no such table{did_you_mean(name, known)}" for name in unknown)
    factory = JobFactory(project)
    names = project.tables if tables is None else dict.fromkeys(tables)
    cells = {name: tuple(_TableCells(name, project, factory)) for name in names}
    expect_scores(project, cells)
    return Matrix(project, cells, factory.jobs)


class _TableCells:
    """Makes the cells of one table, each once: derived ones are made of others."""

    def __init__(self, name: str, project: Project, factory: JobFactory):
        self._name, self._project, self._factory = name, project, factory
        self._table, self._scale = project.tables[name], project.config.scale
        self._rows = {row.label: row for row in self._table.rows}
        self._columns = {column.label: column for column in self._table.columns}
        self._known: dict[tuple[str, str, str | None], Cell] = {}

    def __iter__(self) -> Iterator[Cell]:
        for row in self._table.rows:
            for column in self._table.columns:
                cells = (self._at(row, column, variant) for variant in self._table.variants or (None,))
                yield from {cell.variant_label: cell for cell in cells}.values()

    def _at(self, row: Row, column: Column, variant: Variant | None) -> Cell:
        """Return a cell; what has one value for all variants is the same cell in each."""
        key = (row.label, column.label, variant.label if variant else None)
        if key not in self._known:
            made = self._derived(row, column, variant) or self._plain(row, column, variant)
            self._known[key] = made
        return self._known[key]

    def _plain(self, row: Row, column: Column, variant: Variant | None) -> Cell:
        """Make a cell that a job measures, or that shows a setting or what is cited."""
        table, project = self._table, self._project
        of_row = project.base | table.settings(self._scale) | row.settings(self._scale)
        if (metric := _metric(row, column, table, project)) is None:
            value = row.values.get(column.label)
            if value is None and row.derivation is None:
                value = (project.schema.complete(of_row) | of_row).get(column.show or "")
            return self._cell(row, column, None, value=value)
        settings = of_row | column.settings(self._scale)
        if variant:
            settings |= variant.settings(self._scale)
        seeds = seeds_of(project, table, row, column, variant)
        runs = tuple(_run(metric, settings, seed, project, self._factory) for seed in seeds)
        return self._cell(row, column, variant, metric=metric, part=_part(metric, project), runs=runs)

    def _derived(self, row: Row, column: Column, variant: Variant | None) -> Cell | None:
        """Make a cell of other cells; None where neither its row nor its column is derived."""
        derivation = row.derivation or column.derivation
        if derivation is None or column.show:
            return None
        rivals: tuple[tuple[Cell, ...], ...] = ()
        if row.derivation:
            parts = [self._at(self._rows[label], column, variant) for label in derivation.of]
        else:
            columns = [self._columns[label] for label in derivation.of]
            parts = [self._at(row, of, variant) for of in columns]
            if derivation.against is not None:
                parts.append(self._at(self._rows[derivation.against], columns[0], variant))
            if derivation.kind == "rank":
                rows = [other for other in self._table.rows if not other.derivation]
                rivals = tuple(self._ours(self._at(other, of, variant) for other in rows) for of in columns)
                if not all(part.is_ours for part in parts):
                    return self._cell(row, column, None)
        has_variants = any(part.variant for part in parts)
        return self._cell(
            row,
            column,
            variant if has_variants else None,
            derivation=derivation,
            parts=tuple(parts),
            rivals=rivals,
            part=_shared({part.part for part in parts}),
        )

    @staticmethod
    def _ours(cells: Iterable[Cell]) -> tuple[Cell, ...]:
        """Leave out what is cited: a rank is among our own numbers."""
        return tuple(cell for cell in cells if cell.is_ours)

    def _cell(self, row: Row, column: Column, variant: Variant | None, **content: Any) -> Cell:
        reported = self._project.reported.get(self._name, {}).get(row.label, {}).get(column.label)
        return Cell(
            table=self._name,
            row=row,
            column=column,
            number_format=self._table.format_of(column, row),
            reported=reported_of(reported, self._table, column, variant),
            variant=variant,
            better=self._table.better_of(column),
            **content,
        )


def _shared(values: set[str | None]) -> str | None:
    """Return what all share; None where they differ."""
    return next(iter(values)) if len(values) == 1 else None


def _metric(row: Row, column: Column, table: Table, project: Project) -> Metric | None:
    """Return what a cell measures; None where it shows a setting or what is cited."""
    if column.label in row.values or column.show or row.derivation or column.derivation:
        return None
    return parse_metric(column.metric or table.metric or "", project.stages.stages, project.stages.scores)


def _part(metric: Metric, project: Project) -> str | None:
    """Return the part of the data that a score is of; a cost is of none."""
    return None if metric.is_cost else project.stages.stages[metric.stage].part_of(metric.path[0])


def seeds_of(
    project: Project, table: Table, row: Row, column: Column, variant: Variant | None
) -> tuple[int | None, ...]:
    """Return a cell's seeds, which the nearest level states, else config.yaml; None alone without any."""
    return table.seeds_of(row, column, variant) or project.config.seeds or (None,)


def _run(metric: Metric, stated: Flat, seed: int | None, project: Project, factory: JobFactory) -> Run:
    settings = project.schema.complete(stated if seed is None else stated | {SEED: seed})
    return Run(settings.get(SEED), factory.job(metric.stage, settings))
