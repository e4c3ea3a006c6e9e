"""Thirty errors over every file that people write, reported by one command, each with its key path."""

import pytest

from papermatrix.cli import main
from tests.papermatrix.tea import STAGES, Paper

CONFIG = """
scale: small
reported: config/reported.yaml
seeds: [1, 1]
on_stale: reun
speed: 1
"""
SCALE = """
leaf:
  grams: heavy
  kidn: green
steep.minutes: 0
"""
REPORTED = """
source: The tea paper.
scale: full
tables:
  cups:
    plian: {white cup: 1}
    plain:
      whit cup: 1
      blue cup: [1, 2, 3]
"""
TABLES = """
tables:
  cups:
    titel: Tea
    metric: dry.cost.secons
    with: {leaf: {kind: blak}, leaf.grams: -1}
    rows:
      - label: plain
        with: {leaf.kidn: black}
      - label: plain
      - label: nested
        with:
          leaf: {notes: [sweet, smokey]}
          steep: {minuets: 3}
      - label: dotted
        with: {leaf.fliter: 2, brew.minutes: 1}
      - label: at scale
        at: {samll: {leaf.grams: 2}}
      - label: at this scale
        at: {small: {leaf.garms: 2}}
      - lable: misspelt
    columns:
      - label: white cup
        formt: .2f
      - label: blue cup
        with: {cup.color: blue}
      - label: shown
        show: leaf.knid
    variants:
      - label: strong
        with: {leaf: {grams: [1]}}
      - label: strong
  "Mugs!":
    title: Mugs
    metric: flavour
    rows: [{label: plain}]
    columns: [{label: cup}]
"""
EXPECTED = """
config/config.yaml:3: seeds: expected every seed once
config/config.yaml:4: on_stale: expected one of keep, fail, found 'reun'
config/config.yaml:5: speed: unknown key; did you mean seeds?
config/reported.yaml:5: tables.cups.plian: unknown row; did you mean plain?
config/reported.yaml:7: tables.cups.plain.whit cup: unknown column; did you mean white cup?
config/reported.yaml:8: tables.cups.plain.blue cup: 3 values, but the table has 2 variants
config/scales/small.yaml:2: leaf.grams: expected a number above 0, found 'heavy'
config/scales/small.yaml:3: leaf.kidn: unknown setting; did you mean kind?
config/scales/small.yaml:4: steep.minutes: expected a whole number at least 1, found 0
config/stages.yaml:2: header.kind: unknown setting; did you mean kind?
config/stages.yaml:5: stages.steep.when.steep.enabled: expected true or false, found 'maybe'
config/stages.yaml:5: stages.steep.needs: unknown stage; did you mean dry?
config/stages.yaml:6: stages.taste.uses[0]: unknown setting; did you mean cup?
config/tables.yaml:2: tables.cups.title: missing
config/tables.yaml:3: tables.cups.titel: unknown key; did you mean title?
config/tables.yaml:4: tables.cups.metric: unknown cost; did you mean seconds?
config/tables.yaml:5: tables.cups.with.leaf.kind: expected one of green, black, found 'blak'; did you mean
config/tables.yaml:5: tables.cups.with.leaf.grams: expected a number above 0, found -1
config/tables.yaml:8: tables.cups.rows[0].with.leaf.kidn: unknown setting; did you mean kind?
config/tables.yaml:9: tables.cups.rows[1].label: rows[0] is called 'plain' too
config/tables.yaml:12: tables.cups.rows[2].with.leaf.notes: expected a list of values, each one of sweet
config/tables.yaml:13: tables.cups.rows[2].with.steep.minuets: unknown setting; did you mean minutes?
config/tables.yaml:15: tables.cups.rows[3].with.leaf.fliter: unknown setting; did you mean filter?
config/tables.yaml:15: tables.cups.rows[3].with.brew.minutes: unknown setting; did you mean steep.minutes?
config/tables.yaml:17: tables.cups.rows[4].at.samll: no such scale; did you mean small?
config/tables.yaml:19: tables.cups.rows[5].at.small.leaf.garms: unknown setting; did you mean grams?
config/tables.yaml:20: tables.cups.rows[6].label: missing
config/tables.yaml:20: tables.cups.rows[6].lable: unknown key; did you mean label?
config/tables.yaml:23: tables.cups.columns[0].formt: unknown key; did you mean format?
config/tables.yaml:25: tables.cups.columns[1].with.cup.color: unknown setting; did you mean colour?
config/tables.yaml:27: tables.cups.columns[2].show: unknown setting; did you mean kind?
config/tables.yaml:30: tables.cups.variants[0].with.leaf.grams: expected a number above 0, found [1]
config/tables.yaml:31: tables.cups.variants[1].label: variants[0] is called 'strong' too
config/tables.yaml:32: tables.Mugs!: expected a name of small letters, digits and underscores
"""


@pytest.fixture
def broken(paper: Paper) -> Paper:
    paper.write("config/config.yaml", CONFIG)
    paper.write("config/scales/small.yaml", SCALE)
    paper.write("config/reported.yaml", REPORTED)
    paper.write("config/tables.yaml", TABLES)
    stages = STAGES
    for old, new in (
        ("leaf.kind}", "leaf.knid}"),
        ("needs: dry", "needs: dri"),
        ("enabled: true", "enabled: maybe"),
        ("uses: [cup]", "uses: [cpu]"),
    ):
        assert old in stages
        stages = stages.replace(old, new)
    paper.write("config/stages.yaml", stages)
    return paper


def reported(capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert main(["validate"]) == 2
    return [line.removeprefix("error: ") for line in capsys.readouterr().err.splitlines()]


def test_every_diagnostic_is_reported_at_once_in_the_order_of_files_and_lines(
    broken: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    diagnostics, expected = reported(capsys), EXPECTED.strip().splitlines()
    assert len(diagnostics) == len(expected) == 34
    for diagnostic, beginning in zip(diagnostics, expected, strict=True):
        assert diagnostic.startswith(beginning)


def test_validate_reads_every_scale_and_other_commands_only_theirs(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    paper.write("config/scales/large.yaml", "leaf.gramms: 4\nsteep.minutes: long\n")
    paper.write("config/scales/huge.yaml", "leaf: [\n")
    assert reported(capsys) == [
        "config/scales/huge.yaml:1: a [ or { that is not closed",
        "  | leaf: [",
        "  |        ^",
        "config/scales/large.yaml:1: leaf.gramms: unknown setting; did you mean grams?",
        "config/scales/large.yaml:2: steep.minutes: expected a whole number at least 1, found 'long'",
    ]
    assert main(["plan"]) == 0


def test_a_wrong_item_of_a_list_has_its_nearest_word(
    broken: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    (diagnostic,) = (diagnostic for diagnostic in reported(capsys) if "leaf.notes" in diagnostic)
    assert diagnostic.endswith("found ['sweet', 'smokey']; did you mean smoky?")


def test_every_command_reports_the_same(broken: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    validated = reported(capsys)
    for command in (["plan"], ["status"], ["explain", "cups", "plain", "white cup"], ["render", "cups"]):
        assert main(command) == 2
        assert [line.removeprefix("error: ") for line in capsys.readouterr().err.splitlines()] == validated
