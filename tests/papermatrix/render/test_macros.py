"""The numbers of the paper's text as LaTeX macros."""

from pathlib import Path
from typing import Any

import pytest

from jobkit.errors import UserError
from jobkit.source import parse_source, source_digests
from papermatrix.cli import main
from papermatrix.matrix.expand import Matrix
from papermatrix.render import fingerprint
from papermatrix.render.macros import jobs_of_numbers, macros
from papermatrix.results.store import Store
from tests.papermatrix.tea import OF_OTHER_SOURCE, STAGES, TABLES, Paper, finish_all

NUMBERS = """
numbers:
  plainWhite: {table: cups, row: plain, column: white cup}
  plainShort: {table: cups, row: plain, column: white cup, format: .1f}
  theirs: {table: cups, row: plain, column: white cup, reported: true}
"""


@pytest.fixture
def numbered(paper: Paper) -> Paper:
    paper.write(
        "config/config.yaml", "scale: small\nreported: config/reported.yaml\npaper: config/paper.yaml\n"
    )
    reported = "source: The leaflet.\nscale: small\ntables: {cups: {plain: {white cup: 0.75}}}\n"
    paper.write("config/reported.yaml", reported)
    paper.write("config/paper.yaml", NUMBERS)
    return paper


def depended_on(matrix: Matrix) -> dict[str, Any]:
    return fingerprint.of_macros(matrix, Store(matrix))


def test_a_macro_is_its_cell_as_the_table_shows_it(numbered: Paper) -> None:
    matrix = numbered.matrix()
    finish_all(matrix, lambda cell: 0.125 if cell.row == "plain" else 0.5)
    assert macros(matrix).splitlines()[1:] == [
        r"\newcommand{\resultScale}{small}",
        r"\newcommand{\plainWhite}{0.1250}",
        r"\newcommand{\plainShort}{0.1}",
        r"\newcommand{\theirs}{0.7500}",
    ]


def test_several_seeds_are_their_mean_and_spread(numbered: Paper) -> None:
    numbered.write(
        "config/tables.yaml", TABLES.replace("metric: flavour", "metric: flavour\n    seeds: [1, 2]")
    )
    matrix = numbered.matrix()
    finish_all(matrix, lambda cell: float(cell.seed or 0))
    assert r"\newcommand{\plainWhite}{1.5000 $\pm$ 0.7071}" in macros(matrix)


def test_a_diverged_run_reads_so_in_the_text(numbered: Paper) -> None:
    matrix = numbered.matrix()
    finish_all(matrix, status="diverged", epoch=2)
    assert r"\newcommand{\plainWhite}{diverged (epoch 2)}" in macros(matrix)


def test_missing_results_are_an_error_for_each_macro(numbered: Paper) -> None:
    with pytest.raises(UserError) as error:
        macros(numbered.matrix())
    assert error.value.lines == [
        "plainWhite: cups, plain, white cup: pending",
        "plainShort: cups, plain, white cup: pending",
    ]
    assert r"\plainWhite}{pending}" in macros(numbered.matrix(), is_partial=True)


def test_an_unknown_score_and_what_was_not_reported_are_errors(numbered: Paper) -> None:
    reported = "source: The leaflet.\nscale: small\ntables: {cups: {plain: {white cup: null}}}\n"
    numbered.write("config/reported.yaml", reported)
    matrix = numbered.tables(TABLES.replace("metric: flavour", "metric: flavor"))
    finish_all(matrix)
    with pytest.raises(UserError) as error:
        macros(matrix)
    absent = "cups, plain, white cup: no score called flavor; did you mean flavour?"
    assert error.value.lines == [
        f"plainWhite: {absent}",
        f"plainShort: {absent}",
        "theirs: cups, plain, white cup: the authors reported nothing there",
    ]
    assert r"\plainWhite}{--}" in macros(matrix, is_partial=True)


def test_only_the_named_cells_jobs_are_needed(numbered: Paper) -> None:
    assert len(jobs_of_numbers(numbered.matrix())) == 1


def test_a_number_of_an_unknown_table_is_an_error_when_it_is_asked_for(
    numbered: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    numbered.write("config/paper.yaml", NUMBERS.replace("table: cups", "table: cupps", 1))
    assert main(["numbers", "--out", "paper/numbers.tex"]) == 2
    assert "plainWhite: its table cupps is not there; did you mean cups?" in capsys.readouterr().err
    assert not Path("paper").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("metric: flavour", "metric: dry.flavour"),
        ("- label: white cup", "- {label: white cup, metric: dry.flavour}"),
        ("- label: white cup", "- {label: white cup, factor: 100}"),
        ("- label: white cup", "- {label: white cup, show: leaf.kind, names: {green: fresh}}"),
        ("- label: plain", "- {label: plain, values: {white cup: 3}}"),
    ],
)
def test_every_change_of_a_cell_is_one_of_what_its_number_depends_on(
    numbered: Paper, old: str, new: str
) -> None:
    before = depended_on(numbered.matrix())
    assert depended_on(numbered.tables(TABLES.replace(old, new, 1))) != before


def test_a_stale_number_says_so_in_the_text(numbered: Paper) -> None:
    numbered.write("config/stages.yaml", STAGES.replace("dry: {", "dry: {source: jobkit.digest, "))
    matrix = numbered.matrix()
    finish_all(matrix, provenance={"source": [source_digests(parse_source(["jobkit.digest"]))]})
    before = depended_on(matrix)
    assert "stale" not in macros(matrix)
    finish_all(matrix, provenance=OF_OTHER_SOURCE)
    assert r"\newcommand{\plainWhite}{0.5000 (stale)}" in macros(matrix)
    assert depended_on(matrix) != before
