"""Values as text: numbers, settings, statuses, as tables and commands show them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jobkit.digest import canonical_json
from jobkit.result import Result
from papermatrix.analysis.inference import Interval
from papermatrix.config.tables import Column
from papermatrix.matrix.cells import Cell
from papermatrix.render.escape import CHECK, NOTHING
from papermatrix.results.provenance import has_uncommitted_source
from papermatrix.results.values import CellResult

UNITS = ("B", "kB", "MB", "GB", "TB")
SLASH = " / "
"""Between the values of a cell."""
MOST_OF_A_UNIT = 100
"""Seconds or minutes that are not yet written as minutes or hours."""


def cell_text(result: CellResult, number_format: str | None = None) -> str:
    """Write a cell's value with its spread, or why there is none."""
    cell = result.cell
    if not result.has_value:
        text = NOTHING if result.status.job is None else str(result.status)
        seeds = len(result.values)
        return text if result.count == seeds else f"{text}, {result.count} of {seeds} seeds"
    if cell.shows_setting:
        return setting_text(result.mean, cell.column)
    number_format, factor = number_format or cell.number_format, cell.factor
    text = number_text(result.mean, number_format, factor)
    if result.spread is not None:
        text += f" ± {number_text(result.spread, number_format, factor)}"
    return text


def interval_text(result: CellResult, interval: Interval | None) -> str:
    """Write a value with its interval, `0.4340 [0.4102, 0.4578]`; as ever where there is none."""
    number_format = result.cell.number_format
    if interval is None:
        return cell_text(result)
    text = number_text(result.mean, number_format, result.cell.factor)
    return f"{text} [{interval.low:{number_format}}, {interval.high:{number_format}}]"


def without_zero(text: str) -> str:
    """Write a fraction without the zero before its point: `.2971`."""
    return re.sub(r"(?<![\d.])0(?=\.\d)", "", text)


def cell_name(cell: Cell) -> str:
    """Write a cell's labels: `cups, plain, blue cup`."""
    return ", ".join((cell.table, *cell.shown_labels))


def number_text(value: float | str | None, number_format: str, factor: float = 1) -> str:
    """Write a measured or reported value; text stays as it is."""
    if value is None:
        return NOTHING
    return value if isinstance(value, str) else format(value * factor, number_format)


def reported_text(cell: Cell, number_format: str | None = None) -> str:
    """Write what the authors reported as the column shows ours: `0.8800 ± 0.0100 (5)`."""
    reported, number_format = cell.reported, number_format or cell.number_format
    if reported is None or reported.value is None:
        return NOTHING
    if cell.column.show and cell.column.format is None:
        return plain_text(reported.value, cell.column.names)
    text = number_text(reported.value, number_format)
    if reported.sd is not None:
        text += f" ± {number_text(reported.sd, number_format)}"
    return text if reported.n is None else f"{text} ({reported.n})"


def difference_text(value: float | None, number_format: str) -> str:
    """Write a difference with its sign; a dash where there is none."""
    if value is None:
        return NOTHING
    text = format(abs(value), number_format)
    is_zero = not any(digit in text for digit in "123456789")
    return text if is_zero else f"{'-' if value < 0 else '+'}{text}"


def setting_text(value: Any, column: Column) -> str:
    """Write a setting of the row."""
    if column.equals is not None:
        is_equal = value == column.equals or (isinstance(value, list) and column.equals in value)
        return CHECK if is_equal else NOTHING
    return plain_text(value, column.names)


def duration_text(seconds: float) -> str:
    """Write how long something takes as people say it: `2 s`, `3 min`, `2.4 h`, `86,457 h`."""
    if round(seconds) < MOST_OF_A_UNIT:
        return f"{seconds:.0f} s" if seconds >= 0.5 or seconds == 0 else "less than 1 s"
    if round(seconds / 60) < MOST_OF_A_UNIT:
        return f"{seconds / 60:.0f} min"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 10 else f"{hours:,.0f} h"


def size_text(count: float) -> str:
    """Write a number of bytes in the unit of its size."""
    unit = 0
    while count >= 999.5 and unit < len(UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.3g} {UNITS[unit]}"


def uncommitted_text(result: Result) -> str:
    """Return what follows the commit of a result."""
    return " with uncommitted changes" if has_uncommitted_source(result) else ""


def plain_text(value: Any, names: Mapping[str, str]) -> str:
    """Write a setting's value, by another name where it has one."""
    if isinstance(value, list):
        return " + ".join(plain_text(item, names) for item in value) or NOTHING
    text = value if isinstance(value, str) else canonical_json(value)
    text = f"{value:g}" if isinstance(value, float) else text
    if (name := next((name for key, name in names.items() if _means(key, value, text)), None)) is not None:
        return name
    return {"true": CHECK, "false": NOTHING, "null": NOTHING, "": NOTHING}.get(text, text)


def _means(key: str, value: Any, text: str) -> bool:
    """Return whether a name is that of a setting's value: 1e-3 is that of 0.001."""
    if key == text or isinstance(value, bool) or not isinstance(value, int | float):
        return key == text
    try:
        return float(key) == value
    except ValueError:
        return False
