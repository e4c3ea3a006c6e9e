"""What `papermatrix validate` and `papermatrix check` say of statements that change nothing."""

import pytest

from papermatrix.cli import main
from tests.papermatrix.tea import TABLES, Paper, finish_all

SLIPS = """
tables:
  cups:
    title: Tea
    metric: flavour
    rows:
      - label: plain
      - {label: long, with: {steep: {minutes: 5}}}
      - {label: green, with: {leaf.kind: green}}
      - {label: black, with: {leaf.kind: black, cup.colour: red}}
      - label: again
      - label: at this scale
        with: {leaf.grams: 3}
        at: {small: {steep.minutes: 4}}
    columns:
      - {label: green cup, with: {cup.colour: green}}
      - {label: blue cup, with: {cup.colour: blue}}
"""
WARNINGS = """
warning: config/tables.yaml:7: tables.cups.rows[1].with.steep.minutes: changes no job: stage steep, which uses it, does not take place with steep.enabled: false; so the row has the very same jobs as row plain
warning: config/tables.yaml:8: tables.cups.rows[2].with.leaf.kind: changes no job: the value is the same without it; so the row has the very same jobs as row plain
warning: config/tables.yaml:9: tables.cups.rows[3].with.cup.colour: changes no job: columns green cup, blue cup override it
warning: config/tables.yaml:10: tables.cups.rows[4]: the row has the very same jobs as row plain
warning: config/tables.yaml:13: tables.cups.rows[5].at.small.steep.minutes: changes no job: stage steep, which uses it, does not take place with steep.enabled: false
"""  # noqa: E501


@pytest.mark.parametrize("command", ["validate", "check"])
def test_what_changes_nothing_is_a_warning_with_its_reason(
    paper: Paper, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    finish_all(paper.tables(SLIPS))
    assert main([command]) == 0
    assert capsys.readouterr().err == WARNINGS.lstrip()


def test_a_table_without_slips_has_no_warning(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate"]) == 0
    assert capsys.readouterr().err == ""


def test_a_metric_that_begins_almost_as_a_stage_is_a_warning_where_scores_are_not_declared(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    paper.write("config/tables.yaml", TABLES.replace("label: blue cup,", "label: blue, metric: dri.water,"))
    assert main(["validate"]) == 0
    message = "tables.cups.columns[1].metric: is a score of taste; did you mean dry.water?\n"
    assert capsys.readouterr().err == f"warning: config/tables.yaml:11: {message}"
