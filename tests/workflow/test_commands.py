"""What the command line says of jobs that Snakemake really ran, and of those that are running."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.workflow.snake import Workspace

pytestmark = pytest.mark.slow


def as_json(workspace: Workspace, *arguments: str) -> Any:
    return json.loads(workspace.papermatrix(*arguments, "--json"))


@contextmanager
def at_work(workspace: Workspace) -> Iterator[int]:
    """Run Snakemake on a row of 11 g, whose drying takes a minute; kill it with its job afterwards."""
    workspace.edit("config/tables.yaml", ("{leaf.kind: black}", "{leaf.grams: 11}"))
    with workspace.killed_while_slow("snakemake", "--cores", "1") as group:
        yield group


def test_a_number_is_explained_by_the_jobs_that_ran(workspace: Workspace) -> None:
    explanation = as_json(workspace, "explain", "cups", "steeped", "blue cup")
    assert explanation["value"] == pytest.approx(float(workspace.rows("cups")["steeped"][1]), abs=1e-4)
    assert [job["stage"] for job in explanation["jobs"]] == ["dry", "steep", "taste"]
    for job in explanation["jobs"]:
        folder = workspace.folder / job["folder"]
        assert job["provenance"] == json.loads((folder / "result.json").read_text())["provenance"]
        assert {"commit", "dirty", "source", "versions", "started", "ended"} <= set(job["provenance"])
        assert all((folder / name).stat().st_size == size for name, size in job["files"].items())
    assert explanation["jobs"][1]["settings"] == {"steep.enabled": True}


def test_what_ran_is_the_history_of_what_will(workspace: Workspace) -> None:
    row = "      - {label: strong, with: {leaf.grams: 4}}\n    columns:"
    workspace.edit("config/tables.yaml", ("    columns:", row))
    total = as_json(workspace, "estimate")["total"]
    assert total["jobs"] == 3
    assert total["without_history"] == {}
    measured = [
        float(path.read_text().splitlines()[1].split()[0])
        for path in workspace.folder.glob("results/jobs/*/*/benchmark.tsv")
    ]
    assert 3 * min(measured) <= total["seconds"]["likely"] <= 3 * max(measured)
    assert total["bytes"]["likely"] > 0


def test_a_table_shows_its_marks_while_jobs_run(workspace: Workspace) -> None:
    with at_work(workspace):
        cups = as_json(workspace, "status")["tables"]["cups"]
        workspace.papermatrix("render", "--partial", "cups")
        explained = as_json(workspace, "explain", "cups", "black", "white cup")
    assert (cups["running"], cups["pending"], cups["done"]) == (1, 2, 6)
    assert cups["arrival"] is not None
    assert [job["state"] for job in explained["jobs"]] == ["running", "pending"]
    partial = (workspace.folder / "results/partial/cups.md").read_text()
    (row,) = (line for line in partial.splitlines() if line.startswith("| black"))
    assert [cell.strip() for cell in row.strip("|").split("|")] == ["black", "running", "running"]


def once_nothing_runs(workspace: Workspace) -> Any:
    deadline = time.monotonic() + 30
    while (status := as_json(workspace, "status"))["total"]["running"]:
        assert time.monotonic() < deadline
    return status


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_job_that_is_stopped_is_interrupted_and_says_how_far_it_was(
    workspace: Workspace, number: signal.Signals
) -> None:
    with at_work(workspace) as group:
        running = workspace.papermatrix("status")
        os.killpg(group, number)
        status = once_nothing_runs(workspace)
    assert re.search(r"^running: dry \S+, day 3 of 50, [\d,]+ leaves/s, \d+ s to go$", running, re.MULTILINE)
    assert (status["total"]["interrupted"], status["total"]["failed"]) == (1, 0)
    assert [position["done"] for position in status["interrupted"].values()] == [2.4]
    said = workspace.papermatrix("check", fails=True)
    assert "cups, black, white cup, seed 100: interrupted (day 3 of 50), " in said
    workspace.papermatrix("render", "--partial", "cups")
    assert workspace.rows("partial/cups")["black"] == ["interrupted (day 3 of 50)"] * 2


def test_a_job_whose_process_still_imports_runs_until_it_is_killed(workspace: Workspace) -> None:
    (workspace.folder / "import_slowly").touch()
    with at_work(workspace):
        (job,) = as_json(workspace, "status")["running"]
        assert not (workspace.folder / f"results/jobs/dry/{job}/.lock").exists()
        assert f"running: dry {job}, starting\n" in workspace.papermatrix("status")
    status = once_nothing_runs(workspace)
    assert (status["total"]["interrupted"], status["total"]["failed"]) == (1, 0)


def test_a_failure_quotes_what_its_log_says_everywhere(workspace: Workspace) -> None:
    workspace.edit("config/tables.yaml", ("{leaf.kind: black}", "{leaf.grams: 13}"))
    workspace.snakemake("--cores", "1", fails=True)
    status = as_json(workspace, "status")
    assert (status["total"]["failed"], status["total"]["interrupted"]) == (1, 0)
    (log,) = status["failed"].values()
    said = f'"the leaves burn", see {log}'
    assert f"{said}\n" in workspace.papermatrix("status")
    assert f"cups, black, white cup, seed 100: failed, {said}\n" in workspace.papermatrix("check", fails=True)
    html = (workspace.folder / "results/partial/cups.html").read_text()
    assert f"failed: &#34;the leaves burn&#34;, see {log}" in html
