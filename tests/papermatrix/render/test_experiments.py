"""The document of the experiments: why, what changes, which jobs, and what they would cost."""

import pytest

from papermatrix.matrix.expand import load_matrix
from papermatrix.render.experiments import experiments
from tests.papermatrix.tea import TABLES, Paper

COST = """
cost:
  scale: large
  device: one stove
  about: Water is not counted.
  stages:
    dry:
      samples: 1000
      passes: steep.minutes
      rates:
        - {when: {leaf.kind: black}, seconds: 7.2}
        - {seconds: 3.6}
    taste:
      samples: 100
      rates: [{seconds: 36}]
"""


def document(paper: Paper) -> str:
    return experiments(paper.matrix(), lambda scale: load_matrix({"scale": scale}))


def rows(text: str, head: str) -> dict[str, list[str]]:
    """Return the grid whose first head this is, by its rows' labels."""
    lines = text[text.index(f"| {head} ") :].partition("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first: rest for first, *rest in cells if not first.startswith("-")}


def test_every_row_and_column_says_what_it_changes(paper: Paper) -> None:
    text = document(paper)
    assert rows(text, "row") == {
        "row": ["changes"],
        "plain": ["\N{EN DASH}"],
        "black": ["`leaf.kind` black"],
        "steeped": ["`steep.enabled` true"],
    }
    assert rows(text, "column")["blue cup"] == ["`flavour`", "`cup.colour` blue"]


def test_a_tables_prose_and_its_jobs_stand_under_its_title(paper: Paper) -> None:
    paper.write("config/tables.yaml", TABLES.replace("title: Tea", "title: Tea\n    about: Cups are ours."))
    text = document(paper).partition('<a id="cups"></a>')[2]
    assert text.startswith("Tea\n\nCups are ours.\n")
    assert "9 jobs (2 dry, 6 taste, 1 steep)" in text
    assert "- dry: `green-S`, `black-S`\n" in text


def test_shared_jobs_count_once_in_the_total(paper: Paper) -> None:
    other = TABLES.partition("\n")[2].replace("cups:", "mugs:").partition("\n")[2]
    paper.write("config/tables.yaml", TABLES + other.replace("blue", "red"))
    counts = rows(document(paper), "table")
    assert counts["[Tea](#mugs)"] == ["2", "1", "6", "9", "3"]
    assert counts["all, each once"][-2] == "12"


def test_an_edited_comment_or_default_digest_leaves_the_document_alone(paper: Paper) -> None:
    before = document(paper)
    paper.write("config/tables.yaml", "# strong\n" + TABLES)
    paper.write("config/scales/small.yaml", "leaf.grams: 2\n")
    assert document(paper) == before


def test_costs_are_samples_times_passes_times_seconds_at_their_scale(paper: Paper) -> None:
    # Dried: 1000 x 5 x 3.6 s are 5 h, black 10 h; six cups of 100 x 36 s are 6 h; nobody timed steeping.
    paper.write("config/config.yaml", "scale: small\npaper: config/paper.yaml\n")
    paper.write("config/paper.yaml", COST)
    paper.write("config/scales/large.yaml", "steep.minutes: 5\n")
    paper.write(
        "config/stages.yaml",
        (paper.folder / "config/stages.yaml")
        .read_text()
        .replace("[leaf, seed]", "[leaf, seed, steep.minutes]"),
    )
    text = document(paper).partition("## Cost at scale large")[2]
    assert rows(text, "table")["all, each job once"][0] == pytest.approx("21.0")
    assert "in hours on one stove. Water is not counted." in text
    assert "no seconds were measured for them: 1 of steep." in text


def test_without_measured_seconds_there_is_no_cost(paper: Paper) -> None:
    assert "Cost" not in document(paper)


def test_prose_and_names_are_text(paper: Paper) -> None:
    nasty = "# <b>a|b`c"
    about = f"title: Tea\n    about: '{nasty}'"
    tables = TABLES.replace("title: Tea", about).replace("metric: flavour", "metric: 'a|b`c'")
    paper.write("config/tables.yaml", tables)
    text = document(paper)
    assert "\n\\# \\<b>a\\|b\\`c\n" in text
    assert rows(text, "column")["white cup"][0] == "a\\"  # the grid is split at its bars here
