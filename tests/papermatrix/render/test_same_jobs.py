"""A table marks rows, and cells, that show the very same jobs as an earlier row."""

import pytest

from tests.papermatrix.rendered import grids, rendered
from tests.papermatrix.tea import Paper, finish_all

TABLE = """
tables:
  cups:
    title: Tea
    metric: flavour
    rows:
      - label: plain
      - {label: again, with: {leaf.kind: green}, note: as before}
      - {label: steeped, with: {steep.enabled: true}}
      - {label: cited, values: {taste: 0.4, leaves: 0.3}}
    columns:
      - label: taste
      - {label: leaves, metric: dry.cost.seconds, format: .0f}
    reported: {again: {taste: 0.3}}
"""


@pytest.fixture
def markdown(paper: Paper) -> str:
    matrix = paper.tables(TABLE)
    finish_all(matrix, lambda run: 0.7 if run.row == "steeped" else 0.5)
    return rendered(matrix)


def test_a_row_of_the_same_jobs_is_marked_at_its_label(markdown: str) -> None:
    grid = grids(markdown)[0]
    assert list(grid) == ["plain", "again (b) (a)", "steeped", "cited"]
    assert "\n(a) the very same jobs as row plain\n\n(b) as before\n" in markdown
    assert grid["again (b) (a)"] == grid["plain"]


def test_a_cell_of_the_same_job_is_marked_where_other_cells_of_its_row_are_not(markdown: str) -> None:
    grid = grids(markdown)[0]
    assert grid["steeped"]["leaves"] == "60 (a)"
    assert "(a)" not in grid["steeped"]["taste"]
    assert grid["cited"]["leaves"] == "0"


def test_the_authors_numbers_are_not_marked(markdown: str) -> None:
    assert list(grids(markdown)[1]) == ["plain", "again (a)", "steeped", "cited"]
