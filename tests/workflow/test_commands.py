"""What the command line says of jobs that Snakemake really ran, and of those that are running."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.workflow.snake import Workspace


def as_json(workspace: Workspace, *arguments: str) -> Any:
    return json.loads(workspace.papermatrix(*arguments, "--json"))


@contextmanager
def at_work(workspace: Workspace) -> Iterator[None]:
    """Run Snakemake on a row of 11 g, whose drying takes a minute; kill it with its job afterwards."""
    workspace.edit("config/tables.yaml", ("{leaf.kind: black}", "{leaf.grams: 11}"))
    with workspace.killed_while_slow("snakemake", "--cores", "1"):
        yield


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
    assert 0 <= total["seconds"]["low"] <= total["seconds"]["likely"] <= total["seconds"]["high"] < 60


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


def test_a_job_that_was_killed_has_failed(workspace: Workspace) -> None:
    with at_work(workspace):
        pass
    deadline = time.monotonic() + 30
    while (status := as_json(workspace, "status"))["total"]["running"]:
        assert time.monotonic() < deadline
    assert status["total"]["failed"] == 1
    (log,) = status["failed"].values()
    assert (workspace.folder / log).exists()
