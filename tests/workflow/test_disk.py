"""Checkpoints that go after their last user: the leaves that the paper about tea dries."""

import re

import pytest

from tests.workflow.snake import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture
def workspace(workspace: Workspace) -> Workspace:
    stages = (
        ("dry: {", "dry: {checkpoint: [leaves.csv], "),
        ("steep: {", "steep: {checkpoint: [leaves.csv], "),
    )
    workspace.edit("config/stages.yaml", *stages)
    return workspace


def leaves(workspace: Workspace) -> int:
    return len(list(workspace.folder.glob("results/jobs/*/*/leaves.csv")))


def test_results_stay_valid_and_what_needs_a_checkpoint_says_what_to_rerun(workspace: Workspace) -> None:
    table, before = workspace.rows("cups"), workspace.runs()
    assert leaves(workspace) == 3
    workspace.papermatrix("prune", "--yes", "--config", "keep=needed")
    assert leaves(workspace) == 0
    assert workspace.plan() == {}
    workspace.papermatrix("check")
    assert "leaves.csv (" in (explained := workspace.papermatrix("explain", "cups", "plain", "blue cup"))
    assert ", removed)" in explained

    (steeping,) = workspace.folder.glob("results/jobs/steep/*/result.json")
    workspace.snakemake("--cores", "1", "--forcerun", str(steeping.relative_to(workspace.folder)))
    assert (workspace.runs() - before, workspace.rows("cups")) == ({}, table)

    column = "    columns:\n      - {label: red cup, with: {cup.colour: red}}"
    workspace.edit("config/tables.yaml", ("    columns:", column))
    output = workspace.papermatrix("run", "cups", "steeped", "red cup", "--cores", "1", fails=True)
    assert workspace.runs() == before
    (steep,) = set(re.findall(r"leaves.csv: was removed; make it again: papermatrix (rerun [\w-]+)", output))
    workspace.papermatrix(*steep.split(), "--cores", "1")
    assert workspace.runs() - before == {"dry": 1, "steep": 1}
    made = workspace.papermatrix("run", "cups", "steeped", "red cup", "--cores", "1")
    assert re.search(r"^cups, steeped, red cup: 0\.\d+$", made, re.MULTILINE)
    refused = workspace.papermatrix(*steep.split(), fails=True)
    assert "has its result with all its files; to run it again, remove results/jobs/steep/" in refused


def test_a_run_that_succeeds_keeps_what_is_needed_alone_where_that_is_declared(workspace: Workspace) -> None:
    column = "    columns:\n      - {label: red cup, with: {cup.colour: red}}"
    workspace.edit("config/tables.yaml", ("    columns:", column))
    workspace.snakemake("--cores", "2")
    assert leaves(workspace) == 3
    workspace.edit("config/config.yaml", ("scale: small", "scale: small\nkeep: needed"))
    workspace.edit("config/tables.yaml", ("leaf.kind: black}", "leaf.kind: black, leaf.grams: 2}"))
    workspace.papermatrix("run", "cups", "black", "red cup", "--cores", "2")
    assert leaves(workspace) == 2
    output = workspace.snakemake("--cores", "2")
    assert leaves(workspace) == 1
    assert output.count("leaves.csv: keep: needed, and the") == 1
    assert workspace.plan() == {}
