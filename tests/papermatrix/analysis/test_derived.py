"""Rows and columns that are made of others: means, ranks, differences, ratios."""

import json
from pathlib import Path

import numpy as np
import pytest

from papermatrix.cli import main
from papermatrix.statistics.estimate import Estimate
from papermatrix.statistics.two_way import two_way
from tests.papermatrix.analysis.sampled import KINDLESS, pots, with_sips
from tests.papermatrix.rendered import grids, rendered, rows
from tests.papermatrix.tea import CellRun, Paper, finish, runs

TABLES = """
tables:
  cups:
    title: Tea
    metric: flavour
    better: higher
    format: .3f
    rows:
      - label: plain
      - {label: black, with: {leaf.kind: black}}
      - {label: average, mean: [plain, black]}
      - {label: gain, difference: [black, plain]}
      - {label: times, ratio: [black, plain], format: .2f}
    columns:
      - label: white
      - {label: blue, with: {cup.colour: blue}}
      - {label: mean, mean: [white, blue]}
      - {label: rank, rank: [white, blue], format: .1f}
      - {label: over plain, difference: white, against: plain}
      - {label: share, ratio: [blue, white]}
"""
SCORES = {("plain", "white"): 0.5, ("plain", "blue"): 0.6, ("black", "white"): 0.75, ("black", "blue"): 0.4}


@pytest.fixture(autouse=True)
def _sips_come_in_pots(paper: Paper) -> None:
    paper.write("config/stages.yaml", KINDLESS)


def scored(paper: Paper, text: str = TABLES) -> str:
    """Render the table with one number a cell."""
    matrix = paper.tables(text)
    for job in matrix.jobs.values():
        finish(job)
    for run in runs(matrix):
        if run.job:
            finish(run.job, {"flavour": SCORES[run.row, run.column]})
    return rendered(matrix)


def plain(cells: dict[str, str]) -> dict[str, str]:
    return {column: text.strip("*") for column, text in cells.items()}


def test_derived_rows_and_columns_show_what_their_parts_make(paper: Paper) -> None:
    grid = grids(scored(paper))[0]
    assert plain(grid["plain"]) == {
        "white": "0.500",
        "blue": "0.600",
        "mean": "0.550",
        "rank": "1.5",
        "over plain": "0.000",
        "share": "1.200",
    }
    assert plain(grid["black"]) == {
        "white": "0.750",
        "blue": "0.400",
        "mean": "0.575",
        "rank": "1.5",
        "over plain": "0.250",
        "share": "0.533",
    }
    assert plain(grid["average"])["white"] == "0.625"
    assert plain(grid["average"])["mean"] == "0.562"
    assert plain(grid["gain"])["blue"] == "-0.200"
    assert plain(grid["times"])["white"] == "1.50"


def test_nothing_runs_for_them(paper: Paper) -> None:
    matrix = paper.tables(TABLES)
    assert len([job for job in matrix.jobs.values() if job.stage == "taste"]) == 4


def test_derived_rows_are_no_rivals_of_their_parts(paper: Paper) -> None:
    grid = grids(scored(paper))[0]
    assert [row for row, cells in grid.items() if cells["white"].startswith("**")] == ["black"]
    assert [row for row, cells in grid.items() if cells["mean"].startswith("**")] == ["black"]


def test_the_lower_rank_is_the_better(paper: Paper) -> None:
    text = TABLES.replace(
        "with: {leaf.kind: black}}", "with: {leaf.kind: black}}\n      - {label: weak, with: {leaf.grams: 5}}"
    )
    scores = {**SCORES, ("weak", "white"): 0.1, ("weak", "blue"): 0.2}
    matrix = paper.tables(text)
    for job in matrix.jobs.values():
        finish(job)
    for run in runs(matrix):
        if run.job:
            finish(run.job, {"flavour": scores[run.row, run.column]})
    grid = grids(rendered(matrix))[0]
    assert {row: grid[row]["rank"] for row in ("plain", "black", "weak")} == {
        "plain": "**1.5**",
        "black": "**1.5**",
        "weak": "3.0",
    }


def sips_of(run: CellRun) -> np.ndarray:
    own = np.random.default_rng([run.seed or 0, *run.row.encode(), *run.column.encode()])
    shared = np.random.default_rng(1).normal(0, 0.1, (30, 1))
    return (SCORES[run.row, run.column] + shared + own.normal(0, 0.02, (30, 5))).ravel()


