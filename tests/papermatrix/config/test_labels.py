"""Labels that hold settings: what tables show of them at each scale, and how other files name them."""

import pytest

from papermatrix.cli import main
from tests.papermatrix.rendered import grids, rendered, rows
from tests.papermatrix.tea import Paper, finish_all

TABLES = """
tables:
  cups:
    title: "Tea of {leaf.grams} g"
    metric: flavour
    note: "{{leaf.grams}} is the setting"
    rows:
      - {label: "steeped {steep.minutes} min", with: {steep.enabled: true}, at: {large: {steep.minutes: 9}}}
      - {label: "short {steep.minutes} min", with: {steep.enabled: true, steep.minutes: 1}}
    columns:
      - {label: "{cup.colour} cup", with: {cup.colour: blue}}
    variants:
      - {label: "seed {seed}"}
      - {label: "{leaf.notes}", with: {leaf.notes: [sweet, smoky]}}
"""
REPORTED = """
source: The book of tea.
scale: large
tables:
  cups:
    "steeped {steep.minutes} min": {"{cup.colour} cup": [0.5, 0.6]}
"""


@pytest.fixture
def labelled(paper: Paper) -> Paper:
    config = "scale: small\nreported: config/reported.yaml\npaper: config/paper.yaml\n"
    paper.write("config/config.yaml", config)
    paper.write("config/scales/large.yaml", "leaf.grams: 500\n")
    paper.write("config/reported.yaml", REPORTED)
    cell = 'table: cups, row: "steeped {steep.minutes} min", column: "{cup.colour} cup"'
    paper.write(
        "config/paper.yaml", f'numbers: {{theirs: {{{cell}, variant: "seed {{seed}}", reported: true}}}}\n'
    )
    paper.write("config/tables.yaml", TABLES)
    return paper


def test_a_label_shows_the_settings_that_hold_at_its_scale(labelled: Paper) -> None:
    matrix = labelled.matrix()
    finish_all(matrix)
    text = rendered(matrix)
    assert text.startswith("# Tea of 1 g\n")
    assert grids(text)[0].keys() == {"steeped 3 min", "short 1 min"}
    assert list(grids(text)[0]["short 1 min"]) == ["blue cup"]
    assert "- each cell: seed 100 / sweet + smoky\n" in text
    assert "\n\\{leaf.grams\\} is the setting\n" in text
    first = rows(rendered(matrix, "csv"))[0]
    assert [first[name] for name in ("row", "column", "variant")] == ["steeped 3 min", "blue cup", "seed 100"]
    large = labelled.matrix(scale="large")
    finish_all(large)
    assert rendered(large).startswith("# Tea of 500 g\n")
    assert "steeped 9 min" in grids(rendered(large))[0]


def test_beside_the_authors_numbers_a_label_shows_what_holds_at_their_scale(labelled: Paper) -> None:
    matrix = labelled.matrix()
    finish_all(matrix)
    assert grids(rendered(matrix))[1]["steeped 9 min"] == {"blue cup": "0.5000 / 0.6000"}


def test_other_files_name_a_label_as_it_is_written_and_a_person_may_as_it_is_shown(
    labelled: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    finish_all(labelled.matrix())
    assert main(["numbers"]) == 0
    assert "\\newcommand{\\theirs}{0.5000}" in capsys.readouterr().out
    for row, column in (("steeped {steep.minutes} min", "{cup.colour} cup"), ("steeped 3 min", "blue cup")):
        assert main(["explain", "cups", row, column, "--variant", "seed 100"]) == 0
        assert capsys.readouterr().out.startswith("cups, steeped 3 min, blue cup, seed 100: 0.5000 (value)\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{steep.minutes} min\", with: {steep.enabled: true},", "{steep.minuets}\", with: {},",
         "rows[0].label: {steep.minuets}: unknown setting; did you mean minutes?"),
        ("Tea of {leaf.grams}", "Tea of {leaf.gram}",
         "title: {leaf.gram}: unknown setting; did you mean grams?"),
        ("Tea of {leaf.grams}", "Tea of {leaf}", "title: {leaf}: a section; expected one of its settings"),
        ("{leaf.grams} g", "{steep.minutes} min",
         "title: {steep.minutes} is 3 and 1 in its cells at scale small; expected one value"),
        ("short {steep.minutes} min", "steeped 3 min",
         "rows[1].label: rows[0] is called 'steeped 3 min' too"),
        ('{label: "seed {seed}"}', '{label: "seed {seed}", seeds: [1, 2]}',
         "variants[0].label: {seed} is 1 and 2 in its cells at scale small; expected one value"),
    ],
)  # fmt: skip
def test_a_label_that_cannot_be_filled_in_is_refused(
    labelled: Paper, capsys: pytest.CaptureFixture[str], old: str, new: str, message: str
) -> None:
    assert old in TABLES
    labelled.write("config/tables.yaml", TABLES.replace(old, new))
    assert main(["validate"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert any(f": tables.cups.{message}" in line for line in lines), lines


def test_a_footnote_names_a_row_by_its_label_as_it_is_shown(labelled: Paper) -> None:
    short = '{label: "short {steep.minutes} min", with: {steep.enabled: true, steep.minutes: 1}}'
    assert short in TABLES
    again = f"{short}\n      - {{label: again, with: {{steep.enabled: true, steep.minutes: 1}}}}"
    labelled.write("config/tables.yaml", TABLES.replace(short, again))
    matrix = labelled.matrix()
    finish_all(matrix)
    assert "the very same jobs as row short 1 min\n" in rendered(matrix)
