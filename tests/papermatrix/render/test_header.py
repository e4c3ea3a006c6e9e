"""What a table says about where its numbers come from, beyond the lines that every table has."""

import pytest

from jobkit.result import Cost
from papermatrix.cli import main
from papermatrix.matrix.expand import Matrix
from tests.papermatrix.rendered import grids, rendered
from tests.papermatrix.tea import STAGES, TABLES, Paper, finish, finish_all, runs


def finished(paper: Paper, text: str = TABLES) -> Matrix:
    matrix = paper.tables(text)
    finish_all(matrix, provenance={"data": "a garden", "data_digest": "0123456789abcdef"})
    return matrix


def test_a_column_of_several_data_digests_names_the_rows_of_each(paper: Paper) -> None:
    paper.write("config/stages.yaml", STAGES.replace("header: {kind: leaf.kind}\n", ""))
    matrix = finished(paper)
    for cell in runs(matrix):
        if cell.row == "steeped" and cell.column == "blue cup" and cell.job:
            finish(cell.job, {"flavour": 1}, provenance={"data": "a garden", "data_digest": "f" * 16})
    assert (
        "\nColumn blue cup mixes numbers of different origin: data a garden, digest 0123456789ab"
        " (plain, black); data a garden, digest ffffffffffff (steeped).\n"
    ) in rendered(matrix)


def test_columns_that_mix_a_setting_of_the_header_alike_are_named_together(paper: Paper) -> None:
    assert (
        "\nColumns white cup, blue cup mix numbers of different origin:"
        " kind green (plain, steeped); kind black (black).\n"
    ) in rendered(finished(paper))


def test_cited_numbers_among_ours_are_named(paper: Paper) -> None:
    text = TABLES.replace("label: plain", "label: plain\n        values: {white cup: 0.9}")
    text = text.replace("with: {leaf.kind: black}", "with: {leaf.grams: 3}")
    assert (
        "\nColumn white cup mixes numbers of different origin: cited (plain); ours (black, steeped).\n"
        in rendered(finished(paper, text))
    )


def test_a_column_of_one_origin_says_nothing(paper: Paper) -> None:
    text = TABLES.replace("with: {leaf.kind: black}", "with: {leaf.grams: 3}")
    assert "different origin" not in rendered(finished(paper, text))


WITH_SCORES = STAGES.replace("header:", "header_scores: {dropped leaves: dry.dropped}\nheader:")


def test_what_is_counted_is_said_where_it_is_not_zero(paper: Paper) -> None:
    paper.write("config/stages.yaml", WITH_SCORES)
    matrix = finished(paper)
    assert "dropped leaves" not in rendered(matrix)
    drying = [job for job in matrix.jobs.values() if job.stage == "dry"]
    finish(drying[0], {"dropped": 0})
    assert "dropped leaves" not in rendered(matrix)
    finish(drying[1], {"dropped": 12})
    assert "\n- dropped leaves: 12\n" in rendered(matrix)
    assert "dropped leaves: 12" in rendered(matrix, "tex")


def test_a_count_of_an_unknown_stage_is_refused(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    paper.write("config/stages.yaml", WITH_SCORES.replace("dry.dropped", "dri.cost.seconds"))
    assert main(["validate"]) == 2
    message = "header_scores.dropped leaves: unknown stage; did you mean dry?"
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("device", "words"),
    [("cpu", "resident memory and core-hours of a CPU"), ("H100", "GPU memory and GPU-hours, H100")],
)
def test_what_a_cost_was_measured_on_is_said(paper: Paper, device: str, words: str) -> None:
    matrix = paper.tables(TABLES.replace("metric: flavour", "metric: dry.cost.device_hours"))
    finish_all(matrix, cost=Cost(device=device, device_hours=0.5))
    assert f"\n- cost: {words}\n" in rendered(matrix)
    assert "- cost:" not in rendered(finished(paper))


@pytest.mark.parametrize(
    "provenance",
    [
        {"data_digest": 5},
        {"data_digest": None, "data": {"a": 1}},
        {"commit": 5},
        {"commit": ["a"]},
        {"source": 5, "upstream_digest": 5},
        {"versions": "x", "seed": "\x1b[2J", "dirty": "x"},
    ],
)
def test_an_origin_of_another_form_is_unknown(
    paper: Paper, capsys: pytest.CaptureFixture[str], provenance: dict[str, object]
) -> None:
    finish_all(paper.matrix(), provenance=provenance)
    assert "- commit: unknown" in rendered(paper.matrix())
    assert main(["explain", "cups", "plain", "white cup"]) == 0
    assert "\x1b" not in capsys.readouterr().out


MADE_BY = [{"science.taste": "a", "science": "b"}, {"science.taste": "c", "brew/steep.R": "d"}]


