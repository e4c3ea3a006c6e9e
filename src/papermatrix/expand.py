"""From tables to cells and jobs: pure, and the same for Snakemake and the command line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from jobkit.errors import UserError, did_you_mean
from papermatrix.digest import job_id, render_slug
from papermatrix.metric import Metric, parse_metric
from papermatrix.project import Project, load
from papermatrix.references import SEED
from papermatrix.settings import Flat, Nested, merged, nested
from papermatrix.spec import Config, Level

JOBS = Path("results/jobs")


@dataclass(frozen=True)
class Job:
    """A stage with the settings that it uses, on top of another job."""

    id: str
    stage: str
    needs: Job | None
    settings: Nested = field(repr=False)
    """Its own settings and those of every job that it stands on: what it is given."""

    @cached_property
    def folder(self) -> Path:
        return JOBS / self.stage / self.id

    def chain(self) -> Iterator[Job]:
        """Every job that it stands on, the first of them first, and itself."""
        if self.needs is not None:
            yield from self.needs.chain()
        yield self


@dataclass(frozen=True)
class Cell:
    """One value of a table: a metric of a job, or without a metric what stands there already."""

    row: str
    column: str
    name: str = ""
    """The metric's, or the shown setting's."""
    variant: str | None = None
    seed: int | None = None
    metric: Metric | None = None
    job: Job | None = None
    """None where the metric's stage does not take place."""
    value: Any = None


@dataclass(frozen=True)
class Matrix:
    """Tables as cells, and every job that they need, each once and after those that it needs."""

    project: Project
    cells: Mapping[str, tuple[Cell, ...]]
    jobs: Mapping[str, Job]

    @cached_property
    def tables_of(self) -> Mapping[str, tuple[str, ...]]:
        """The tables that need each job."""
        found: dict[str, dict[str, None]] = {}
        for table in self.cells:
            for job in self.jobs_of(table):
                found.setdefault(job.id, {})[table] = None
        return {job: tuple(tables) for job, tables in found.items()}

    def cells_of(self, table: str) -> tuple[Cell, ...]:
        """A `UserError` for a table that is not there."""
        if table not in self.cells:
            raise UserError(f"{table}: no such table{did_you_mean(table, list(self.cells))}")
        return self.cells[table]

    def jobs_of(self, table: str) -> list[Job]:
        """The jobs that a table needs, in the order of `jobs`."""
        tops = {cell.job.id: cell.job for cell in self.cells[table] if cell.job}
        needed = {job.id for top in tops.values() for job in top.chain()}
        return [self.jobs[name] for name in sorted(needed, key=self._order.__getitem__)]

    @cached_property
    def _order(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.jobs)}

    def shown(self, table: str) -> dict[str, Any]:
        """What a table shows besides its jobs' results."""
        project = self.project
        return {
            "scale": project.config.scale,
            "table": project.tables[table].model_dump(mode="json", by_alias=True, exclude={"about"}),
            "header": project.stages.header,
            "counted": project.stages.counted,
            "settings": [cell.value for cell in self.cells[table] if cell.metric is None],
            "reported": {
                row: {column: cell.model_dump(mode="json") for column, cell in cells.items()}
                for row, cells in project.reported.get(table, {}).items()
            },
            "reported_source": project.reported_source,
            "reported_scale": project.reported_scale,
        }


def load_matrix(overrides: Mapping[str, Any] | None = None, tables: Collection[str] | None = None) -> Matrix:
    """The matrix of the project in this folder."""
    return expand(load(overrides), tables)


def expand(project: Project, tables: Collection[str] | None = None) -> Matrix:
    """Some tables, or all of them; a `UserError` for a table that is not there."""
    unknown = [name for name in tables or () if name not in project.tables]
    if unknown:
        raise UserError(
            f"{name}: no such table{did_you_mean(name, list(project.tables))}" for name in unknown
        )
    jobs = _Jobs(project)
    names = project.tables if tables is None else dict.fromkeys(tables)
    cells = {name: tuple(_cells(name, project, jobs)) for name in names}
    return Matrix(project, cells, jobs.made)


def _cells(name: str, project: Project, jobs: _Jobs) -> Iterator[Cell]:
    table = project.tables[name]
    stages = project.stages

    def stated(*place: str | int) -> Flat:
        layers, level = project.layers, ("tables", name, *place)
        at_scale = layers.get((*level, "at", project.config.scale), {})
        return {**layers.get((*level, "with"), {}), **at_scale}

    for r, row in enumerate(table.rows):
        of_row = {**project.base, **stated(), **stated("rows", r)}
        for c, column in enumerate(table.columns):
            if column.label in row.values:
                yield Cell(row.label, column.label, value=row.values[column.label])
                continue
            if column.show:
                shown = project.schema.complete(of_row) | of_row
                yield Cell(row.label, column.label, column.show, value=shown.get(column.show))
                continue
            metric = parse_metric(column.metric or table.metric or "", stages.stages, stages.scores)
            of_column = {**of_row, **stated("columns", c)}
            for v, variant in enumerate(table.variants or (None,)):
                of_cell = {**of_column, **stated("variants", v)} if variant else of_column
                seeds = _seeds(variant, column, row, table, project.config)
                for seed in seeds or (None,):
                    settings = project.schema.complete(of_cell if seed is None else {**of_cell, SEED: seed})
                    yield Cell(
                        row.label,
                        column.label,
                        metric.name,
                        variant=variant.label if variant else None,
                        seed=settings.get(SEED),
                        metric=metric,
                        job=jobs.make(metric.stage, settings),
                    )


def _seeds(*levels: Level | Config | None) -> tuple[int, ...] | None:
    """What the first level that states seeds states."""
    return next((level.seeds for level in levels if level and level.seeds), None)


class _Jobs:
    """Makes every job once."""

    def __init__(self, project: Project):
        self.made: dict[str, Job] = {}
        self._project = project
        self._keys = {
            name: [key for used in stage.uses for key in project.schema.keys_of(used)]
            for name, stage in project.stages.stages.items()
        }
        self._known: dict[tuple[str, str | None, str], Job] = {}

    def make(self, name: str, settings: Flat) -> Job | None:
        """The job of a stage, with those below it; None where the stage does not take place."""
        if not self._takes_place(name, settings):
            return None
        stage = self._project.stages.stages[name]
        below = self._nearest(stage.needs, settings)
        below_id = below.id if below else None
        own = {key: settings[key] for key in self._keys[name]}
        content = (name, below_id, repr(own))
        if content not in self._known:
            document = nested(own)
            whole = merged(below.settings, document) if below else document
            job = Job(job_id(name, document, below_id, self._slug(name, whole)), name, below, whole)
            self._known[content] = self.made[job.id] = job
        return self._known[content]

    def _takes_place(self, name: str, settings: Flat) -> bool:
        unless = self._project.unless[name]
        is_excluded = bool(unless) and unless.items() <= settings.items()
        return self._project.when[name].items() <= settings.items() and not is_excluded

    def _nearest(self, name: str | None, settings: Flat) -> Job | None:
        """The job of a stage, or of the first stage before it that takes place."""
        while name is not None:
            job = self.make(name, settings)
            if job is not None:
                return job
            name = self._project.stages.stages[name].needs
        return None

    def _slug(self, name: str, settings: Nested) -> str:
        try:
            return render_slug(self._project.stages.stages[name].slug, settings)
        except ValueError as error:
            raise UserError(f"{self._project.config.stages}: stages.{name}.slug: {error}") from None
