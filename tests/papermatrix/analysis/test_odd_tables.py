"""Marks, notes and intervals where tables, samples and results are not what one expects."""

import json

import numpy as np
import pandas as pd
import pytest

from papermatrix.cli import main
from papermatrix.render.escape import NOTHING
from tests.papermatrix.analysis.sampled import KINDLESS, ONE_COLUMN, pots, with_sips, write_samples
from tests.papermatrix.rendered import grids, rendered, rows
from tests.papermatrix.tea import CellRun, Paper, finish, finish_all, runs

SCORES = {"plain": 0.6, "black": 0.5, "steeped": 0.4}


@pytest.fixture(autouse=True)
def _sips_come_in_pots(paper: Paper) -> None:
    paper.write("config/stages.yaml", KINDLESS)


def sips_of(run: CellRun, count: int = 60) -> np.ndarray:
    own = np.random.default_rng([run.seed or 0, *run.row.encode()])
    return SCORES[run.row] + np.random.default_rng(1).normal(0, 0.1, count) + own.normal(0, 0.02, count)


def said(text: str) -> str:
    return text.replace("\n", " ")


def test_more_than_a_thousand_samples_have_a_test(paper: Paper) -> None:
    matrix = with_sips(paper, ONE_COLUMN, lambda run: sips_of(run, 1100))
    text = said(rendered(matrix))
    assert "a sign-flip permutation test over 1100 sips, taken as independent" in text
    assert grids(rendered(matrix))[0]["plain"]["cup"].startswith("**")


