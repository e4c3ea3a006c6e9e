"""Another paper brings its science and its rules; its jobs really run."""

import pytest
import yaml

from tests.papermatrix.tea import TABLES
from tests.workflow.snake import Workspace


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
    workspace.snakemake("--cores", "1")
    assert workspace.runs() == before
    assert "ordinary" in workspace.rows("cups")


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


def test_a_failed_job_shows_its_log_and_the_rest_runs(workspace: Workspace) -> None:
    workspace.edit("config/tables.yaml", ("{leaf.kind: black}", "{leaf.grams: 13}"))
    workspace.edit("config/tables.yaml", ("{steep.enabled: true}", "{leaf.grams: 6}"))
    before = workspace.runs()
    output = workspace.snakemake("--cores", "1", "--keep-going", fails=True)
    assert "the leaves burn" in output
    assert workspace.runs() - before == {"dry": 2, "taste": 2}


def test_after_a_kill_the_same_command_resumes(workspace: Workspace) -> None:
    workspace.edit("config/tables.yaml", ("{leaf.kind: black}", "{leaf.grams: 11}"))
    with workspace.killed_while_slow("snakemake", "--cores", "1"):
        pass
    workspace.snakemake("--cores", "1")
    assert all(0 < float(value) < 1 for value in workspace.rows("cups")["black"])


@pytest.mark.slow
def test_another_scale_leaves_the_results_of_the_first_in_place(workspace: Workspace) -> None:
    (workspace.folder / "config/scales/large.yaml").write_text("leaf.grams: 7\n")
    workspace.snakemake("--cores", "2", "--config", "scale=large")
    assert "- scale: large" in (workspace.folder / "results/cups.md").read_text()
    before = workspace.runs()
    workspace.snakemake("--cores", "2")
    assert workspace.runs() == before
    assert "- scale: small" in (workspace.folder / "results/cups.md").read_text()


def test_only_the_table_asked_for_is_made(workspace: Workspace) -> None:
    other = TABLES.partition("\n")[2].replace("cups:", "mugs:").replace("blue", "red")
    path = workspace.folder / "config/tables.yaml"
    path.write_text(path.read_text() + other.partition("\n")[2])
    assert workspace.plan("results/cups.md") == {}
    assert workspace.plan("results/mugs.md") == {"taste": 3, "table": 1}
