"""The project's own workflow: what Snakemake plans for Table III, and what an edit makes it plan."""

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from jobkit.result import Result, write_result
from papermatrix.matrix.expand import load_matrix
from tests.workflow.snake import Workspace

PARTS = ("Snakefile", "config", "workflow", "profiles")
PROVENANCE = {
    "data": "simulated (seed 0)",
    "data_digest": "0123456789abcdef",
    "commit": "fedcba9876543210",
    "dirty": True,
}


def finish_jobs(folder: Path) -> None:
    """Write a result for every job that the tables need."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        for job in load_matrix().jobs.values():
            job.folder.mkdir(parents=True, exist_ok=True)
            write_result(
                job.folder,
                Result(job.stage, job.id, scores={"dba": {"overall": 0.5}}, provenance=PROVENANCE),
            )
    finally:
        os.chdir(before)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with Table III alone, where every job has a result and the table is rendered."""
    workspace = Workspace(tmp_path_factory.mktemp("finished"), parts=PARTS)
    workspace.edit("config/config.yaml", ("paper: config/paper.yaml\n", ""))
    path = workspace.folder / "config/tables.yaml"
    table = yaml.safe_load(path.read_text())["tables"]["table3"]
    path.write_text(yaml.safe_dump({"tables": {"table3": table}}, sort_keys=False))
    finish_jobs(workspace.folder)
    workspace.snakemake("--cores", "1")
    return workspace.folder


@pytest.fixture
def workspace(finished: Path, tmp_path: Path) -> Workspace:
    """Return a copy of `finished`, with the times of its files."""
    shutil.copytree(finished, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Workspace(tmp_path, parts=())


def test_table_3_needs_two_trainings_four_rebuildings_and_20_evaluations(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, parts=PARTS)
    assert workspace.plan("results/table3.md") == {
        "simulate": 1,
        "prepare": 1,
        "train": 2,
        "rebuild": 4,
        "evaluate": 20,
        "table": 1,
    }


def test_the_default_profile_is_found_without_a_flag(workspace: Workspace) -> None:
    assert "Using workflow specific profile profiles/default" in workspace.snakemake("--dry-run")


def test_a_second_call_does_nothing(workspace: Workspace) -> None:
    assert "Nothing to be done" in workspace.snakemake("--cores", "1")


def test_comments_and_the_order_of_keys_plan_nothing(workspace: Workspace) -> None:
    path = workspace.folder / "config/tables.yaml"
    content = yaml.safe_load(path.read_text())
    path.write_text("# another comment\n" + yaml.safe_dump(content, sort_keys=True))
    assert workspace.plan() == {}


def test_labels_and_the_title_plan_only_rendering(workspace: Workspace) -> None:
    workspace.edit(
        "config/tables.yaml",
        ("title: Performance with missing modalities", "title: Missing modalities"),
        ("label: Image missing", "label: No image"),
        ("label: zerolike", "label: zeros"),
    )
    workspace.edit("config/reported.yaml", ("Image missing:", "No image:"))
    assert workspace.plan() == {"table": 1, "all": 1}


def test_a_reported_number_plans_only_rendering(workspace: Workspace) -> None:
    workspace.edit("config/reported.yaml", ("0.2695", "0.2696"))
    assert workspace.plan() == {"table": 1, "all": 1}


def test_a_new_row_plans_only_its_own_jobs(workspace: Workspace) -> None:
    row = "    - {label: 'ours, one layer more', with: {model.layers: 2}}\n    columns:"
    workspace.edit("config/tables.yaml", ("    columns:", row))
    assert workspace.plan() == {"train": 1, "evaluate": 8, "table": 1, "all": 1}


def test_another_device_plans_nothing(workspace: Workspace) -> None:
    assert workspace.plan("--config", "device=cpu") == {}


def test_another_scale_shares_no_job(workspace: Workspace) -> None:
    planned = workspace.plan("--config", "scale=paper", "data_root=somewhere")
    assert planned == {"prepare": 1, "train": 2, "rebuild": 4, "evaluate": 20, "table": 1, "all": 1}


def test_an_error_stops_snakemake_with_file_and_line(workspace: Workspace) -> None:
    workspace.edit(
        "config/tables.yaml", ("model.feature_fusion", "model.feature_fusoin"), ("fill: zeros", "fill: zero")
    )
    output = workspace.snakemake("--dry-run", fails=True)
    assert "with.model.feature_fusoin: unknown setting; did you mean feature_fusion?" in output
    assert "with.missing.fill: expected one of zeros, random, found 'zero'; did you mean zeros?" in output
    assert "Traceback" not in output


def test_a_table_that_is_not_there_is_named_with_the_nearest(workspace: Workspace) -> None:
    output = workspace.snakemake("--dry-run", "results/tabel3.md", fails=True)
    assert "tabel3: no such table; did you mean table3?" in output


def test_the_rendered_table_says_what_it_is(workspace: Workspace) -> None:
    text = (workspace.folder / "results/table3.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("| ours + MRM")]
    assert Counter(cell.strip() for cell in lines[0].strip("|").split("|")) == {
        "ours + MRM": 1,
        "**0.5000**": 4,
    }
    assert "0.7523 / 0.6863 (a)" in lines[1]
    assert text.index("| ours + MRM") < text.index("## As reported by the authors")
    for line in (
        "- scale: demo",
        "- data: simulated (seed 0), digest 0123456789ab",
        "- split: blocks",
        "- seed: 100",
        "- part: test",
        "- commit: fedcba987654 with uncommitted changes",
    ):
        assert f"{line}\n" in text
