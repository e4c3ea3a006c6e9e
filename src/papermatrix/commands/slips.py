"""What is probably a slip in tables, though no error: for `papermatrix validate` and `papermatrix check`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from jobkit.errors import Diagnostic, nearest
from jobkit.yaml12 import Document, KeyPath
from papermatrix.config.fields import settings_text
from papermatrix.config.repeated import read_tables
from papermatrix.config.tables import Table
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.no_effect import (
    Cause,
    Ignored,
    NoEffect,
    Overridden,
    SameJobs,
    SwitchedOff,
    Unused,
    without_effect,
)


def slips(matrix: Matrix) -> list[Diagnostic]:
    """Return warnings of statements that change no job, of rows with others' jobs, of odd metrics."""
    document = read_tables(Path(matrix.project.config.tables))
    found = [
        _statement(slip, matrix, document) if isinstance(slip, NoEffect) else _same(slip, document)
        for slip in without_effect(matrix)
    ]
    found += _odd_metrics(matrix, document)
    return sorted(found, key=lambda diagnostic: diagnostic.line)


def _odd_metrics(matrix: Matrix, document: Document) -> Iterator[Diagnostic]:
    """Yield metrics that begin almost as a stage is called, where no declared scores tell them."""
    stages = matrix.project.stages
    if stages.stages[stages.scores].scores is not None:
        return
    for name in matrix.cells:
        for path, text in _metrics(matrix.project.tables[name]):
            first, _, rest = text.partition(".")
            meant = None if first in (*stages.stages, "cost") else nearest(first, stages.stages)
            if meant and rest:
                message = f"is a score of {stages.scores}; did you mean {meant}.{rest}?"
                yield document.diagnostic(("tables", name, *path), message)


def _metrics(table: Table) -> Iterator[tuple[KeyPath, str]]:
    """Yield the metrics that a table states, by key path."""
    if table.metric is not None:
        yield ("metric",), table.metric
    for index, column in enumerate(table.columns):
        if column.metric is not None:
            yield ("columns", index, "metric"), column.metric


def _same(slip: SameJobs, document: Document) -> Diagnostic:
    path = ("tables", slip.table, slip.kind, slip.index)
    noun = _noun(slip.kind)
    return document.diagnostic(path, f"the {noun} has the very same jobs as {noun} {slip.other}")


def _statement(slip: NoEffect, matrix: Matrix, document: Document) -> Diagnostic:
    above = ("tables", slip.table, slip.kind, slip.index)
    scale = matrix.project.config.scale
    path = _place(document, (*above, "at", scale), slip.key) or _place(document, (*above, "with"), slip.key)
    because = "; ".join(_because(slip.causes)) or "the value is the same without it"
    noun = _noun(slip.kind)
    same = f"; so the {noun} has the very same jobs as {noun} {slip.same_as}" if slip.same_as else ""
    return document.diagnostic(path or above, f"changes no job: {because}{same}")


def _because(causes: Sequence[Cause]) -> Iterator[str]:
    """Yield why a statement has no effect; nothing for a value that is there anyway."""
    for kind in ("columns", "variants"):
        labels = [cause.label for cause in causes if isinstance(cause, Overridden) and cause.kind == kind]
        if labels:
            verb = "overrides" if len(labels) == 1 else "override"
            yield f"{_noun(kind) if len(labels) == 1 else kind} {', '.join(labels)} {verb} it"
    for cause in causes:
        match cause:
            case Overridden("seeds"):
                yield "seeds are stated, which override it"
            case SwitchedOff(stage, because):
                yield f"stage {stage}, which uses it, does not take place with {settings_text(because)}"
            case Ignored(stage, when):
                yield f"stage {stage} ignores it when {when}"
            case Unused():
                yield "no stage that its cells need uses it"


def _noun(kind: str) -> str:
    return kind.removesuffix("s")


def _place(document: Document, above: KeyPath, key: str) -> KeyPath | None:
    """Return the key path of a setting that is stated nested or dotted, or partly both."""
    content = document.value(above)
    if not isinstance(content, dict):
        return None
    if key in content:
        return (*above, key)
    places = (
        _place(document, (*above, name), key.removeprefix(f"{name}."))
        for name in content
        if key.startswith(f"{name}.")
    )
    return next((place for place in places if place), None)
