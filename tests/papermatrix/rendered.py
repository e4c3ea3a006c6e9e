"""Renders a table and reads it back."""

import csv
from pathlib import Path

from papermatrix.matrix.expand import Matrix
from papermatrix.render.table import render


def rendered(
    matrix: Matrix, table_format: str = "md", table: str = "cups", *, is_partial: bool = False
) -> str:
    render(matrix, table, Path("results"), is_partial=is_partial)
    return Path(f"results/{table}.{table_format}").read_text()


def grids(markdown: str) -> list[dict[str, dict[str, str]]]:
    """Return the tables of a Markdown file, by the labels of row and column."""
    blocks: list[list[list[str]]] = [[]]
    for line in markdown.splitlines():
        if line.startswith("|"):
            blocks[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif blocks[-1]:
            blocks.append([])
    return [
        {row[0]: dict(zip(grid[0][1:], row[1:], strict=True)) for row in grid[2:]} for grid in blocks if grid
    ]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))
