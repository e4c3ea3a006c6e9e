"""Reads CSV files of numbers: a header, and lines of as many numbers as it has columns."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from jobkit.errors import UserError, reason


def read_numbers(path: Path) -> pd.DataFrame:
    """Read columns by their names, NaN where a cell is empty; a `UserError` names the line that is wrong."""
    line = 1
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream, strict=True)
            head = next(reader, [])
            if not all(head) or not head or len(set(head)) < len(head):
                raise ValueError("expected a head with a name for each column, none twice")
            rows = []
            for cells in reader:
                line = reader.line_num
                if cells:
                    rows.append(_numbers(cells, len(head)))
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(f"{path}:{line}: not a CSV file of numbers ({reason(error)})") from None
    return pd.DataFrame(np.array(rows, dtype=np.float64).reshape(-1, len(head)), columns=head)


def _numbers(cells: list[str], count: int) -> list[float]:
    if len(cells) != count:
        raise ValueError(f"{len(cells)} cells, expected {count} as in its head")
    if underscored := next((cell for cell in cells if "_" in cell), None):
        raise ValueError(f"{underscored!r}; expected a number")
    return [float(cell) if cell.strip() else np.nan for cell in cells]
