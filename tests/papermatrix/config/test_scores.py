"""A metric that its stage does not measure is an error before anything runs."""

import pytest

from papermatrix.cli import main
from tests.papermatrix.tea import STAGES, TABLES, Paper

SCORES = """
    scores:
      - flavour
      - flavour.{young,old}
      - cups
      - {score: bitterness, when: {steep.enabled: true}}
      - {score: "minute{1..steep.minutes}", when: {steep.enabled: true}}
      - {score: "is_{leaf.kind}", unless: {steep.enabled: true}}
"""
DECLARED = STAGES.replace("uses: [leaf, seed],", 'uses: [leaf, seed], scores: ["water.{1..3}"],').replace(
    "  taste: {needs: steep, uses: [cup]}", f"  taste:\n    needs: steep\n    uses: [cup]{SCORES}"
)


@pytest.fixture
def declared(paper: Paper) -> Paper:
    paper.write("config/stages.yaml", DECLARED)
    return paper


def errors(paper: Paper, capsys: pytest.CaptureFixture[str], metric: str, command: str = "validate") -> str:
    """Return what a command says of another metric of the table."""
    paper.write("config/tables.yaml", TABLES.replace("metric: flavour", f"metric: {metric}"))
    main([command])
    return capsys.readouterr().err.strip()


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("flavor", "no score of taste; did you mean flavour?"),
        ("flavour.yuong", "no score of taste; did you mean flavour.young?"),
        ("taste.cupz", "no score of taste; did you mean cups?"),
        ("dri.water.2", "no score of taste; did you mean dry.water.2?"),
        ("dry.water.4", "no score of dry; did you mean dry.water.3?"),
        ("water", "no score of taste; did you mean dry.water.3?"),
        ("is_blue", "no score of taste; did you mean is_black?"),
        ("cost.secnds", "unknown cost; did you mean seconds?"),
        ("dry.cost.device", "unknown cost; did you mean device_hours?"),
        ("dri.cost.seconds", "unknown stage; did you mean dry?"),
        (
            "zzz",
            "no score of taste; expected one of flavour, flavour.{young,old}, cups, bitterness,"
            " minute{1..steep.minutes}, is_{leaf.kind}",
        ),
    ],
)
def test_a_misspelt_metric_is_an_error_with_the_nearest(
    declared: Paper, capsys: pytest.CaptureFixture[str], metric: str, expected: str
) -> None:
    assert errors(declared, capsys, metric) == f"error: config/tables.yaml:4: tables.cups.metric: {expected}"


@pytest.mark.parametrize("metric", ["flavour", "flavour.overall", "flavour.old", "dry.water.3", "steep.any"])
def test_what_is_declared_passes_and_so_does_anything_of_a_stage_that_declares_nothing(
    declared: Paper, capsys: pytest.CaptureFixture[str], metric: str
) -> None:
    assert "error" not in errors(declared, capsys, metric)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (
            "bitterness",
            "is not measured in 2 rows, such as plain, where steep.enabled: null;"
            " taste has bitterness when steep.enabled: true",
        ),
        (
            "minute4",
            "is not measured in 2 rows, such as plain, where steep.enabled: null, steep.minutes: null;"
            " taste has minute{1..steep.minutes} when steep.enabled: true",
        ),
        (
            "is_green",
            "is not measured in row black, where steep.enabled: null, leaf.kind: black;"
            " taste has is_{leaf.kind} unless steep.enabled: true",
        ),
    ],
)
@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_score_of_other_settings_is_an_error_too(
    declared: Paper, capsys: pytest.CaptureFixture[str], metric: str, expected: str, command: str
) -> None:
    lines = errors(declared, capsys, metric, command).splitlines()
    assert lines[0] == f"error: config/tables.yaml:4: tables.cups.metric: {expected}"


def test_a_metric_of_a_column_is_blamed_there(declared: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    declared.write("config/tables.yaml", TABLES.replace("label: blue cup,", "label: blue, metric: minute1,"))
    assert main(["validate"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: config/tables.yaml:11: tables.cups.columns[1].metric: is not measured in")


def test_scores_above_tables_are_checked(declared: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    declared.write("config/stages.yaml", f"header_scores: {{empty: cupps}}{DECLARED}")
    assert main(["validate"]) == 2
    assert "header_scores.empty: no score of taste; did you mean cups?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("score", "message"),
    [
        ("a..b", "expected a score's name, or a pattern such as"),
        ("a{steep.minuets}", "steep.minuets: unknown setting; did you mean minutes?"),
        (
            "{score: a, when: {steep.minuets: 1}}",
            "when.steep.minuets: unknown setting; did you mean minutes?",
        ),
        ("{score: a, when: {cup.colour: red}}", "cup.colour: no setting of dry, nor of a stage before it"),
    ],
)
def test_a_wrong_declaration_is_named(
    paper: Paper, capsys: pytest.CaptureFixture[str], score: str, message: str
) -> None:
    quoted = score if score.startswith("{") else f'"{score}"'
    paper.write("config/stages.yaml", STAGES.replace("uses: [leaf", f"scores: [{quoted}], uses: [leaf"))
    assert main(["validate"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: config/stages.yaml:4: stages.dry.scores[0]")
    assert message in error