@pytest.mark.parametrize(
    ("provenance", "is_said"),
    [
        ({"changed": ["src/science/taste.py", "notes.txt"]}, True),
        ({"changed": ["brew/steep.R"]}, True),
        ({"changed": ["src/science/__init__.py"]}, True),
        ({"changed": ["tables.yaml", "src/science/serve.py", "taste.py", "tests/science/taste.py"]}, False),
        ({"changed": [], "dirty": False}, False),
        ({"changed": ["notes.txt"], "source": []}, True),
        ({"changed": ["notes.txt"], "source": [{"science.gone": "a"}]}, True),
        ({"changed": None}, True),
        ({}, True),
    ],
)
def test_uncommitted_changes_are_said_where_they_touch_what_made_a_result_or_nobody_knows(
    paper: Paper, capsys: pytest.CaptureFixture[str], provenance: dict[str, object], is_said: bool
) -> None:
    for name in ("src/science/__init__.py", "src/science/taste.py", "brew/steep.R"):
        paper.write(name, "")
    made = {"commit": "abcdef", "dirty": True, "source": MADE_BY, **provenance}
    finish_all(paper.matrix(), provenance=made)
    line = "commit: abcdef with uncommitted changes" if is_said else "commit: abcdef"
    assert f"\n- {line}\n" in rendered(paper.matrix())
    assert main(["explain", "cups", "plain", "white cup"]) == 0
    assert ("uncommitted" in capsys.readouterr().out) == is_said


def seeded(paper: Paper, level: str) -> str:
    """Render a table of seed 100, in which one level states others."""
    assert level in SEEDED
    matrix = paper.tables(SEEDED.replace(level, f"{level}, seeds: [100, 101, 102, 105]"))
    finish_all(matrix)
    return rendered(matrix)


SEEDED = """
tables:
  cups:
    title: Tea
    metric: flavour
    rows:
      - {label: plain}
      - {label: black, with: {leaf.kind: black}}
    columns:
      - {label: white cup}
      - {label: blue cup, with: {cup.colour: blue}}
    variants:
      - {label: morning}
      - {label: evening, with: {leaf.grams: 3}}
"""


def test_seeds_are_said_once_where_all_share_them(paper: Paper) -> None:
    matrix = paper.tables(SEEDED.replace("metric:", "seeds: [105, 100, 101, 102]\n    metric:"))
    finish_all(matrix)
    assert "\n- seeds: 100-102, 105 (4)\n" in rendered(matrix)


def test_where_rows_differ_in_their_seeds_each_says_its_own(paper: Paper) -> None:
    text = seeded(paper, "{label: black")
    assert "\n- seeds: as each row says\n" in text
    assert list(grids(text)[0]) == ["plain (a)", "black (b)"]
    assert "\n(a) seed 100\n\n(b) seeds 100-102, 105 (4)\n" in text


def test_where_columns_or_variants_differ_in_their_seeds_these_say_their_own(paper: Paper) -> None:
    text = seeded(paper, "{label: white cup")
    assert "\n- seeds: as each column says\n" in text
    assert list(grids(text)[0]["plain"]) == ["white cup (a)", "blue cup (b)"]
    text = seeded(paper, "{label: evening")
    assert "\n- seeds: as each variant says\n" in text
    assert "\n- each cell: morning, seed 100 / evening, seeds 100-102, 105 (4)\n" in text


def test_where_no_level_tells_the_seeds_each_cell_does(paper: Paper) -> None:
    tables = SEEDED.replace("{label: black", "{label: black, seeds: [1, 2]")
    matrix = paper.tables(tables.replace("{label: white cup", "{label: white cup, seeds: [7]"))
    finish_all(matrix)
    text = rendered(matrix)
    assert "\n- seeds: as each cell says\n" in text
    grid = grids(text)[0]
    assert [grid[row][column][-3:] for row in grid for column in grid[row]] == ["(a)", "(b)", "(a)", "(c)"]
    assert "\n(a) seed 7\n\n(b) seed 100\n\n(c) seeds 1-2 (2)\n" in text


PARTS = STAGES.replace("dry: {", "dry: {part: {aroma: validation}, ").replace(
    "taste: {", "taste: {part: test, "
)


def test_a_score_of_the_validation_part_beside_one_of_the_test_part_says_so(paper: Paper) -> None:
    paper.write("config/stages.yaml", PARTS)
    finish_all(paper.matrix())
    assert "\n- part: test\n" in rendered(paper.matrix())
    columns = "      - {label: aroma, metric: dry.aroma}\n      - {label: loss, metric: dry.loss}\n"
    matrix = paper.tables(TABLES + columns)
    for job in matrix.jobs.values():
        finish(job, {"aroma": 0.5, "loss": 0.1} if job.stage == "dry" else {"flavour": 0.5})
    text = rendered(matrix)
    assert "\n- parts: as each column says\n" in text
    assert list(grids(text)[0]["plain"]) == ["white cup (a)", "blue cup (a)", "aroma (b)", "loss"]
    assert "\n(a) scored on the test part\n\n(b) scored on the validation part\n" in text
    assert "scored on the validation part" in rendered(matrix, "html")


def test_a_part_of_a_score_that_its_stage_does_not_declare_is_refused(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    paper.write("config/stages.yaml", PARTS.replace("dry: {", "dry: {scores: [aromas], "))
    assert main(["validate"]) == 2
    message = "stages.dry.part.aroma: unknown score; did you mean aromas?"
    assert message in capsys.readouterr().err
