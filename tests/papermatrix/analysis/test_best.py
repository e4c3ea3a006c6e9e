"""What is in bold: the best of a column, and what a paired test cannot tell from it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from scipy import stats

from jobkit.result import Cost
from papermatrix.matrix.expand import Matrix
from tests.papermatrix.analysis.sampled import ONE_COLUMN, write_samples
from tests.papermatrix.rendered import grids, rendered
from tests.papermatrix.tea import CellRun, Paper, finish, finish_all, runs

SEEDS = ONE_COLUMN.replace("metric: flavour", "metric: flavour\n    seeds: [100, 101, 102]")
KINDLESS = """
scores: taste
stages:
  dry: {uses: [leaf, seed], slug: "{{ leaf.kind }}"}
  steep: {needs: dry, uses: [steep], when: {steep.enabled: true}}
  taste: {needs: steep, uses: [cup]}
"""


@pytest.fixture(autouse=True)
def _kinds_are_compared(paper: Paper) -> None:
    """Drop the kind of leaf from the lines above the table: rows of different kinds are compared."""
    paper.write("config/stages.yaml", KINDLESS)


def with_seeds(paper: Paper, text: str, **values: Sequence[float]) -> Matrix:
    """Give each row its flavours for seeds 100, 101, 102."""
    matrix = paper.tables(text)
    finish_all(matrix, lambda cell: values[cell.row][(cell.seed or 0) - 100])
    return matrix


def with_samples(
    paper: Paper, text: str = ONE_COLUMN, *, cluster: object = None, **sips: Sequence[float]
) -> Matrix:
    matrix = paper.tables(text)
    finish_all(matrix, lambda cell: float(np.mean(sips[cell.row])))
    clusters = {} if cluster is None else {"cluster": cluster}
    for cell in runs(matrix):
        if cell.job and cell.metric and cell.metric.stage == "taste":
            write_samples(cell.job, sips[cell.row], **clusters)
    return matrix


def bold(matrix: Matrix, column: str = "cup") -> set[str]:
    """Return the rows in bold."""
    grid = grids(rendered(matrix))[0]
    return {row for row, cells in grid.items() if cells[column].startswith("**")}


def said(matrix: Matrix) -> str:
    """Return the notes under our table, on one line."""
    return rendered(matrix).rpartition("|")[2].replace("\n", " ")


def test_what_is_worse_by_every_seed_alike_is_not_bold(paper: Paper) -> None:
    matrix = with_seeds(
        paper, SEEDS, plain=[0.70, 0.80, 0.90], black=[0.60, 0.71, 0.80], steeped=[0.69, 0.85, 0.84]
    )
    assert bold(matrix) == {"plain", "steeped"}
    assert (
        "Bold: the best of a column and what is not significantly worse, each tested against the best by"
        " a paired t-test over 3 seeds (do the methods differ, trained again, on the same data?)."
        " Two-sided, alpha 0.05, corrected for the number of rivals (Holm); the best was picked by the same"
        " numbers, which is not corrected for."
    ) in said(matrix)


def test_the_test_over_seeds_is_the_paired_one(paper: Paper) -> None:
    best, other = [0.71, 0.80, 0.93], [0.66, 0.79, 0.90]
    assert 0.05 < stats.ttest_rel(best, other).pvalue < stats.ttest_ind(best, other).pvalue
    assert bold(with_seeds(paper, SEEDS, plain=best, black=other, steeped=[0, 0.1, 0.2])) == {
        "plain",
        "black",
    }
    best, other = [0.71, 0.80, 0.93], [0.68, 0.77, 0.8999]
    assert stats.ttest_rel(best, other).pvalue < 0.05 < stats.ttest_ind(best, other).pvalue
    assert bold(with_seeds(paper, SEEDS, plain=best, black=other, steeped=[0, 0.1, 0.2])) == {"plain"}


def test_equal_rows_are_bold_together(paper: Paper) -> None:
    same = [0.5, 0.6, 0.7]
    assert bold(with_seeds(paper, SEEDS, plain=same, black=same, steeped=[0.1, 0.2, 0.3])) == {
        "plain",
        "black",
    }


def test_with_one_seed_the_signs_of_clusters_are_flipped(paper: Paper) -> None:
    random = np.random.default_rng(0)
    clusters = np.repeat(np.arange(12), 10)
    plain = random.normal(0.5, 0.1, 120)
    black = plain - np.repeat(0.03 + 0.07 * np.sin(np.arange(12)), 10)
    steeped = plain - 0.04
    by_sample = stats.wilcoxon(plain - black).pvalue
    sums = (plain - black).reshape(12, 10).sum(axis=1)
    flips = stats.permutation_test((sums,), np.sum, permutation_type="samples", n_resamples=5000)
    assert by_sample < 0.01 < 0.05 < flips.pvalue
    sips = {"plain": list(plain), "black": list(black), "steeped": list(steeped)}
    matrix = with_samples(paper, **sips, cluster=clusters)
    assert bold(matrix) == {"plain", "black"}
    assert "120 samples in 12 clusters" in rendered(matrix)
    assert (
        "by a sign-flip permutation test over 12 clusters (do these trainings differ on other clusters?)."
    ) in said(matrix)


def test_a_part_of_the_samples_is_tested_where_the_metric_names_it(paper: Paper) -> None:
    matrix = paper.tables(ONE_COLUMN.replace("metric: flavour", "metric: flavour.cold"))
    hot, part = [0.9] * 20, ["hot"] * 20 + ["cold"] * 10
    cold = {"plain": 0.5, "black": 0.4, "steeped": 0.5}
    for job in matrix.jobs.values():
        finish(job)
    for cell in runs(matrix):
        assert cell.job is not None
        finish(cell.job, {"flavour": {"overall": 0.7, "cold": cold[cell.row]}})
        write_samples(cell.job, hot + [cold[cell.row]] * 10, part=part)
    assert bold(matrix) == {"plain", "steeped"}
    assert "10 samples, taken as independent" in said(matrix)


def test_a_column_of_samples_may_be_named_in_full(paper: Paper) -> None:
    matrix = paper.tables(ONE_COLUMN.replace("metric: flavour", "metric: flavour.sip2"))
    for job in matrix.jobs.values():
        finish(job)
    for cell in runs(matrix):
        assert cell.job is not None
        value = 0.9 if cell.row == "steeped" else 0.8
        finish(cell.job, {"flavour": {"overall": 0.7, "sip2": value}})
        write_samples(cell.job, [0.7] * 8, **{"flavour.sip2": [value] * 8})
    assert bold(matrix) == {"steeped"}


def test_without_seeds_or_samples_the_best_is_bold_without_a_test_and_that_is_said(paper: Paper) -> None:
    matrix = paper.tables(ONE_COLUMN)
    finish_all(matrix, lambda cell: len(cell.row))
    assert bold(matrix) == {"steeped"}
    assert "Bold without a test of significance: the best of cup." in said(matrix)


def test_what_is_best_has_to_be_said(paper: Paper) -> None:
    matrix = paper.tables(ONE_COLUMN.replace("    better: higher\n", ""))
    finish_all(matrix, lambda cell: len(cell.row))
    assert bold(matrix) == set()
    assert "No best is in bold where nothing says whether higher or lower is better: cup." in said(matrix)
    matrix = paper.tables(ONE_COLUMN.replace("better: higher", "better: none"))
    assert bold(matrix) == set()
    assert "old" not in said(matrix)


def write_text(path: Path) -> None:
    path.write_text("not parquet")


def write_lists(path: Path) -> None:
    pd.DataFrame({"sample": [[1], [2]], "flavour": [0.5, 0.5]}).to_parquet(path)


def write_odd_metadata(path: Path) -> None:
    table = pa.table({"sample": ["1", "2"], "flavour": [np.inf, 0.5]})
    parquet.write_table(table.replace_schema_metadata({"pandas": '{"index_columns": [{}]}'}), path)


@pytest.mark.parametrize("write", [write_text, write_lists, write_odd_metadata])
def test_broken_samples_are_as_good_as_none(write: Callable[[Path], None], paper: Paper) -> None:
    matrix = with_samples(paper, plain=[0.5] * 9, black=[0.4] * 9, steeped=[0.3] * 9)
    job = runs(matrix)[1].job
    assert job is not None
    write(job.folder / "samples.parquet")
    assert bold(matrix) == {"plain"}
    reason = "neither scores by sample nor 3 seeds of both are there"
    assert f"Not tested against the best, since {reason}: cup (black)." in said(matrix)


def test_numbers_of_other_data_are_not_tested(paper: Paper) -> None:
    matrix = with_samples(paper, plain=[0.5] * 9, black=[0.5] * 9, steeped=[0.3] * 9)
    for cell in runs(matrix):
        assert cell.job is not None
        digest = "0123" if cell.row == "plain" else "4567"
        finish(cell.job, {"flavour": 0.6 if cell.row == "plain" else 0.3}, provenance={"data_digest": digest})
    assert bold(matrix) == set()


def test_lower_may_be_better(paper: Paper) -> None:
    text = SEEDS.replace("better: higher", "better: lower")
    matrix = with_seeds(paper, text, plain=[0.7, 0.8, 0.9], black=[0.6, 0.71, 0.8], steeped=[0.1, 0.21, 0.3])
    assert bold(matrix) == {"steeped"}


def test_a_cost_has_a_best_only_where_its_column_says_which(paper: Paper) -> None:
    text = ONE_COLUMN.replace("    better: higher\n", "")
    text += "      - {label: hours, metric: dry.cost.device_hours}\n"
    matrix = with_samples(paper, text, plain=[0.5] * 9, black=[0.4] * 9, steeped=[0.3] * 9)
    assert bold(matrix, "hours") == set()
    text = text.replace("device_hours}", "device_hours, better: lower}")
    matrix = with_samples(paper, text, plain=[0.5] * 9, black=[0.4] * 9, steeped=[0.3] * 9)
    dried: list[CellRun] = [cell for cell in runs(matrix) if cell.column == "hours"]
    assert dried[1].job is not None
    finish(dried[1].job, cost=Cost(device_hours=0.25))
    assert bold(matrix, "hours") == {"black"}
    assert "Bold without a test of significance: the best of hours." in said(matrix)


def test_each_variant_has_its_best(paper: Paper) -> None:
    variants = (
        "    variants: [{label: red, with: {cup.colour: red}}, {label: blue, with: {cup.colour: blue}}]\n"
    )
    matrix = paper.tables(SEEDS + variants)
    best = {"red": "plain", "blue": "black"}
    finish_all(
        matrix,
        lambda cell: (0.9 if best[cell.variant or ""] == cell.row else 0.1) + 0.01 * ((cell.seed or 0) - 100),
    )
    grid = grids(rendered(matrix))[0]
    assert grid["plain"]["cup"] == "**0.9100 ± 0.0100** / 0.1100 ± 0.0100"
    assert grid["black"]["cup"] == "0.1100 ± 0.0100 / **0.9100 ± 0.0100**"
    assert "the best of a column and variant" in said(matrix)


def test_cited_numbers_take_no_part(paper: Paper) -> None:
    text = SEEDS.replace("- label: plain", "- {label: plain, values: {cup: 0.99}}")
    matrix = with_seeds(paper, text, black=[0.6, 0.7, 0.8], steeped=[0.1, 0.21, 0.3])
    assert bold(matrix) == {"black"}


def test_a_table_may_have_no_bold_at_all(paper: Paper) -> None:
    matrix = with_samples(
        paper,
        ONE_COLUMN.replace("title: Tea", "title: Tea\n    best: false"),
        plain=[0.5] * 9,
        black=[0.4] * 9,
        steeped=[0.3] * 9,
    )
    assert bold(matrix) == set()
    assert "old" not in said(matrix)


@pytest.mark.parametrize(("table_format", "words"), [("tex", r"\textbf{0.5000}"), ("html", "<b>0.5000</b>")])
def test_every_format_has_its_bold(paper: Paper, table_format: str, words: str) -> None:
    matrix = with_samples(paper, plain=[0.5] * 9, black=[0.4] * 9, steeped=[0.3] * 9)
    assert words in rendered(matrix, table_format)
    assert rendered(matrix, table_format).count(words[:6]) == 1


def test_one_value_for_all_variants_is_bold_only_where_it_is_best_in_each(paper: Paper) -> None:
    matrix = paper.tables("""
tables:
  cups:
    title: Tea
    metric: flavour
    rows:
      - label: plain
      - {label: steeped, with: {steep.enabled: true}}
    columns:
      - {label: cup, better: higher}
    variants:
      - {label: short, with: {steep.minutes: 1}}
      - {label: long, with: {steep.minutes: 9}}
""")
    steeped = {"short": 0.4, "long": 0.6}
    finish_all(matrix, lambda cell: steeped[cell.variant or ""] if cell.row == "steeped" else 0.5)
    cells = grids(rendered(matrix))[0]
    assert (cells["plain"]["cup"], cells["steeped"]["cup"]) == ("0.5000", "0.4000 / **0.6000**")
    finish_all(matrix, lambda cell: steeped[cell.variant or ""] if cell.row == "steeped" else 0.7)
    assert grids(rendered(matrix))[0]["plain"]["cup"] == "**0.7000**"
