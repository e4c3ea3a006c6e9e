"""Whether the names in paper.yaml find their tables, rows, columns, stages and settings.

A table that is not there is an error only where a figure, a number or a rule of it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobkit.yaml12 import KeyPath
from papermatrix.config.paper import (
    SCALE_MACRO,
    Audit,
    CellName,
    Computed,
    Figure,
    OfRows,
    PaperCost,
    PaperFile,
    StageCost,
)
from papermatrix.config.references import Known, one_of
from papermatrix.config.settings_schema import Issue


def check_paper(file: PaperFile, known: Known) -> Iterator[Issue]:
    """Check paper.yaml."""
    for name, figure in file.figures.items():
        yield from _figure(("figures", name), figure, known)
    for macro, number in file.numbers.items():
        if not re.fullmatch("[A-Za-z]+", macro):
            yield ("numbers", macro), "expected a LaTeX macro's name: letters only"
        if macro == SCALE_MACRO:
            yield ("numbers", macro), "is the scale's name in every paper; expected another name"
        yield from _cell(("numbers", macro), number, known)
    yield from _audit(file.audit, known)
    if file.cost is not None:
        yield from _cost(file.cost, known)


def _figure(path: KeyPath, figure: Figure, known: Known) -> Iterator[Issue]:
    yield from known.stage((*path, "stage"), figure.stage)
    if figure.kind == "rows":
        if figure.column is None:
            yield path, "a figure of rows needs a column"
        else:
            yield from _column((*path, "column"), figure.table, figure.column, known)
        yield from _variant((*path, "variant"), figure.table, figure.variant, known)
    else:
        for key in figure.model_fields_set & {"column", "variant"}:
            yield (*path, key), "goes with rows only"


def _audit(audit: Audit, known: Known) -> Iterator[Issue]:
    for index, mean in enumerate(audit.weighted_means):
        path: KeyPath = ("audit", "weighted_means", index)
        columns: dict[KeyPath, str] = {
            ("whole",): mean.whole,
            **{("parts", part): part for part in mean.parts},
        }
        yield from _rule(path, mean, columns, known)
    for index, product in enumerate(audit.products):
        path = ("audit", "products", index)
        factors: dict[KeyPath, str] = {("factors", i): factor for i, factor in enumerate(product.factors)}
        yield from _rule(path, product, {("product",): product.product, **factors}, known)
    for index, pair in enumerate(audit.same):
        yield from _cell(("audit", "same", index, "cell"), pair.cell, known)
        yield from _cell(("audit", "same", index, "other"), pair.other, known)
    for index, computed in enumerate(audit.computed):
        yield from _computed(("audit", "computed", index), computed, audit, known)
    for name, command in audit.commands.items():
        yield from known.uses(("audit", "commands", name, "uses"), command.uses)
        yield from known.source(("audit", "commands", name, "source"), command.source)


def _computed(path: KeyPath, rule: Computed, audit: Audit, known: Known) -> Iterator[Issue]:
    columns: dict[KeyPath, str] = {("column",): rule.column}
    if rule.by is not None:
        columns[("by",)] = rule.by
    elif rule.choices:
        yield (*path, "choices"), "goes with by only"
    yield from _rule(path, rule, columns, known)
    yield from one_of((*path, "command"), "command", rule.command, audit.commands)


def _rule(path: KeyPath, rule: OfRows, columns: dict[KeyPath, str], known: Known) -> Iterator[Issue]:
    for index, row in enumerate(rule.rows or ()):
        yield from _row((*path, "rows", index), rule.table, row, known)
    for inner, column in columns.items():
        yield from _column((*path, *inner), rule.table, column, known)


def _cost(cost: PaperCost, known: Known) -> Iterator[Issue]:
    yield from known.scale(("cost", "scale"), cost.scale)
    for stage, of_stage in cost.stages.items():
        path: KeyPath = ("cost", "stages", stage)
        yield from known.stage(path, stage)
        if stage in known.stages.stages:
            for message in _passes(of_stage, stage, known):
                yield (*path, "passes"), message


def _passes(cost: StageCost, stage: str, known: Known) -> Iterator[str]:
    """Yield what is wrong with the setting that says how many passes a stage makes over its data."""
    key, settings = cost.passes, known.schema.settings
    if key is None:
        return
    if messages := list(known.not_setting_of(stage, key)):
        yield from messages
    elif settings[key].schema.get("type") not in ("integer", "number"):
        yield f"expected a setting that is a number, not {settings[key].expected()}"


def _cell(path: KeyPath, cell: CellName, known: Known) -> Iterator[Issue]:
    yield from _row((*path, "row"), cell.table, cell.row, known)
    yield from _column((*path, "column"), cell.table, cell.column, known)
    yield from _variant((*path, "variant"), cell.table, cell.variant, known)


def _row(path: KeyPath, table: str, row: str, known: Known) -> Iterator[Issue]:
    yield from _label(path, "row", row, _labels(table, "rows", known))


def _column(path: KeyPath, table: str, column: str, known: Known) -> Iterator[Issue]:
    yield from _label(path, "column", column, _labels(table, "columns", known))


def _variant(path: KeyPath, table: str, variant: str | None, known: Known) -> Iterator[Issue]:
    labels = _labels(table, "variants", known)
    if variant is None and labels:
        yield path[:-1], f"expected a variant, one of {', '.join(labels)}"
    elif variant is not None and labels == []:
        yield path, f"unknown variant; {table} has none"
    elif variant is not None:
        yield from _label(path, "variant", variant, labels)


def _label(path: KeyPath, kind: str, label: str, labels: list[str] | None) -> Iterator[Issue]:
    if labels is not None:
        yield from one_of(path, kind, label, labels)


def _labels(table: str, kind: str, known: Known) -> list[str] | None:
    """Return the labels of a table's rows, columns or variants; None where there is no such table."""
    if table not in known.tables:
        return None
    return [level.label for level in getattr(known.tables[table], kind)]
