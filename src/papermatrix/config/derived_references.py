"""Checks that derived rows and columns are made of others that have numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from papermatrix.config.references import one_of
from papermatrix.config.settings_schema import Issue
from papermatrix.config.tables import Column, Row, Table

_NOT_WITH = {
    "row": ("with_", "at", "seeds", "values", "expect"),
    "column": ("with_", "at", "seeds", "metric", "show", "equals", "names"),
}
"""What only rows and columns of their own can state."""


def check_derived(table: Table) -> Iterator[Issue]:
    """Check the derived rows and columns of a table."""
    rows: Mapping[str, Row] = {row.label: row for row in table.rows}
    columns: Mapping[str, Column] = {column.label: column for column in table.columns}
    for index, row in enumerate(table.rows):
        for inner, message in _level(row, rows):
            yield ("rows", index, *inner), message
        if row.format and not row.derivation:
            yield (
                ("rows", index, "format"),
                "goes with a derived row; other rows have their columns' formats",
            )
    for index, column in enumerate(table.columns):
        for inner, message in (*_level(column, columns), *_column(column, columns, rows, table)):
            yield ("columns", index, *inner), message


def _level(level: Row | Column, known: Mapping[str, Row] | Mapping[str, Column]) -> Iterator[Issue]:
    """Check one row or column against the others of its kind."""
    kind = "row" if isinstance(level, Row) else "column"
    derivation = level.derivation
    if derivation is None:
        return
    for other in level.stated[1:]:
        yield (other,), f"a {kind} has either {derivation.kind} or {other}"
    for name in _NOT_WITH[kind]:
        if name in level.model_fields_set:
            yield (name.rstrip("_"),), f"nothing runs for a derived {kind}"
    yield from _count(derivation.kind, derivation.of, derivation.against)
    for index, label in enumerate(derivation.of):
        path = (derivation.kind, index) if len(derivation.of) > 1 else (derivation.kind,)
        yield from one_of(path, kind, label, known)
        if (other_level := known.get(label)) is not None:
            for message in _why_no_part(other_level):
                yield path, f"{kind} {label} {message}"


def _count(kind: str, labels: Sequence[str], against: str | None) -> Iterator[Issue]:
    """Check the number of labels."""
    if len(set(labels)) < len(labels):
        yield (kind,), "expected every label once"
    if kind in ("difference", "ratio"):
        expected = 2 if against is None else 1
        if len(labels) != expected:
            words = "two labels" if expected == 2 else "one label beside against"
            yield (kind,), f"expected {words}, found {len(labels)}"


def _why_no_part(level: Row | Column) -> Iterator[str]:
    if level.derivation is not None:
        yield "is derived itself"
    elif isinstance(level, Column) and level.show is not None:
        yield "shows a setting"


def _column(
    column: Column, columns: Mapping[str, Column], rows: Mapping[str, Row], table: Table
) -> Iterator[Issue]:
    """Check what only columns have: ranks, and differences to a row."""
    if column.against is not None:
        if column.derivation is None or column.derivation.kind not in ("difference", "ratio"):
            yield ("against",), "goes with difference or ratio"
        yield from one_of(("against",), "row", column.against, rows)
        if (row := rows.get(column.against)) is not None and row.derivation:
            yield ("against",), f"row {column.against} is derived itself"
    if column.derivation is not None:
        for index, row in enumerate(table.rows):
            if column.label in row.values:
                yield (), f"rows[{index}].values states it, but a derived column is made of others"
    for label in column.rank:
        if label in columns and table.better_of(columns[label]) not in ("higher", "lower"):
            yield ("rank",), f"column {label} does not say whether higher or lower is better"
