"""Jobs whose process dies by a signal, under Snakemake: which one is said, and it is not tried for ever."""

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.conftest import copy_of
from tests.workflow.snake import Workspace


@pytest.fixture
def workspace(tea: Path, tmp_path: Path) -> Workspace:
    """Return a paper with one new job, whose process dies as the file `kill` says."""
    workspace = copy_of(tea, tmp_path)
    workspace.edit("config/tables.yaml", ("{label: blue cup, with: {cup.colour: blue}}", "label: blue cup"))
    workspace.edit("config/tables.yaml", ("{leaf.kind: black}", "{leaf.grams: 5}"))
    kill_by(workspace, signal.SIGABRT)
    return workspace


def kill_by(workspace: Workspace, number: signal.Signals) -> None:
    (workspace.folder / "kill").write_text(str(int(number)))


def failure(workspace: Workspace) -> Any:
    (path,) = workspace.folder.glob("results/jobs/dry/*/failure.json")
    return json.loads(path.read_text())


@pytest.mark.slow
def test_status_and_table_say_which_signal_killed_a_job(workspace: Workspace) -> None:
    workspace.snakemake("--cores", "1", fails=True)
    assert re.search(
        "failed: dry .*, killed by SIGABRT, .*see results/jobs/dry/", workspace.papermatrix("status")
    )
    html = (workspace.folder / "results/partial/cups.html").read_text()
    assert "killed by SIGABRT" in html
    assert (failure(workspace)["signal"], failure(workspace)["exit_code"]) == ("SIGABRT", 134)


@pytest.mark.slow
def test_a_job_that_crashed_three_times_refuses_to_until_it_is_told_to_or_its_source_changes(
    workspace: Workspace,
) -> None:
    before = workspace.runs()
    output = workspace.snakemake("--cores", "1", "--retries", "4", fails=True)
    assert workspace.runs() - before == {"dry": 3}
    assert "killed by SIGABRT 3 times in a row by the same source" in output
    assert failure(workspace)["crashes"] == 3
    assert "killed by SIGABRT" in workspace.papermatrix("status")

    (path,) = workspace.folder.glob("results/jobs/dry/*/failure.json")
    path.unlink()
    workspace.snakemake("--cores", "1", fails=True)
    assert failure(workspace)["crashes"] == 1

    (workspace.folder / "kill").unlink()
    workspace.snakemake("--cores", "1")
    assert not list(workspace.folder.glob("results/jobs/*/*/failure.json"))
    assert "killed" not in workspace.papermatrix("status")


@pytest.mark.slow
def test_a_job_that_is_killed_from_outside_is_tried_again(workspace: Workspace) -> None:
    kill_by(workspace, signal.SIGKILL)
    before = workspace.runs()
    workspace.snakemake("--cores", "1", "--retries", "4", fails=True)
    assert workspace.runs() - before == {"dry": 5}
    assert (failure(workspace)["signal"], failure(workspace)["crashes"]) == ("SIGKILL", 0)
