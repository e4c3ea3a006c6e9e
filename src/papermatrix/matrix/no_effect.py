"""Statements that change no job of their cells, and rows and columns of the same jobs: they may be slips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from jobkit.settings import Flat, nested
from papermatrix.config.tables import SEED, Column, Row, Variant
from papermatrix.config.templates import holds
from papermatrix.matrix.cells import Cell
from papermatrix.matrix.expand import Matrix, seeds_of
from papermatrix.matrix.jobs import Job, JobFactory
from papermatrix.matrix.sharing import same_levels

Kind = Literal["rows", "columns", "variants"]
KINDS: tuple[Kind, ...] = ("rows", "columns", "variants")
"""In their order: what a later one states wins."""
SHARED: tuple[Literal["rows", "columns"], ...] = ("rows", "columns")
"""Those that should have other jobs than the next: variants that share theirs are shown once."""


@dataclass(frozen=True)
class Overridden:
    """Something later states another value."""

    kind: Kind | Literal["seeds"]
    label: str = ""


@dataclass(frozen=True)
class SwitchedOff:
    """The stage that uses the setting does not take place."""

    stage: str
    because: Flat
    """The settings that keep it from that."""


@dataclass(frozen=True)
class Ignored:
    """The stage that uses the setting says that it cannot matter."""

    stage: str
    when: str


@dataclass(frozen=True)
class Unused:
    """No stage uses the setting, of those that the cells need."""


@dataclass(frozen=True)
class AlreadyThere:
    """The value is the same without the statement."""


Cause = Overridden | SwitchedOff | Ignored | Unused | AlreadyThere


@dataclass(frozen=True)
class NoEffect:
    """A setting that a level states and that changes no job."""

    table: str
    kind: Kind
    index: int
    key: str
    causes: tuple[Cause, ...]
    """Why, each once; they may differ between cells."""
    same_as: str | None
    """The row or column whose jobs the level has therefore."""


@dataclass(frozen=True)
class SameJobs:
    """A row or column of the very same jobs as an earlier one, where no statement without effect says it."""

    table: str
    kind: Literal["rows", "columns"]
    index: int
    other: str


def without_effect(matrix: Matrix) -> Iterator[NoEffect | SameJobs]:
    """Yield what changes nothing in the tables of a matrix."""
    for name in matrix.cells:
        yield from _Table(matrix, name).without_effect()


class _Table:
    """Asks of each statement in one table which job there would be without it."""

    def __init__(self, matrix: Matrix, name: str):
        self._name, self._project = name, matrix.project
        self._table, self._scale = matrix.project.tables[name], matrix.project.config.scale
        self._base = matrix.project.base | self._table.settings(self._scale)
        self._cells = [cell for cell in matrix.cells[name] if cell.metric]
        self._factory = JobFactory(matrix.project)
        self._stages = matrix.project.stages

    def without_effect(self) -> Iterator[NoEffect | SameJobs]:
        yield from self._statements("variants", {})
        for kind in SHARED:
            earlier = same_levels(self._cells, kind)
            found = list(self._statements(kind, {other: label for label, other in earlier.items()} | earlier))
            yield from found
            labels = [level.label for level in self._levels(kind)]
            explained = {labels[statement.index] for statement in found if statement.same_as}
            for label, other in earlier.items():
                if explained.isdisjoint((label, other)):
                    yield SameJobs(self._name, kind, labels.index(label), other)

    def _levels(self, kind: Kind) -> tuple[Row | Column | Variant, ...]:
        table = self._table
        if kind == "rows":
            return table.rows
        return table.columns if kind == "columns" else table.variants

    def _statements(self, kind: Kind, same: Mapping[str, str]) -> Iterator[NoEffect]:
        """Yield the statements of rows, columns or variants that have no effect."""
        for index, level in enumerate(self._levels(kind)):
            cells = [cell for cell in self._cells if _level(cell, kind) is level]
            for key in level.settings(self._scale) if cells else ():
                causes = self._causes(cells, kind, key)
                is_same = level.label in same and all(self._is_as_without(cell, kind) for cell in cells)
                if causes and (is_same or any(cause != AlreadyThere() for cause in causes)):
                    other = same[level.label] if is_same else None
                    yield NoEffect(self._name, kind, index, key, tuple(causes), other)

    def _causes(self, cells: list[Cell], kind: Kind, key: str) -> list[Cause]:
        """Return why a statement changes none of some cells; nothing where it changes one."""
        causes: list[Cause] = []
        for cell in cells:
            cause = self._cause(cell, kind, key)
            if cause is None or (kind == "variants" and isinstance(cause, Ignored)):
                return []
            causes += [cause] if cause not in causes else []
        return causes

    def _cause(self, cell: Cell, kind: Kind, key: str) -> Cause | None:
        """Return why a statement does not change a cell's job; None where it does."""
        stated = {k: level.settings(self._scale) for k in KINDS if (level := _level(cell, k))}
        later = [k for k in KINDS[KINDS.index(kind) + 1 :] if key in stated.get(k, {})]
        if key == SEED and self._has_seeds(cell):
            return Overridden("seeds")
        if later:
            last, value = later[-1], stated[kind][key]
            is_same = stated[last][key] == value
            return AlreadyThere() if is_same else Overridden(last, _label(cell, last))
        own = {k: v for k, v in stated[kind].items() if k != key}
        settings, without = self._settings(cell, stated), self._settings(cell, stated | {kind: own})
        changed = {k for k in settings if settings[k] != without[k]}
        if not changed:
            return AlreadyThere()
        return self._unused(cell, changed, settings) if self._has_job_of(cell, without) else None

    def _unused(self, cell: Cell, changed: set[str], settings: Flat) -> Cause:
        """Return why the value of some settings makes no other job."""
        assert cell.metric is not None
        for name in (cell.metric.stage, *self._stages.before(cell.metric.stage)):
            stage = self._stages.stages[name]
            if changed.isdisjoint(self._project.schema.keys_of(*stage.uses)):
                continue
            if not stage.takes_place(settings):
                other = {key: settings[key] for key, value in stage.when.items() if settings[key] != value}
                return SwitchedOff(name, other or stage.unless)
            for ignored in stage.ignores:
                if not changed.isdisjoint(ignored.settings) and holds(ignored.when, nested(settings)):
                    return Ignored(name, ignored.when)
        return Unused()

    def _is_as_without(self, cell: Cell, kind: Kind) -> bool:
        """Return whether a cell has the same job without all that its row, column or variant states."""
        stated = {k: level.settings(self._scale) for k in KINDS if k != kind and (level := _level(cell, k))}
        return self._has_job_of(cell, self._settings(cell, stated))

    def _settings(self, cell: Cell, stated: Mapping[Kind, Flat]) -> Flat:
        """Return the complete settings of a cell's first run, if its levels stated this."""
        settings = self._base.copy()
        for kind in KINDS:
            settings |= stated.get(kind, {})
        seeds = {SEED: cell.runs[0].seed} if self._has_seeds(cell) else {}
        return self._project.schema.complete(settings | seeds)

    def _has_seeds(self, cell: Cell) -> bool:
        return seeds_of(self._project, self._table, cell.row, cell.column, cell.variant) != (None,)

    def _has_job_of(self, cell: Cell, settings: Flat) -> bool:
        """Return whether a cell's first run has the job of these settings."""
        assert cell.metric is not None
        return _id(cell.runs[0].job) == _id(self._factory.job(cell.metric.stage, settings))


def _level(cell: Cell, kind: Kind) -> Row | Column | Variant | None:
    return {"rows": cell.row, "columns": cell.column, "variants": cell.variant}[kind]


def _label(cell: Cell, kind: Kind) -> str:
    level = _level(cell, kind)
    return level.label if level else ""


def _id(job: Job | None) -> str | None:
    return job.id if job else None
