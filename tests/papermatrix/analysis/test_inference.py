"""Which question a table's seeds and samples can answer, and what its marks say."""

import json
import re

import numpy as np
import pytest

from papermatrix.cli import main
from papermatrix.statistics.clusters import cluster_interval, sign_flip_p
from papermatrix.statistics.estimate import Estimate
from papermatrix.statistics.two_way import two_way, two_way_unpaired
from tests.papermatrix.analysis.sampled import KINDLESS, ONE_COLUMN, pots, with_sips, write_samples
from tests.papermatrix.rendered import grids, rendered, rows
from tests.papermatrix.tea import CellRun, Paper, finish, runs

SEEDS = ONE_COLUMN.replace("metric: flavour", "metric: flavour\n    seeds: [100, 101, 102]")
RANDOM = np.random.default_rng(11)
EFFECTS = RANDOM.normal(0, 0.1, (40, 1)) + RANDOM.normal(0, 0.05, (40, 5))
BETTER = {"plain": 0.6, "black": 0.5, "steeped": 0.59}


@pytest.fixture(autouse=True)
def _sips_come_in_pots(paper: Paper) -> None:
    paper.write("config/stages.yaml", KINDLESS)


def sips_of(run: CellRun, clusters: int = 40) -> np.ndarray:
    """Return flavours that rows share but for noise of their own, by seed."""
    own = np.random.default_rng([run.seed or 0, *run.row.encode()])
    noise = own.normal(0, 0.02, (40, 5)) + own.normal(0, 0.01)
    return (BETTER[run.row] + EFFECTS + noise)[:clusters].ravel()


def bold(markdown: str, column: str = "cup") -> set[str]:
    return {row for row, cells in grids(markdown)[0].items() if cells[column].startswith("**")}


def estimate(*of_seeds: np.ndarray) -> Estimate:
    """Make one mean of flavours in pots of five."""
    sums = np.array([flavours.reshape(-1, 5).sum(axis=1) for flavours in of_seeds])
    return Estimate(sums[None], np.full((1, sums.shape[1]), 5.0), np.ones(1))


def test_three_seeds_ask_whether_methods_differ_trained_again_in_other_pots(paper: Paper) -> None:
    matrix = with_sips(paper, SEEDS, sips_of, pots(40))
    text = rendered(matrix)
    assert "- samples: 200 sips in 40 pots\n" in text
    assert "- seeds: 100-102 (3)\n" in text
    assert (
        "by a two-way test over 3 seeds and 40 pots, with the same seeds of both"
        " (do the methods differ, trained again, on other pots?)." in text.replace("\n", " ")
    )
    by_row = {row: [sips_of(r) for r in runs(matrix) if r.row == row] for row in BETTER}
    expected = set()
    p_values = {}
    for row in ("black", "steeped"):
        difference = estimate(*(a - b for a, b in zip(by_row["plain"], by_row[row], strict=True)))
        p_values[row] = float(two_way(difference.influence).p_value(difference.value))
    smaller, larger = sorted(p_values, key=p_values.__getitem__)
    corrected = {smaller: 2 * p_values[smaller], larger: max(2 * p_values[smaller], p_values[larger])}
    expected = {"plain"} | {row for row, p in corrected.items() if p > 0.05}
    assert bold(text) == expected
    assert "black" not in expected


def test_the_csv_has_interval_samples_and_clusters_of_each_cell(paper: Paper) -> None:
    matrix = with_sips(paper, SEEDS, sips_of, pots(40))
    first = rows(rendered(matrix, "csv"))[0]
    one = estimate(*(sips_of(r) for r in runs(matrix) if r.row == "plain"))
    low, high = two_way(one.influence).interval(one.value, 0.95)
    assert (float(first["low"]), float(first["high"])) == (pytest.approx(low), pytest.approx(high))
    assert (first["samples"], first["clusters"]) == ("200", "40")


def test_one_seed_asks_whether_these_trainings_differ_in_other_pots(paper: Paper) -> None:
    matrix = with_sips(paper, ONE_COLUMN, lambda run: sips_of(run, 12), pots(12))
    text = rendered(matrix).replace("\n", " ")
    assert "by a sign-flip permutation test over 12 pots (do these trainings differ on other pots?)." in text
    flavours = {run.row: sips_of(run, 12) for run in runs(matrix)}
    p = sign_flip_p(estimate(flavours["plain"] - flavours["black"]).contributions)
    assert p < 0.025
    assert "black" not in bold(rendered(matrix))
    first = rows(rendered(matrix, "csv"))[0]
    low, high = cluster_interval(estimate(flavours["plain"]), 0.95)
    assert (float(first["low"]), float(first["high"])) == (pytest.approx(low), pytest.approx(high))


