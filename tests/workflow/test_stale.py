"""Results of other source: a run keeps them with a mark, makes exactly them again, or does not begin."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.papermatrix.tea import STAGES, TABLES, Paper
from tests.workflow.snake import PROJECT, Workspace

TEA = Path(__file__).parent / "tea"
RULES = ("workflow/rules/common.smk", "workflow/rules/tables.smk")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tables of which everything ran once, by a source of their own."""
    folder = tmp_path_factory.mktemp("tea")
    (folder / "workflow/rules").mkdir(parents=True)
    Workspace(folder, TEA, parts=("Snakefile", "tea_job.py", "tea"))
    Workspace(folder, PROJECT, parts=("profiles", "workflow/profiles", *RULES, "envs"))
    paper = Paper(folder)
    stages = STAGES
    for stage in ("dry", "steep", "taste"):
        stages = stages.replace(f"{stage}: {{", f"{stage}: {{source: tea.{stage}, ")
    paper.write("config/stages.yaml", stages)
    mugs = (
        TABLES.partition("tables:\n")[2]
        .replace("cups:", "mugs:")
        .replace("steep.enabled: true", "leaf.grams: 4")
    )
    paper.write("config/tables.yaml", TABLES + mugs)
    Workspace(folder, parts=()).snakemake("--cores", "2")
    return folder


@pytest.fixture
def workspace(finished: Path, tmp_path: Path) -> Workspace:
    """A copy in which steeping is done by other source than its results say."""
    shutil.copytree(finished, tmp_path, symlinks=True, dirs_exist_ok=True)
    workspace = Workspace(tmp_path, parts=())
    workspace.edit("tea/steep.py", ("steeped", "steeped twice"))
    return workspace


def runs(workspace: Workspace) -> Counter[str]:
    return Counter((workspace.folder / "runs.txt").read_text().split())


def table(workspace: Workspace, name: str = "cups") -> str:
    return (workspace.folder / f"results/{name}.md").read_text()


def test_stale_results_are_kept_and_marked_unless_asked_otherwise(workspace: Workspace) -> None:
    before = runs(workspace)
    workspace.snakemake("--cores", "1")
    assert runs(workspace) == before
    (row,) = (line for line in table(workspace).splitlines() if line.startswith("| steeped"))
    assert row.count("stale") == 2
    assert table(workspace).count("stale") == 2
    assert workspace.plan() == {}


def test_rerun_makes_exactly_the_stale_jobs_again_and_what_stands_on_them(workspace: Workspace) -> None:
    before = runs(workspace)
    workspace.snakemake("--cores", "1", "--config", "on_stale=rerun")
    assert runs(workspace) - before == {"steep": 1, "taste": 2}
    assert "stale" not in table(workspace)
    assert workspace.plan("--config", "on_stale=rerun") == {}
    assert workspace.plan() == {}


def test_rerun_leaves_stale_jobs_of_other_tables_alone(workspace: Workspace) -> None:
    assert workspace.plan("results/mugs.md", "--config", "on_stale=rerun") == {}
    assert workspace.plan("results/cups.md", "--config", "on_stale=rerun") == {
        "steep": 1,
        "taste": 2,
        "table": 1,
    }


def test_an_edit_of_the_first_stage_makes_everything_stale(workspace: Workspace) -> None:
    workspace.edit("tea/dry.py", ("dried", "dried and rolled"))
    assert workspace.plan("results/cups.md", "--config", "on_stale=rerun") == {
        "dry": 2,
        "steep": 1,
        "taste": 6,
        "table": 1,
    }


def test_what_stands_on_a_rerun_that_crashed_stays_stale_and_is_made_next_time(workspace: Workspace) -> None:
    workspace.edit("tea_job.py", ('["grams"] == 13', '["grams"] == 13 or stage == "steep"'))
    workspace.snakemake("--cores", "1", "--keep-going", "--config", "on_stale=rerun", fails=True)
    assert (workspace.folder / "results/partial/cups.md").read_text().count("stale") == 2
    assert workspace.plan("results/cups.md") == {"table": 1}
    planned = workspace.plan("results/cups.md", "--config", "on_stale=rerun")
    assert planned == {"steep": 1, "taste": 2, "table": 1}


def test_fail_lists_every_stale_job_and_runs_nothing(workspace: Workspace) -> None:
    before = runs(workspace)
    output = workspace.snakemake("--cores", "1", "--config", "on_stale=fail", fails=True)
    assert runs(workspace) == before
    assert output.count("made by other source") == 1
    assert output.count("stands on a stale job") == 2
    assert "Traceback (most recent" not in output


def test_fail_lets_a_table_pass_that_has_no_stale_job(workspace: Workspace) -> None:
    assert workspace.plan("results/mugs.md", "--config", "on_stale=fail") == {}


def test_another_word_for_on_stale_is_explained(workspace: Workspace) -> None:
    output = workspace.snakemake("--dry-run", "--config", "on_stale=reun", fails=True)
    assert "on_stale: expected one of keep, rerun, fail, found 'reun'; did you mean rerun?" in output
