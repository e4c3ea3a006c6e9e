"""Results of other source: a run keeps and marks them, or does not begin; `papermatrix rerun` reruns them."""

import json
import signal
from pathlib import Path

import pytest

from tests.papermatrix.tea import TABLES
from tests.workflow.conftest import copy_of
from tests.workflow.snake import Workspace, new_tea

pytestmark = pytest.mark.slow

STAGES = ("dry", "steep", "taste")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two tables of which everything ran once, by a source of their own."""
    workspace = new_tea(tmp_path_factory.mktemp("tea"))
    sources = ((f"{stage}: {{", f"{stage}: {{source: tea.{stage}, ") for stage in STAGES)
    workspace.edit("config/stages.yaml", *sources)
    mugs = (
        TABLES.partition("tables:\n")[2]
        .replace("cups:", "mugs:")
        .replace("steep.enabled: true", "leaf.grams: 4")
    )
    (workspace.folder / "config/tables.yaml").write_text(TABLES + mugs)
    workspace.snakemake("--cores", "2")
    return workspace.folder


@pytest.fixture
def workspace(finished: Path, tmp_path: Path) -> Workspace:
    """Return a copy in which steeping has other source than its results say."""
    workspace = copy_of(finished, tmp_path)
    workspace.edit("tea/steep.py", ("-minutes / 2", "-minutes / 3"))
    return workspace


def table(workspace: Workspace, name: str = "cups") -> str:
    return (workspace.folder / f"results/{name}.md").read_text()


def states(workspace: Workspace) -> dict[str, int]:
    cups = json.loads(workspace.papermatrix("status", "--json"))["tables"]["cups"]
    return {state: cups[state] for state in ("done", "stale", "interrupted") if cups[state]}


def steeping(workspace: Workspace) -> Path:
    (folder,) = (workspace.folder / "results/jobs/steep").iterdir()
    return folder


def test_stale_results_are_kept_and_marked_unless_asked_otherwise(workspace: Workspace) -> None:
    before = workspace.runs()
    workspace.snakemake("--cores", "1")
    assert workspace.runs() == before
    assert all("stale" in value for value in workspace.rows("cups")["steeped"])
    assert table(workspace).count("(stale)") == 2
    assert workspace.plan() == {}


def test_rerun_runs_exactly_the_stale_jobs(workspace: Workspace) -> None:
    before = workspace.runs()
    output = workspace.papermatrix("rerun", "--cores", "1")
    assert "stale, made by other code" in output
    assert output.count("stale, its upstream is stale") == 2
    assert workspace.runs() - before == {"steep": 1, "taste": 2}
    assert "stale" not in table(workspace)
    assert workspace.papermatrix("rerun") == "no stale jobs\n"
    assert workspace.plan() == {}


def test_rerun_leaves_stale_jobs_of_other_tables_alone(workspace: Workspace) -> None:
    assert workspace.papermatrix("rerun", "mugs") == "no stale jobs\n"
    assert workspace.plan_rerun("cups") == {"steep": 1, "taste": 2, "table": 1}


def test_rerun_gives_snakemake_what_follows_two_dashes(workspace: Workspace) -> None:
    output = workspace.papermatrix("rerun", "--dry-run", "cups", "--", "--no-such-option", fails=True)
    assert "unrecognized arguments: --no-such-option" in output


def test_an_edit_of_the_first_stage_makes_everything_stale(workspace: Workspace) -> None:
    workspace.edit("tea/dry.py", ("LEAVES_PER_GRAM = 100", "LEAVES_PER_GRAM = 120"))
    assert workspace.plan_rerun("cups") == {"dry": 2, "steep": 1, "taste": 6, "table": 1}


@pytest.mark.slow
def test_an_old_result_stays_while_its_rerun_fails_and_nothing_runs_on_it(workspace: Workspace) -> None:
    old = (steeping(workspace) / "result.json").read_bytes()
    (workspace.folder / "kill").write_text(str(int(signal.SIGTERM)))
    workspace.papermatrix("rerun", "--cores", "1", fails=True)
    assert (steeping(workspace) / "result.json").read_bytes() == old
    assert states(workspace) == {"done": 6, "stale": 2, "interrupted": 1}
    steeped = workspace.rows("partial/cups")["steeped"]
    assert all("stale" in value and 0 < float(value.split()[0]) < 1 for value in steeped)

    assert workspace.plan() == {"table": 1, "all": 1}
    column = "    columns:\n      - {label: red cup, with: {cup.colour: red}}"
    workspace.edit("config/tables.yaml", ("    columns:", column))
    (workspace.folder / "kill").unlink()
    output = workspace.snakemake("--cores", "1", "--keep-going", "results/cups.md", fails=True)
    assert "its rerun has not ended, and its result is of before" in output

    workspace.papermatrix("rerun", "--cores", "1")
    assert (steeping(workspace) / "result.json").read_bytes() != old
    assert "stale" not in table(workspace)
    assert not (steeping(workspace) / "failure.json").exists()
    assert workspace.plan() == {}


@pytest.mark.slow
def test_a_rerun_that_was_killed_with_its_snakemake_is_resumed_by_the_next(workspace: Workspace) -> None:
    old = (steeping(workspace) / "result.json").read_bytes()
    workspace.edit("hooks.py", ("grams == 11", 'job.stage == "steep"'))
    with workspace.killed_while_slow("papermatrix", "rerun", "--cores", "1"):
        assert (steeping(workspace) / "result.json").read_bytes() == old
    assert workspace.plan("results/cups.md") == {"table": 1}
    assert workspace.plan_rerun("cups") == {"steep": 1, "taste": 2, "table": 1}
    workspace.papermatrix("rerun", "--cores", "1")
    result = json.loads((steeping(workspace) / "result.json").read_bytes())
    assert result["cost"]["resumptions"] == 1


def test_fail_lists_every_stale_job_of_the_table_and_runs_nothing(workspace: Workspace) -> None:
    before = workspace.runs()
    output = workspace.snakemake("--cores", "1", "--config", "on_stale=fail", fails=True)
    assert workspace.runs() == before
    assert output.count("made by other code") == 1
    assert output.count("its upstream is stale") == 2
    assert "Traceback (most recent" not in output


def test_fail_lets_a_table_pass_that_has_no_stale_job(workspace: Workspace) -> None:
    assert workspace.plan("results/mugs.md", "--config", "on_stale=fail") == {}


def test_to_rerun_is_no_word_of_on_stale(workspace: Workspace) -> None:
    output = workspace.snakemake("--dry-run", "--config", "on_stale=rerun", fails=True)
    assert "on_stale: expected keep or fail; to rerun stale jobs: papermatrix rerun" in output
