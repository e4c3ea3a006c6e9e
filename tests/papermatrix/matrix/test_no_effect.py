"""Statements that change no job, and rows and columns of the very same jobs as others."""

import pytest

from papermatrix.matrix.no_effect import (
    AlreadyThere,
    Cause,
    Ignored,
    NoEffect,
    Overridden,
    SameJobs,
    SwitchedOff,
    Unused,
    without_effect,
)
from tests.papermatrix.tea import STAGES, Paper

TABLE = """
tables:
  cups:
    title: Tea
    metric: flavour
    rows:
      - label: plain
      {row}
    columns:
      - label: white cup
      - {{label: blue cup, with: {{cup.colour: blue}}}}
      {column}
    {variants}
"""
STRONG = "variants: [{label: weak}, {label: strong, with: {leaf.grams: 4}}]"
OFF = SwitchedOff("steep", {"steep.enabled": False})


def found(paper: Paper, row: str = "", column: str = "", variants: str = "") -> list[NoEffect | SameJobs]:
    table = TABLE.format(
        row=f"- {{label: new, {row}}}" if row else "",
        column=f"- {{label: new, {column}}}" if column else "",
        variants=variants,
    )
    return list(without_effect(paper.tables(table)))


def in_row(key: str, *causes: Cause, same_as: str | None = None) -> NoEffect:
    return NoEffect("cups", "rows", 1, key, causes, same_as)


def test_what_changes_a_job_of_one_cell_is_no_slip(paper: Paper) -> None:
    assert found(paper, "with: {leaf.kind: black, leaf.grams: 3}", "with: {cup.colour: red}", STRONG) == []
    assert found(paper, "with: {leaf.kind: black}", "with: {leaf.kind: black, cup.colour: red}") == []


def test_a_setting_of_a_stage_that_does_not_take_place(paper: Paper) -> None:
    assert found(paper, "with: {leaf.kind: black, steep.minutes: 5}") == [in_row("steep.minutes", OFF)]
    assert found(paper, "with: {steep: {minutes: 5}}") == [in_row("steep.minutes", OFF, same_as="plain")]
    assert found(paper, "with: {steep.enabled: true, steep.minutes: 5}") == []


def test_a_setting_that_excludes_its_own_stage(paper: Paper) -> None:
    paper.write(
        "config/stages.yaml", STAGES.replace("when: {steep", "unless: {leaf.kind: black}, when: {steep")
    )
    off = SwitchedOff("steep", {"leaf.kind": "black"})
    stated = "with: {leaf.kind: black, steep.enabled: true, steep.minutes: 5}"
    assert found(paper, stated) == [in_row("steep.enabled", off), in_row("steep.minutes", off)]


def test_a_setting_that_no_stage_of_the_cells_uses(paper: Paper) -> None:
    paper.write("config/stages.yaml", STAGES.replace("uses: [cup]", "uses: [seed]"))
    assert found(paper, "with: {leaf.kind: black, cup.colour: red}", variants=STRONG)[1:] == [
        NoEffect("cups", "columns", 1, "cup.colour", (Unused(),), "white cup")
    ]


def test_a_row_that_every_column_overrides(paper: Paper) -> None:
    red, blue = Overridden("columns", "red cup"), Overridden("columns", "blue cup")
    table = TABLE.replace("- label: white cup", "- {{label: red cup, with: {{cup.colour: red}}}}")
    row = "- {label: new, with: {leaf.kind: black, cup: {colour: green}}}"
    matrix = paper.tables(table.format(row=row, column="", variants=""))
    assert list(without_effect(matrix)) == [in_row("cup.colour", red, blue)]


def test_a_row_that_a_column_overrides_is_no_slip_while_another_one_does_not(paper: Paper) -> None:
    assert found(paper, "with: {cup.colour: red}") == []


def test_a_variant_or_seeds_override_too(paper: Paper) -> None:
    variants = "variants: [{label: a, with: {leaf.grams: 3}}, {label: b, with: {leaf.grams: 4}}]"
    grams = in_row("leaf.grams", Overridden("variants", "a"), Overridden("variants", "b"))
    assert found(paper, "with: {leaf.kind: black, leaf.grams: 2}", variants=variants) == [grams]
    assert found(paper, "seeds: [1], with: {seed: 2}") == [in_row("seed", Overridden("seeds"))]


def test_what_is_there_anyway_is_a_slip_only_where_a_row_is_like_another(paper: Paper) -> None:
    anyway = in_row("leaf.kind", AlreadyThere(), same_as="plain")
    assert found(paper, "with: {leaf.kind: green}") == [anyway]
    assert found(paper, "with: {leaf.kind: green, leaf.grams: 4}") == []


def test_what_a_setting_ignores_is_told_of_rows_and_not_of_variants(paper: Paper) -> None:
    ignores = "uses: [cup, steep.minutes], ignores: [{settings: [steep.minutes], when: not steep.enabled}]"
    paper.write("config/stages.yaml", STAGES.replace("uses: [cup]", ignores))
    ignored = Ignored("taste", "not steep.enabled")
    assert found(paper, "with: {leaf.kind: black, steep.minutes: 5}") == [in_row("steep.minutes", ignored)]
    assert found(paper, variants="variants: [{label: a}, {label: b, with: {steep.minutes: 5}}]") == []


def test_rows_and_columns_of_the_same_jobs(paper: Paper) -> None:
    assert found(paper, "with: {}") == [SameJobs("cups", "rows", 1, "plain")]
    assert found(paper, column="better: higher") == [SameJobs("cups", "columns", 2, "white cup")]
    assert found(paper, column="metric: dry.cost.seconds") == []
    assert found(paper, column="factor: 100") == []


@pytest.mark.parametrize(
    "row", ["values: {white cup: 1, blue cup: 2}", "values: {white cup: 1}, with: {leaf.kind: black}"]
)
def test_cells_that_no_job_makes_are_none_of_others(paper: Paper, row: str) -> None:
    assert found(paper, row) == []