def test_other_seeds_on_either_side_are_each_method_s_own(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SEEDS.replace("with: {leaf.kind: black}", "with: {leaf.kind: black}, seeds: [1, 2, 3, 4]")
    matrix = with_sips(paper, text, sips_of, pots(40))
    assert main(["explain", "cups", "plain", "cup", "--against", "black", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["less"]
    first, second = (
        estimate(*(sips_of(run) for run in runs(matrix) if run.row == row)) for row in ("plain", "black")
    )
    spread = two_way_unpaired(first.influence, second.influence)
    low, high = spread.interval(first.value - second.value, 0.95)
    assert said.startswith(
        f"{first.value - second.value:.4g} (95 % interval {low:.4g} to {high:.4g} over seeds and pots)"
    )
    assert "a two-way test over 3 and 4 seeds and 40 pots, with each method's own seeds" in said


def test_fewer_than_three_seeds_on_a_side_are_these_trainings(paper: Paper) -> None:
    text = SEEDS.replace("with: {leaf.kind: black}", "with: {leaf.kind: black}, seeds: [1, 2]")
    said = rendered(with_sips(paper, text, sips_of, pots(40))).replace("\n", " ")
    assert "a sign-flip permutation test of the seeds' means over 40 pots (do these trainings differ" in said
    assert "a two-way test over 3 seeds and 40 pots" in said


def test_a_method_without_a_seed_is_the_same_in_every_seed(paper: Paper) -> None:
    stages = KINDLESS.replace("uses: [leaf, seed]", "uses: [leaf]").replace(
        "uses: [steep]", "uses: [steep, seed]"
    )
    paper.write("config/stages.yaml", stages)
    fixed = sips_of(CellRun("plain", "cup", None, 100, None, None))
    matrix = with_sips(paper, SEEDS, lambda run: fixed if run.row != "steeped" else sips_of(run), pots(40))
    said = rendered(matrix).replace("\n", " ")
    assert "a two-way test over 3 seeds and 40 pots" in said


@pytest.mark.parametrize("clusters", [4, 6])
def test_too_few_pots_to_tell_anything_have_no_marks(paper: Paper, clusters: int) -> None:
    matrix = with_sips(paper, ONE_COLUMN, lambda run: sips_of(run, clusters), pots(clusters))
    text = rendered(matrix)
    assert bold(text) == set()
    refusal = f"with {clusters} pots no test could tell 2 rivals from the best; it takes 7"
    assert f"No best is in bold in cup: {refusal}." in text.replace("\n", " ")
    assert bold(rendered(with_sips(paper, ONE_COLUMN, lambda run: sips_of(run, 7), pots(7)))) != set()


def test_a_value_as_good_as_a_bold_one_is_bold_with_a_note(paper: Paper) -> None:
    """Black differs from the best by a sure little, steeped by an unsure lot."""
    sure, unsure = np.full(60, 0.02), np.repeat(np.where(np.arange(12) % 2, 0.5, -0.4), 5)
    base = np.linspace(0.4, 0.6, 60)
    flavours = {"plain": base, "black": base - sure, "steeped": base - unsure}
    matrix = with_sips(paper, ONE_COLUMN, lambda run: flavours[run.row], pots(12))
    text = rendered(matrix)
    assert bold(text) == {"plain", "black", "steeped"}
    assert (
        "Bold by its value, at least as good as a bold one, not by its own test: black, cup."
        in text.replace("\n", " ")
    )


def test_other_samples_are_not_compared_and_that_is_said(paper: Paper) -> None:
    length = {"plain": 60, "black": 55, "steeped": 60}
    matrix = with_sips(paper, ONE_COLUMN, lambda run: sips_of(run)[: length[run.row]])
    text = rendered(matrix).replace("\n", " ")
    assert "Not tested against the best, since they are over other samples: cup (black)." in text


def test_other_pots_of_the_same_sips_are_not_compared(paper: Paper) -> None:
    matrix = with_sips(paper, ONE_COLUMN, lambda run: sips_of(run, 12), pots(12))
    black = next(run for run in runs(matrix) if run.row == "black")
    assert black.job is not None
    write_samples(black.job, list(sips_of(black, 12)), cluster=pots(6, 10))
    assert "since their samples are not in the same clusters: cup (black)" in rendered(matrix).replace(
        "\n", " "
    )


def test_samples_with_another_mean_than_the_score_are_none(paper: Paper) -> None:
    matrix = with_sips(paper, ONE_COLUMN, lambda run: sips_of(run, 12), pots(12))
    black = next(run for run in runs(matrix) if run.row == "black")
    assert black.job is not None
    finish(black.job, {"flavour": 0.3})
    text = rendered(matrix).replace("\n", " ")
    assert "since neither scores by sample nor 3 seeds of both are there: cup (black)." in text


def test_the_note_warns_of_few_pots(paper: Paper) -> None:
    few = rendered(with_sips(paper, ONE_COLUMN, lambda run: sips_of(run, 12), pots(12)))
    assert "With fewer than 60 pots, a few that lie far off" in few.replace("\n", " ")
    many = RANDOM.normal(0, 1, (3, 300))
    matrix = with_sips(
        paper, ONE_COLUMN, lambda run: many[list(BETTER).index(run.row)] + BETTER[run.row], pots(60)
    )
    assert "With fewer than" not in rendered(matrix)


def test_intervals_stand_in_cells_where_the_table_says_so(paper: Paper) -> None:
    text = SEEDS.replace("title: Tea", "title: Tea\n    intervals: true")
    markdown = rendered(with_sips(paper, text, sips_of, pots(40)))
    cell = grids(markdown)[0]["plain"]["cup"]
    assert re.fullmatch(r"\*\*0\.\d{4} \\\[0\.\d{4}, 0\.\d{4}\\\]\*\*", cell)
    assert "- each value: with its 95 % interval over seeds and pots, where they give one" in markdown
    assert r"\textbf{0." in rendered(with_sips(paper, text, sips_of, pots(40)), "tex")
    assert '<span title="95 % interval 0.' in rendered(with_sips(paper, SEEDS, sips_of, pots(40)), "html")


@pytest.mark.parametrize(("best", "expected"), [("columns", {"b"}), ("groups", {"b", "d"})])
def test_the_best_may_be_that_of_each_group_of_rows(paper: Paper, best: str, expected: set[str]) -> None:
    matrix = paper.tables(f"""
tables:
  cups:
    title: Tea
    metric: flavour
    better: higher
    best: {best}
    rows:
      - {{label: a, group: one}}
      - {{label: b, group: one, with: {{leaf.kind: black}}}}
      - {{label: c, group: two, with: {{leaf.grams: 5}}}}
      - {{label: d, group: two, with: {{leaf.grams: 6}}}}
    columns:
      - label: cup
""")
    scores = {"a": 0.1, "b": 0.9, "c": 0.2, "d": 0.3}
    for job in matrix.jobs.values():
        finish(job)
    for run in runs(matrix):
        assert run.job is not None
        finish(run.job, {"flavour": scores[run.row]})
    assert bold(rendered(matrix)) == expected


def test_the_best_may_be_that_of_each_row(paper: Paper) -> None:
    text = ONE_COLUMN.replace("better: higher", "better: lower\n    best: rows")
    matrix = paper.tables(text + "      - {label: blue, with: {cup.colour: blue}}\n")
    for job in matrix.jobs.values():
        finish(job)
    for run in runs(matrix):
        assert run.job is not None
        finish(run.job, {"flavour": 0.2 if (run.column == "cup") == (run.row == "black") else 0.3})
    cells = grids(rendered(matrix))[0]
    assert [cells[row]["cup"][:2] == "**" for row in BETTER] == [False, True, False]
    assert [cells[row]["blue"][:2] == "**" for row in BETTER] == [True, False, True]


def test_explain_says_why_a_number_is_bold_or_not(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    with_sips(paper, SEEDS, sips_of, pots(40))
    assert main(["explain", "cups", "black", "cup"]) == 0
    said = capsys.readouterr().out
    assert "samples: 200 sips in 40 pots" in said
    assert "not bold: significantly worse than the best, plain, cup (0." in said
    assert re.search(r"p = \S+, \S+ corrected for 2 rivals, by a two-way test over 3 seeds and 40 pots", said)
    assert main(["explain", "cups", "plain", "cup"]) == 0
    assert "bold: the best\n" in capsys.readouterr().out


def test_explain_compares_two_cells(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    with_sips(paper, SEEDS, sips_of, pots(40), provenance={"host": "kettle", "versions": {"python": "3.11"}})
    assert main(["explain", "cups", "plain", "cup", "--against", "black"]) == 0
    said = capsys.readouterr().out
    assert 'leaf.kind: "green" against "black"' in said
    assert re.search(r"^code +the same$", said, re.MULTILINE)
    assert re.search(r"^machine +the same$", said, re.MULTILINE)
    assert re.search(r"^less +0\.\d+ \(95 % interval ", said, re.MULTILINE)


def test_power_says_what_can_be_shown_and_what_more_would_take(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    with_sips(paper, SEEDS, sips_of, pots(40))
    assert main(["power", "cups", "--difference", "0.001", "--json"]) == 0
    by_rival = {row["rival"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(by_rival) == {"black", "steeped"}
    row = by_rival["black"]
    assert (row["seeds"], row["clusters"]) == (3, 40)
    assert 0 < row["smallest"] < row["difference"]
    assert row["more_seeds"] is None or row["more_seeds"] > 3
    assert main(["power", "cups"]) == 0
    assert "| smallest difference" in capsys.readouterr().out


def test_power_has_nothing_to_say_of_a_table_without_tests(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    matrix = paper.tables(ONE_COLUMN)
    for job in matrix.jobs.values():
        finish(job, {"flavour": 0.5})
    assert main(["power", "cups"]) == 0
    assert capsys.readouterr().out == "cups: no two numbers of it can be tested against each other\n"


def test_seeds_with_data_of_their_own_are_compared_by_seed_and_that_is_said(paper: Paper) -> None:
    matrix = with_sips(paper, SEEDS, sips_of, pots(40))
    for run in runs(matrix):
        assert run.job is not None
        score = {"flavour": float(np.mean(sips_of(run)))}
        finish(run.job, score, provenance={"data_digest": f"0123{run.seed}"})
    said = rendered(matrix).replace("\n", " ")
    assert (
        "a paired t-test over 3 seeds (do the methods differ, trained again, on other data, which each"
        in said
    )
