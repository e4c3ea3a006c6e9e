"""What changes no number plans renderings at most, and what changes one says which file did."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.papermatrix.tea import TABLES
from tests.workflow.conftest import copy_of
from tests.workflow.snake import Workspace, new_tea

pytestmark = pytest.mark.slow
RENDERINGS = {"table", "all"}
DATA_OF_DRY = 'Path(os.environ["DATA_ROOT"]) if options.stage == "dry" else None'
JOBS = {"dry": 2, "steep": 1, "taste": 6}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a paper of which everything ran once; the leaves are dried by what is in a folder of data."""
    workspace = new_tea(tmp_path_factory.mktemp("tea"))
    stages = [(f"{stage}: {{", f"{stage}: {{source: tea.{stage}, ") for stage in JOBS]
    workspace.edit("config/stages.yaml", *stages, ("dry: {", "dry: {reads_data_root: {}, "))
    workspace.edit(
        "tea/job.py",
        ("import argparse", "import argparse\nimport os"),
        (
            'packages=("pandas",)',
            f"data_root={DATA_OF_DRY}",
        ),
    )
    for name in ("fields/hill.csv", "fields/valley.csv"):
        path = workspace.folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    config = workspace.folder / "config/config.yaml"
    config.write_text(config.read_text() + "data_root: data\n")
    workspace.snakemake("--cores", "2")
    assert workspace.runs() == JOBS
    return workspace.folder


@pytest.fixture
def workspace(finished: Path, tmp_path: Path) -> Workspace:
    return copy_of(finished, tmp_path)


def add_a_neutral_setting(workspace: Workspace) -> None:
    path = workspace.folder / "config/settings.schema.json"
    schema = json.loads(path.read_text())
    shade = {"type": "boolean", "default": False, "x-neutral": False}
    schema["$defs"]["Leaf"]["properties"]["shade"] = shade
    path.write_text(json.dumps(schema))


def add_a_comment(workspace: Workspace) -> None:
    workspace.edit(
        "tea/taste.py", ("    random = Random(seed)", "    # Tasters differ.\n    random = Random(seed)")
    )


def add_a_docstring(workspace: Workspace) -> None:
    path = workspace.folder / "tea/leaves.py"
    path.write_text(path.read_text().replace("class Leaf:\n", 'class Leaf:\n    """One leaf."""\n\n'))


def move_the_data(workspace: Workspace) -> None:
    shutil.move(workspace.folder / "data", workspace.folder / "disk")
    workspace.edit("config/config.yaml", ("data_root: data", "data_root: disk"))


def rename_a_row(workspace: Workspace) -> None:
    workspace.edit("config/tables.yaml", ("label: plain", "label: as it is"))


@pytest.mark.parametrize(
    "edit", [add_a_neutral_setting, add_a_comment, add_a_docstring, move_the_data, rename_a_row]
)
def test_what_changes_no_number_plans_renderings_at_most(
    workspace: Workspace, edit: Callable[[Workspace], None]
) -> None:
    edit(workspace)
    assert workspace.plan().keys() <= RENDERINGS
    workspace.snakemake("--cores", "1")
    assert workspace.runs() == JOBS
    assert stale(workspace) == 0
    assert workspace.plan() == {}


def test_one_line_makes_exactly_what_depends_on_it_stale_and_names_the_file(workspace: Workspace) -> None:
    workspace.edit("tea/steep.py", ("-minutes / 2", "-minutes / 3"))
    assert stale(workspace) == 3
    output = workspace.papermatrix("rerun", "--dry-run")
    assert "made by other code: tea/steep.py" in output
    workspace.edit("tea/steep.py", ("-minutes / 3", "-minutes / 2"))
    assert stale(workspace) == 0


def test_what_a_jobs_glue_computes_counts(workspace: Workspace) -> None:
    glue = ('"overall": fmean(tasted)', '"overall": 1 - fmean(tasted)')
    workspace.edit("tea/taste.py", glue)
    assert stale(workspace) == 6


def test_glue_that_the_declared_source_is_without_is_refused(workspace: Workspace) -> None:
    workspace.edit("config/stages.yaml", ("source: tea.taste", "source: tea.leaves"))
    (workspace.folder / "config/tables.yaml").write_text(TABLES.replace("colour: blue", "colour: red"))
    workspace.snakemake("--cores", "1", fails=True)
    logs = (workspace.folder / "results/jobs/taste").glob("*/log.txt")
    assert any("is without tea.taste, which does the work" in log.read_text() for log in logs)


def test_other_data_in_the_folder_make_what_read_them_stale(workspace: Workspace) -> None:
    field = workspace.folder / "data/fields/hill.csv"
    field.write_text("a hill without sun")
    assert stale(workspace) == sum(JOBS.values())
    assert "made from other data than those in data" in workspace.papermatrix("rerun", "--dry-run")
    workspace.papermatrix("rerun", "--cores", "2")
    assert workspace.runs() == {stage: 2 * count for stage, count in JOBS.items()}
    assert stale(workspace) == 0


def test_files_of_data_are_read_again_only_where_size_or_time_differs(workspace: Workspace) -> None:
    field = workspace.folder / "data/fields/hill.csv"
    times = field.stat()
    content = field.read_text()
    field.write_text(content.upper())

    os.utime(field, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert stale(workspace) == 0  # of the same size and time: it is not read
    field.touch()
    assert stale(workspace) == sum(JOBS.values())


def test_an_accepted_result_is_kept_and_the_table_says_why(workspace: Workspace) -> None:
    workspace.edit("tea/steep.py", ("BITTER_AFTER = 60", "BITTER_AFTER = 61"))
    assert stale(workspace) == 3
    accepted = workspace.papermatrix("accept", "cups", "--because", "no tea steeps that long")
    assert accepted.endswith("\n1 result accepted\n")
    assert stale(workspace) == 0
    assert workspace.plan().keys() <= RENDERINGS
    workspace.snakemake("--cores", "1")
    text = (workspace.folder / "results/cups.md").read_text()
    assert "accepted: 1 result of other code or data (no tea steeps that long)" in text
    assert "stale" not in text
    workspace.edit("tea/steep.py", ("BITTER_AFTER = 61", "BITTER_AFTER = 62"))
    assert stale(workspace) == 3


def stale(workspace: Workspace) -> int:
    status = json.loads(workspace.papermatrix("status", "--json"))
    return int(status["total"]["stale"])