def test_they_have_intervals_where_their_parts_have(paper: Paper) -> None:
    text = TABLES.replace("title: Tea", "title: Tea\n    seeds: [100, 101, 102]")
    matrix = with_sips(paper, text, sips_of, pots(30))
    by_place: dict[tuple[str, str], list[np.ndarray]] = {}
    for run in runs(matrix):
        if run.job:
            by_place.setdefault((run.row, run.column), []).append(sips_of(run))
    found = {(row["row"], row["column"]): row for row in rows(rendered(matrix, "csv"))}

    def interval(flavours: list[np.ndarray]) -> tuple[float, float]:
        sums = np.array([one.reshape(-1, 5).sum(axis=1) for one in flavours])
        whole = Estimate(sums[None], np.full((1, 30), 5.0), np.ones(1))
        low, high = two_way(whole.influence).interval(whole.value, 0.95)
        return float(low), float(high)

    means = [
        (white + blue) / 2
        for white, blue in zip(by_place["plain", "white"], by_place["plain", "blue"], strict=True)
    ]
    row = found["plain", "mean"]
    assert (float(row["low"]), float(row["high"])) == pytest.approx(interval(means))
    gains = [
        black - plain
        for black, plain in zip(by_place["black", "white"], by_place["plain", "white"], strict=True)
    ]
    for place in (("gain", "white"), ("black", "over plain")):
        row = found[place]
        assert (float(row["low"]), float(row["high"])) == pytest.approx(interval(gains))
    ratio = found["times", "white"]
    assert float(ratio["low"]) < float(ratio["value"]) < float(ratio["high"])
    ranks = {place[0]: row for place, row in found.items() if place[1] == "rank" and row["low"]}
    assert {row: (cells["low"], cells["high"]) for row, cells in ranks.items()} == {
        "plain": ("1.5", "1.5"),
        "black": ("1.5", "1.5"),
    }


def test_without_samples_or_seeds_there_is_no_interval(paper: Paper) -> None:
    scored(paper)
    found = rows(Path("results/cups.csv").read_text())
    assert {row["low"] for row in found} == {""}


def test_what_was_reported_of_them_is_checked(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    reported = "    tolerance: 0.01\n    reported: {black: {mean: 0.575}, gain: {white: 0.3}}\n"
    paper.write("config/reported.yaml", "source: The paper.\nscale: small\ntables: {}\n")
    paper.write("config/config.yaml", "scale: small\nreported: config/reported.yaml\n")
    scored(paper, TABLES + reported)
    assert main(["check", "--reported", "cups"]) == 1
    said = capsys.readouterr()
    assert "gain, white" in said.out + said.err
    assert "black, mean" not in said.out + said.err


def test_explain_names_their_parts(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    scored(paper)
    assert main(["explain", "cups", "black", "mean", "--json"]) == 0
    explanation = json.loads(capsys.readouterr().out)
    assert explanation["metric"] == "mean of white, blue"
    assert explanation["parts"] == ["cups, black, white: 0.750", "cups, black, blue: 0.400"]
    assert [job["stage"] for job in explanation["jobs"]] == ["dry", "taste", "taste"]


def test_a_part_without_a_value_leaves_none(paper: Paper) -> None:
    matrix = paper.tables(TABLES)
    for job in matrix.jobs.values():
        finish(job, {"flavour": 0.5} if job.stage == "taste" else None)
    missing = next(run.job for run in runs(matrix) if (run.row, run.column) == ("black", "blue"))
    assert missing is not None
    (missing.folder / "result.json").unlink()
    grid = grids(rendered(matrix, is_partial=True))[0]
    assert grid["black"]["mean"] == "pending"
    assert grid["average"]["blue"] == "pending"
    assert grid["average"]["white"] == "0.500"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mean: [white, blue]}", "mean: [white, bleu]}", "columns[2].mean[1]: unknown column; did"),
        ("mean: [white, blue]}", "mean: [white, rank]}", "columns[2].mean[1]: column rank is derived itself"),
        ("[black, plain]}\n", "[black]}\n", "rows[3].difference: expected two labels, found 1"),
        ("white, against: plain", "white, against: plane", "columns[4].against: unknown row; did you"),
        ("[white, blue]}\n      - {label: rank", "[white, blue], metric: flavour}\n      - {label: rank",
         "columns[2].metric: nothing runs for a derived column"),
        ("mean: [plain, black]", "mean: [plain, black], with: {leaf.grams: 3}",
         "rows[2].with: nothing runs for a derived row"),
        ("mean: [plain, black]", "mean: [plain, black], difference: [plain, black]",
         "rows[2].difference: a row has either mean or difference"),
        ("    better: higher\n", "", "columns[3].rank: column white does not say"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_one_clear_error(
    paper: Paper, capsys: pytest.CaptureFixture[str], old: str, new: str, message: str
) -> None:
    paper.write("config/tables.yaml", TABLES.replace(old, new, 1))
    assert main(["validate"]) != 0
    assert f"tables.cups.{message}" in capsys.readouterr().err


def test_a_renamed_part_is_renamed_in_what_is_derived_from_it(paper: Paper) -> None:
    paper.write("config/tables.yaml", TABLES)
    assert main(["rename", "cups", "plain", "weak"]) == 0
    assert main(["rename", "cups", "white", "pale", "--column"]) == 0
    text = Path("config/tables.yaml").read_text()
    assert "mean: [weak, black]" in text
    assert "{label: mean, mean: [pale, blue]}" in text
    assert "difference: pale, against: weak" in text
    assert main(["validate"]) == 0


def test_the_document_of_experiments_says_how_they_are_made(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    paper.write("config/tables.yaml", TABLES)
    assert main(["experiments"]) == 0
    said = capsys.readouterr().out
    assert "| gain    | black less plain" in said
    assert "white less row plain" in said


def test_a_derived_row_is_said_to_be_no_rival(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    scored(paper)
    assert main(["explain", "cups", "gain", "white"]) == 0
    assert "not bold: what is derived is no rival of what it is made of\n" in capsys.readouterr().out
