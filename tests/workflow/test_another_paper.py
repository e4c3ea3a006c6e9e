"""Another paper brings its science and its rules; its jobs really run."""

import re
import shutil

import pytest
import yaml

from tests.papermatrix.tea import TABLES
from tests.workflow.snake import Workspace


def last_lines(output: str) -> list[str]:
    """Return what Snakemake printed after it began to build its graph."""
    return output.partition("Building DAG of jobs...\n")[2].splitlines()


def test_every_job_runs_once(workspace: Workspace) -> None:
    assert workspace.runs() == {"dry": 2, "steep": 1, "taste": 6}
    assert set(workspace.rows("cups")) >= {"plain", "black", "steeped"}
    plain, blue = map(float, workspace.rows("cups")["plain"])
    assert 0 < plain < blue < 1


def test_a_second_call_does_nothing(workspace: Workspace) -> None:
    assert "Nothing to be done" in workspace.snakemake("--cores", "1")


def test_other_spellings_of_the_same_settings_plan_nothing(workspace: Workspace) -> None:
    workspace.edit(
        "config/tables.yaml",
        ("with: {leaf.kind: black}", "with: {leaf: {kind: black, grams: 1.0}}"),
    )
    assert set(workspace.plan()) <= {"table", "all"}


def test_the_order_of_keys_and_comments_plan_nothing(workspace: Workspace) -> None:
    path = workspace.folder / "config/tables.yaml"
    path.write_text("# a comment\n" + yaml.safe_dump(yaml.safe_load(path.read_text()), sort_keys=True))
    assert workspace.plan() == {}


def test_a_label_is_rendered_again_and_nothing_else_runs(workspace: Workspace) -> None:
    before = workspace.runs()
    workspace.edit("config/tables.yaml", ("label: plain", "label: ordinary"))
    output = workspace.snakemake("--cores", "1")
    assert workspace.runs() == before
    assert "ordinary" in workspace.rows("cups")
    # Of the parameters, Snakemake prints those parts of the fingerprint that have changed.
    (reason,) = (line for line in output.splitlines() if "Params have changed" in line)
    assert re.findall(r"\w+:[0-9a-f]{8}", reason) == re.findall(r"(?:declared|cells):[0-9a-f]{8}", reason)
    assert len(reason) < 250


def test_a_new_row_runs_only_its_own_jobs(workspace: Workspace) -> None:
    before = workspace.runs()
    row = "      - {label: strong, with: {leaf.grams: 4}}\n    columns:"
    workspace.edit("config/tables.yaml", ("    columns:", row))
    workspace.snakemake("--cores", "2")
    assert workspace.runs() - before == {"dry": 1, "taste": 2}
    assert "strong" in workspace.rows("cups")


def test_a_diverged_run_is_a_result_and_the_table_says_so(workspace: Workspace) -> None:
    workspace.edit("config/tables.yaml", ("{steep.enabled: true}", "{steep: {enabled: true, minutes: 99}}"))
    before = workspace.runs()
    workspace.snakemake("--cores", "2")
    assert workspace.runs() - before == {"steep": 1}
    assert workspace.rows("cups")["steeped"] == ["diverged (epoch 60)"] * 2


def test_a_failed_job_shows_its_one_good_line_once_and_the_rest_runs(workspace: Workspace) -> None:
    workspace.edit("config/tables.yaml", ("{leaf.kind: black}", "{leaf.grams: 13}"))
    workspace.edit("config/tables.yaml", ("{steep.enabled: true}", "{leaf.grams: 6}"))
    before = workspace.runs()
    output = workspace.snakemake("--cores", "1", "--keep-going", fails=True)
    (line,) = (line for line in output.splitlines() if "the leaves burn" in line)
    assert re.fullmatch(r'dry (\S+) failed: "the leaves burn", see results/jobs/dry/\1/log.txt', line)
    assert not re.search(r"--settings|RuleException|Traceback|Cannot restore", output)
    assert workspace.runs() - before == {"dry": 2, "taste": 2}


@pytest.mark.slow
def test_after_a_kill_the_same_command_resumes(workspace: Workspace) -> None:
    workspace.edit("config/tables.yaml", ("{leaf.kind: black}", "{leaf.grams: 11}"))
    with workspace.killed_while_slow("snakemake", "--cores", "1"):
        pass
    workspace.snakemake("--cores", "1")
    assert all(0 < float(value) < 1 for value in workspace.rows("cups")["black"])


@pytest.mark.slow
def test_another_scale_has_tables_of_its_own(workspace: Workspace) -> None:
    (workspace.folder / "config/scales/large.yaml").write_text("leaf.grams: 7\n")
    small, large = (workspace.folder / name for name in ("results/cups.md", "results/large/cups.md"))
    before = small.read_bytes()
    workspace.snakemake("--cores", "2", "--config", "scale=large")
    assert small.read_bytes() == before
    assert "- scale: large" in large.read_text()
    assert workspace.plan() == workspace.plan("--config", "scale=large") == {}


def test_a_table_of_another_scale_is_refused_in_one_line(workspace: Workspace) -> None:
    (workspace.folder / "config/scales/large.yaml").write_text("leaf.grams: 7\n")
    before = sorted((workspace.folder / "results").rglob("*"))
    output = workspace.snakemake("--cores", "1", "results/cups.md", "--config", "scale=large", fails=True)
    assert last_lines(output) == [
        "error: results/cups.md is of scale small: give --config scale=small, or ask for"
        " results/large/cups.md, of scale large"
    ]
    output = workspace.snakemake("--cores", "1", "results/large/cups.csv", fails=True)
    assert last_lines(output) == [
        "error: results/large/cups.csv is of scale large: give --config scale=large, or ask for"
        " results/cups.csv, of scale small"
    ]
    assert sorted((workspace.folder / "results").rglob("*")) == before


@pytest.mark.slow
def test_a_result_that_is_gone_is_made_again_and_its_table_rendered_once(workspace: Workspace) -> None:
    before, shown = workspace.runs(), sorted((workspace.folder / "results/jobs/taste").iterdir())
    for _ in range(2):
        shutil.rmtree(shown[0])
        assert "pending" in workspace.papermatrix("check", fails=True)
        assert workspace.plan("results/cups.md") == {"taste": 1, "table": 1}
        workspace.snakemake("--cores", "1", "results/cups.md")
        assert workspace.plan() == {}
    assert workspace.runs() - before == {"taste": 2}


@pytest.mark.slow
def test_an_upstream_result_that_is_gone_leaves_the_table_as_it_is(workspace: Workspace) -> None:
    shutil.rmtree(workspace.folder / "results/jobs/dry")
    assert workspace.plan() == {}


def test_only_the_table_asked_for_is_made(workspace: Workspace) -> None:
    other = TABLES.partition("\n")[2].replace("cups:", "mugs:").replace("blue", "red")
    path = workspace.folder / "config/tables.yaml"
    path.write_text(path.read_text() + other.partition("\n")[2])
    assert workspace.plan("results/cups.md") == {}
    assert workspace.plan("results/mugs.md") == {"taste": 3, "table": 1}
