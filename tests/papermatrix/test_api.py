"""The tables of a project in Python."""

import subprocess
import sys
from pathlib import Path

import pytest

import papermatrix
from jobkit.errors import UserError
from tests.papermatrix.analysis.sampled import KINDLESS, ONE_COLUMN, pots, with_sips
from tests.papermatrix.tea import Paper, finish_all

VARIANTS = """
    variants: [{label: red, with: {cup.colour: red}}, {label: blue, with: {cup.colour: blue}}]
"""


def sips(row: str, seed: int | None) -> list[float]:
    return [
        {"plain": 0.9, "black": 0.5, "steeped": 0.4}[row] + 0.01 * (i % 7) + 0.001 * (seed or 0)
        for i in range(60)
    ]


@pytest.fixture
def project(paper: Paper) -> Path:
    """A project with three seeds, each of 60 sips in 12 pots."""
    paper.write("config/stages.yaml", KINDLESS)
    seeds = ONE_COLUMN.replace("metric: flavour", "metric: flavour\n    seeds: [1, 2, 3]")
    with_sips(paper, seeds, lambda run: sips(run.row, run.seed), pots(12))
    return paper.folder


def test_a_table_has_rows_cells_and_a_tidy_frame(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    paper = papermatrix.load(project / "config")
    assert paper.tables == ("cups",)
    table = paper.table("cups")
    assert (table.title, table.rows, table.columns) == ("Tea", ("plain", "black", "steeped"), ("cup",))
    cell = table.cell("plain", "cup")
    assert cell.value == pytest.approx(sum(sum(sips("plain", s)) / 60 for s in (1, 2, 3)) / 3)
    assert list(cell.by_seed) == [1, 2, 3]
    assert cell.interval is not None
    assert cell.interval.low < cell.value < cell.interval.high
    assert cell.is_bold
    assert not table.cell("black", "cup").is_bold
    assert list(table.frame["row"]) == ["plain"] * 3 + ["black"] * 3 + ["steeped"] * 3
    assert set(table.frame["clusters"]) == {12}
    assert Path.cwd() == Path("/")


def test_the_project_s_folder_will_do_too(project: Path) -> None:
    assert papermatrix.load(project).tables == ("cups",)


def test_variants_are_cells_of_their_own_where_they_differ(paper: Paper) -> None:
    matrix = paper.tables(ONE_COLUMN + VARIANTS)
    finish_all(matrix, lambda run: 0.3 if run.variant == "red" and run.row == "plain" else 0.6)
    table = papermatrix.load().table("cups")
    assert table.cell("plain", "cup", "red").value == 0.3
    assert table.cell("plain", "cup", "blue").value == 0.6
    with pytest.raises(UserError, match="several values; expected a variant"):
        table.cell("plain", "cup")
    with pytest.raises(UserError, match="cups, plain, mug: no such cell"):
        table.cell("plain", "mug")


def test_what_is_not_there_yet_has_a_status(paper: Paper) -> None:
    paper.tables(ONE_COLUMN)
    cell = papermatrix.load().table("cups").cell("plain", "cup")
    assert (cell.value, cell.interval, cell.status) == (None, None, "pending")


def test_importing_the_package_loads_nothing() -> None:
    code = "import sys, papermatrix; print([*{'pandas', 'numpy', 'pydantic', 'yaml'} & sys.modules.keys()])"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output == "[]\n"
