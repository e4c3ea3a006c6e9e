"""The fingerprint of an output: short digests of all that it shows besides results.

Results are files that Snakemake compares by itself. Whatever else an output shows is in here, so an output is
rendered again when its fingerprint changes, and the part that changed says why.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from jobkit.digest import digest, digest_files
from papermatrix.analysis.audit import rules_of
from papermatrix.config.tables import Column, Row
from papermatrix.matrix.cells import Cell
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from papermatrix.render.curves import cells_of_figure, figure_of, jobs_of_figure
from papermatrix.render.formats import OWN_TEMPLATES
from papermatrix.render.macros import cells_of_numbers, jobs_of_numbers
from papermatrix.results.store import Store

PACKAGE = Path(__file__).parents[1]
DIGITS = 8
PARTS = ("declared", "cells", "stale", "code", "audit")
"""Of every fingerprint."""
Fingerprint = Mapping[str, str]
"""By part: `cells:1f0c93ab`."""
_NOT_SHOWN = {"about", "with_", "at", "seeds", "values", "rows", "columns", "variants", "reported"}
"""Fields that no output shows, or that are in its cells."""


def of_table(matrix: Matrix, name: str, store: Store) -> Fingerprint:
    """Return the fingerprint of a table in all its formats."""
    table, jobs = matrix.project.tables[name], matrix.shown_jobs(name)
    theirs = matrix.project.as_reported.get(name, table)
    levels: Sequence[Row | Column] = (*theirs.rows, *theirs.columns)
    shown = [[level.shown, level.group, level.note] for level in levels]
    return fingerprint(
        matrix,
        [table],
        matrix.cells[name],
        _stale(jobs, store),
        names=shown,
        audit=rules_of(matrix, name),
    )


def of_figure(matrix: Matrix, name: str, store: Store) -> Fingerprint:
    """Return the fingerprint of a figure."""
    figure, jobs = figure_of(matrix, name), jobs_of_figure(matrix, name)
    return fingerprint(matrix, [figure], cells_of_figure(matrix, figure), _stale(jobs.values(), store))


def of_macros(matrix: Matrix, store: Store) -> Fingerprint:
    """Return the fingerprint of the numbers of the text."""
    numbers, cells = matrix.project.paper.numbers, cells_of_numbers(matrix)
    stale = _stale(jobs_of_numbers(matrix).values(), store)
    return fingerprint(matrix, list(numbers.values()), cells.values(), stale, names=list(cells))


def fingerprint(
    matrix: Matrix,
    declared: Sequence[BaseModel],
    cells: Iterable[Cell],
    stale: Sequence[str],
    *,
    names: Sequence[Any] = (),
    audit: Sequence[Any] = (),
) -> Fingerprint:
    """Return an output's fingerprint: a digest for each part, so that the one that changed says why.

    `declared` is what people wrote about it, by `names` where it shows them; `stale` are those of its jobs;
    `audit` are the rules of its footnotes.
    """
    cells = list(cells)
    project = matrix.project
    levels = {id(level): level for cell in cells for level in (cell.row, cell.column, cell.variant) if level}
    parts = {
        "declared": [
            project.config.scale,
            names,
            [model.model_dump(mode="json", exclude=_NOT_SHOWN) for model in (*declared, *levels.values())],
            project.stages.header,
            project.stages.header_scores,
            project.reported_source,
            project.reported_scale,
        ],
        "cells": [_content(cell) for cell in cells],
        "stale": stale,
        "code": [_code(), digest_files(OWN_TEMPLATES.glob("*"), OWN_TEMPLATES)],
        "audit": audit,
    }
    return {name: f"{name}:{digest(content)[:DIGITS]}" for name, content in parts.items()}


def _stale(jobs: Iterable[Job], store: Store) -> list[str]:
    """Return which of an output's jobs are stale, and as what the results behind it are accepted."""
    jobs = list(jobs)
    chain = {job.id: job for top in jobs for job in top.chain()}
    accepted = [str(acceptance) for job in chain.values() if (acceptance := store.acceptance(job))]
    return [*(job.id for job in jobs if store.is_stale(job)), *accepted]


def _content(cell: Cell) -> list[Any]:
    """Return what a cell shows besides its jobs' results and what its row, column and variant declare."""
    runs = [[run.seed, run.job and run.job.id] for run in cell.runs]
    reported = cell.reported and dataclasses.astuple(cell.reported)
    return [*cell.shown_labels, runs, cell.name, cell.part, cell.value, cell.number_format, reported]


@functools.cache
def _code() -> str:
    """Return the digest of the whole package: cheaper than to follow what a renderer imports."""
    files = (path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".j2"))
    return digest_files(files, PACKAGE)
