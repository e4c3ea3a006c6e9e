"""The fingerprint of an output: a short digest of all that it shows besides results.

Results are files that Snakemake compares by itself. Whatever else an output shows is in here, so an output is
rendered again when its fingerprint changes, and the part that changed says why.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from jobkit.digest import digest, digest_files
from papermatrix.analysis.audit import rules_of
from papermatrix.matrix.cells import Cell
from papermatrix.matrix.expand import Matrix
from papermatrix.render.curves import cells_of_figure, figure_of
from papermatrix.render.formats import OWN_TEMPLATES
from papermatrix.render.macros import cells_of_numbers
from papermatrix.results.store import Store

PACKAGE = Path(__file__).parents[1]
DIGITS = 8
_NOT_SHOWN = {"about", "with_", "at", "seeds", "values", "rows", "columns", "variants", "reported"}
"""Fields that no output shows, or that are in its cells."""


def of_table(matrix: Matrix, name: str, store: Store) -> str:
    """Return the fingerprint of a table in all its formats."""
    rules = rules_of(matrix, name)
    return fingerprint(matrix, [matrix.project.tables[name]], matrix.cells[name], store, audit=rules)


def of_figure(matrix: Matrix, name: str, store: Store) -> str:
    """Return the fingerprint of a figure."""
    figure = figure_of(matrix, name)
    return fingerprint(matrix, [figure], cells_of_figure(matrix, figure), store)


def of_macros(matrix: Matrix, store: Store) -> str:
    """Return the fingerprint of the numbers of the text."""
    numbers = matrix.project.paper.numbers
    return fingerprint(
        matrix, list(numbers.values()), cells_of_numbers(matrix).values(), store, names=list(numbers)
    )


def fingerprint(
    matrix: Matrix, declared: Sequence[BaseModel], cells: Iterable[Cell], store: Store, **other: Any
) -> str:
    """Return an output's fingerprint: `declared:1f0c93ab cells:... stale:... code:...`.

    `declared` is what people wrote about it; `other` is what else it shows.
    """
    cells = list(cells)
    project = matrix.project
    jobs = {job.id: job for cell in cells for job in cell.jobs}
    chain = {job.id: job for top in jobs.values() for job in top.chain()}
    levels = {id(level): level for cell in cells for level in (cell.row, cell.column, cell.variant) if level}
    parts = {
        "declared": [
            project.config.scale,
            [model.model_dump(mode="json", exclude=_NOT_SHOWN) for model in (*declared, *levels.values())],
            project.stages.header,
            project.stages.header_scores,
            project.reported_source,
            project.reported_scale,
        ],
        "cells": [_content(cell) for cell in cells],
        "stale": [job.id for job in jobs.values() if store.is_stale(job)],
        "accepted": [str(store.acceptance(job)) for job in chain.values()],
        "code": [_code(), digest_files(OWN_TEMPLATES.glob("*"), OWN_TEMPLATES)],
        **other,
    }
    return " ".join(f"{name}:{digest(content)[:DIGITS]}" for name, content in parts.items())


def _content(cell: Cell) -> list[Any]:
    """Return what a cell shows besides its jobs' results and what its row, column and variant declare."""
    runs = [[run.seed, run.job and run.job.id] for run in cell.runs]
    reported = cell.reported and dataclasses.astuple(cell.reported)
    return [*cell.labels, cell.variant_label, runs, cell.name, cell.value, cell.number_format, reported]


@functools.cache
def _code() -> str:
    """Return the digest of the whole package: cheaper than to follow what a renderer imports."""
    files = (path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".j2"))
    return digest_files(files, PACKAGE)