def test_intervals_over_plain_samples_are_not_said_to_be_over_clusters(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    matrix = with_sips(paper, ONE_COLUMN, sips_of)
    assert " over sips" in rendered(matrix, "html")
    assert main(["explain", "cups", "plain", "cup"]) == 0
    assert " over sips)" in capsys.readouterr().out


def test_one_pot_tells_nothing_of_others(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    matrix = with_sips(paper, ONE_COLUMN, sips_of, [1] * 60)
    assert "with 1 pot no test could tell 2 rivals from the best; it takes 7" in said(rendered(matrix))
    assert main(["power", "cups", "--difference", "0.1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["smallest"], row["more_clusters"]) for row in found] == [(None, "unknown")] * 2


def test_power_states_no_difference_that_no_test_could_find(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    with_sips(paper, ONE_COLUMN, lambda run: sips_of(run, 20), pots(4))
    assert main(["power", "cups", "--difference", "100", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["smallest"], row["more_clusters"]) for row in found] == [(None, 7)] * 2


def test_cited_numbers_and_texts_take_no_part_in_ranks(paper: Paper) -> None:
    text = ONE_COLUMN.replace(
        "    rows:", "    rows:\n      - {label: theirs, values: {cup: n/a, blue: 0.99}}"
    )
    text += "      - {label: blue, with: {cup.colour: blue}}\n"
    text += "      - {label: rank, rank: [cup, blue], format: .1f}\n"
    matrix = paper.tables(text)
    finish_all(matrix, lambda run: SCORES[run.row])
    ranks = [cells["rank"].strip("*") for cells in grids(rendered(matrix))[0].values()]
    assert ranks == [NOTHING, "1.0", "2.0", "3.0"]


def test_one_seed_of_a_part_is_not_the_same_in_every_seed(paper: Paper) -> None:
    text = ONE_COLUMN.replace("metric: flavour", "metric: flavour\n    seeds: [100, 101, 102]")
    text = text.replace("- label: plain", "- {label: plain, seeds: [100]}")
    text = text.replace("    columns:", "      - {label: gain, difference: [black, plain]}\n    columns:")
    matrix = with_sips(paper, text, sips_of, pots(12))
    gain = [row for row in rows(rendered(matrix, "csv")) if row["row"] == "gain"]
    assert [row["seed"] for row in gain] == [""]
    assert "±" not in grids(rendered(matrix))[0]["gain"]["cup"]


def test_a_mark_is_withdrawn_beside_a_better_number_that_lost_its_own(paper: Paper) -> None:
    """Plain has one number for both variants: it is best in short, and worse than steeped in long."""
    matrix = paper.tables("""
tables:
  cups:
    title: Tea
    metric: flavour
    better: higher
    rows:
      - label: plain
      - {label: steeped, with: {steep.enabled: true}}
    columns:
      - label: cup
    variants:
      - {label: short, with: {steep.minutes: 1}}
      - {label: long, with: {steep.minutes: 9}}
""")
    base = np.random.default_rng(0).normal(0, 0.01, 60)
    wide = np.repeat(np.where(np.arange(12) % 2, 0.5, -0.45), 5)
    flavours = {"short": base + 0.5 - wide, "long": base + 0.9}
    for job in matrix.jobs.values():
        finish(job)
    for run in runs(matrix):
        assert run.job is not None
        values = base + 0.5 if run.row == "plain" else flavours[run.variant or ""]
        finish(run.job, {"flavour": float(np.mean(values))})
        write_samples(run.job, list(values), cluster=pots(12))
    cells = grids(rendered(matrix))[0]
    assert cells["plain"]["cup"] == f"{np.mean(base) + 0.5:.4f}"
    short, long = cells["steeped"]["cup"].split(" / ")
    assert not short.startswith("**")
    assert long.startswith("**")


def test_notes_name_the_variant(paper: Paper) -> None:
    variants = (
        "    variants: [{label: red, with: {cup.colour: red}}, {label: blue, with: {cup.colour: blue}}]\n"
    )
    matrix = with_sips(paper, ONE_COLUMN + variants, sips_of, pots(12))
    for run in runs(matrix):
        if run.variant == "red" and run.job:
            write_samples(run.job, list(sips_of(run)), cluster=pots(4, 15))
    text = said(rendered(matrix))
    assert "No best is in bold in cup (red): with 4 pots" in text
    assert "in cup (blue)" not in text


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(sample=0)


def fractions(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(cluster=np.arange(len(frame)) / 2)


def other_scores(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(flavour=frame["flavour"] + 1)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (twice, "its column sample names some samples twice"),
        (fractions, "its column cluster has other values than texts or whole numbers"),
        (other_scores, "the mean of its samples is 1."),
    ],
)
def test_samples_that_cannot_be_used_are_named_with_the_reason(
    paper: Paper, change: object, why: str
) -> None:
    matrix = with_sips(paper, ONE_COLUMN, sips_of, pots(12))
    black = next(run.job for run in runs(matrix) if run.row == "black")
    assert black is not None
    path = black.folder / "samples.parquet"
    change(pd.read_parquet(path)).to_parquet(path)  # type: ignore[operator]
    assert f"samples.parquet of black is not used: {why}" in said(rendered(matrix))


def test_clusters_may_be_categories(paper: Paper) -> None:
    matrix = with_sips(paper, ONE_COLUMN, sips_of, pots(12))
    for run in runs(matrix):
        assert run.job is not None
        path = run.job.folder / "samples.parquet"
        frame = pd.read_parquet(path)
        frame.assign(cluster=frame["cluster"].astype(str).astype("category")).to_parquet(path)
    assert "60 sips in 12 pots" in rendered(matrix)


def test_a_rank_waits_for_its_rivals(paper: Paper) -> None:
    text = ONE_COLUMN + "      - {label: rank, rank: [cup]}\n"
    matrix = paper.tables(text)
    finish_all(matrix, lambda run: SCORES[run.row])
    steeped = next(run.job for run in runs(matrix) if run.row == "steeped")
    assert steeped is not None
    (steeped.folder / "result.json").unlink()
    assert grids(rendered(matrix, is_partial=True))[0]["plain"]["rank"] == "pending"


def test_a_ratio_has_no_test(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    text = ONE_COLUMN.replace("metric: flavour", "metric: flavour\n    seeds: [100, 101, 102]")
    text += "      - {label: blue, with: {cup.colour: blue}}\n      - {label: share, ratio: [blue, cup]}\n"
    matrix = paper.tables(text)
    finish_all(matrix, lambda run: SCORES[run.row] + 0.01 * ((run.seed or 0) - 100))
    assert main(["explain", "cups", "black", "share"]) == 0
    assert "no test for what is derived so" in capsys.readouterr().out
    assert {row["low"] for row in rows(rendered(matrix, "csv")) if row["column"] == "share"} == {""}


def test_two_cells_without_results_are_not_said_to_be_made_alike(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    paper.tables(ONE_COLUMN)
    assert main(["explain", "cups", "plain", "cup", "--against", "black"]) == 0
    out = capsys.readouterr().out
    assert "made by   unknown" in out
    assert "machine" not in out
