"""Rows and columns that are written once and stand for several."""

from pathlib import Path

import pytest

from papermatrix.cli import main
from tests.papermatrix.rendered import grids, rendered
from tests.papermatrix.tea import Paper, finish_all, runs

TABLES = """
tables:
  cups:
    title: Tea
    metric: flavour
    rows:
      - label: plain
      - {for: {leaf.kind: [green, black], leaf.grams: [3, 4.50]}, label: "{leaf.kind}, {leaf.grams} g"}
      - {label: steeped, with: {steep.enabled: true}}
    columns:
      - {for: {cup.colour: [white, blue, red]}, label: "{cup.colour}", note: "a {cup.colour} cup"}
"""


def test_a_row_for_each_value_and_a_column_for_each_value(paper: Paper) -> None:
    matrix = paper.tables(TABLES)
    table = matrix.project.tables["cups"]
    assert [row.label for row in table.rows] == ["plain", "green, 3 g", "black, 4.50 g", "steeped"]
    assert [column.label for column in table.columns] == ["white", "blue", "red"]
    assert [column.note for column in table.columns] == ["a white cup", "a blue cup", "a red cup"]
    job = next(run.job for run in runs(matrix) if (run.row, run.column) == ("black, 4.50 g", "red"))
    assert job is not None
    assert (job.settings["leaf"]["kind"], job.settings["leaf"]["grams"]) == ("black", 4.5)
    assert job.settings["cup"]["colour"] == "red"


def test_they_are_as_if_they_were_written_out(paper: Paper) -> None:
    short = {job.id for job in paper.tables(TABLES).jobs.values()}
    repeated = next(line for line in TABLES.splitlines(keepends=True) if "leaf.kind: [" in line)
    long = TABLES.replace(
        repeated,
        "      - {label: a, with: {leaf.kind: green, leaf.grams: 3}}\n"
        "      - {label: b, with: {leaf.kind: black, leaf.grams: 4.50}}\n",
    )
    assert {job.id for job in paper.tables(long).jobs.values()} == short


def test_they_are_rendered(paper: Paper) -> None:
    matrix = paper.tables(TABLES)
    finish_all(matrix)
    assert list(grids(rendered(matrix))[0]) == ["plain", "green, 3 g", "black, 4.50 g", "steeped"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "leaf.kind: [green, black]",
            "leaf.kind: [green, blak]",
            "7: tables.cups.rows[1].for.leaf.kind[1]: expected one of green, black, found 'blak'",
        ),
        (
            "leaf.grams: [3, 4.50]",
            "leaf.grams: [3]",
            "7: tables.cups.rows[1].for: expected lists of one length, side by side; found",
        ),
        ("cup.colour: [white, blue, red]", "cup.color: [white, blue, red]", "columns[0].for.cup.color"),
        ("cup.colour: [white, blue, red]", "cup.colour: white", "columns[0].for.cup.colour: expected a list"),
        ("for: {cup.colour", "with: {cup.colour: tin}, for: {cup.colour", "cup.colour: with states it too"),
        ("label: steeped, with", "label: steeped, wiht", "8: tables.cups.rows[2].wiht: unknown key"),
        ('label: "{cup.colour}"', "label: cup", "columns[0].label: columns[0] is called 'cup' too"),
    ],
)
def test_what_is_wrong_is_named_where_it_was_written(
    paper: Paper, capsys: pytest.CaptureFixture[str], old: str, new: str, message: str
) -> None:
    paper.write("config/tables.yaml", TABLES.replace(old, new))
    assert main(["validate"]) != 0
    assert message in capsys.readouterr().err


def test_warnings_name_the_place_where_it_was_written(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    text = TABLES.replace(
        "{label: steeped, with: {steep.enabled: true}}", "{label: slow, with: {steep.minutes: 9}}"
    )
    paper.write("config/tables.yaml", text)
    assert main(["validate"]) == 0
    assert (
        "config/tables.yaml:8: tables.cups.rows[2].with.steep.minutes: changes no job"
        in capsys.readouterr().err
    )


def test_editors_know_the_key() -> None:
    assert '"for"' in Path("config/schema/tables.json").read_text()
