"""Values as a table shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobkit.digest import canonical_json
from jobkit.result import Result
from papermatrix.aggregate import ABSENT, Summary
from papermatrix.escape import CHECK, NOTHING
from papermatrix.spec import Column, ReportedValue, Row, Table


def cell(summary: Summary, row: Row, column: Column, table: Table) -> str:
    """One variant's value with its spread, or why there is none."""
    if not summary.has_value:
        word, seeds = NOTHING if summary.status == ABSENT else summary.status, len(summary.readings)
        return word if summary.count == seeds else f"{word}, {summary.count} of {seeds} seeds"
    if column.show and column.label not in row.values:
        return setting(summary.mean, column)
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


def reported(value: ReportedValue, column: Column, table: Table) -> str:
    """One of the authors' values, as the column shows ours."""
    if column.show and column.format is None and value is not None:
        return plain(value, column.names)
    return number(value, column.format or table.format)


def difference(value: float | None, number_format: str) -> str:
    """With its sign; a dash where there is none."""
    if value is None:
        return NOTHING
    text = format(abs(value), number_format)
    is_zero = not any(digit in text for digit in "123456789")
    return text if is_zero else f"{'-' if value < 0 else '+'}{text}"


def setting(value: Any, column: Column) -> str:
    """A setting of the row."""
    if column.equals is not None:
        is_so = value == column.equals or (isinstance(value, list) and column.equals in value)
        return CHECK if is_so else NOTHING
    return plain(value, column.names)


def dirt(result: Result) -> str:
    """What follows the commit of a result."""
    return " with uncommitted changes" if result.provenance.get("dirty") else ""


def plain(value: Any, names: Mapping[str, str]) -> str:
    if isinstance(value, list):
        return " + ".join(plain(item, names) for item in value) or NOTHING
    text = value if isinstance(value, str) else canonical_json(value)
    text = f"{value:g}" if isinstance(value, float) else text
    if text in names:
        return names[text]
    return {"true": CHECK, "false": NOTHING, "null": NOTHING, "": NOTHING}.get(text, text)
