"""A day with one paper, over results that are finished, interrupted, failed and stale: what is said is so."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.papermatrix.tea import TABLES
from tests.workflow.snake import Workspace, new_tea

pytestmark = pytest.mark.slow
SCORES = "scores: [flavour, flavour.young], "
UNFINISHED = """
      - {label: burnt, with: {leaf.grams: 13}}
      - {label: slow, with: {leaf.grams: 11}}
"""


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return three finished rows, of which one is stale, one that burns and one that was stopped."""
    workspace = new_tea(tmp_path_factory.mktemp("tea"))
    stages = [(f"{stage}: {{", f"{stage}: {{source: tea.{stage}, ") for stage in ("dry", "steep", "taste")]
    workspace.edit("config/stages.yaml", *stages, ("source: tea.taste, ", f"source: tea.taste, {SCORES}"))
    workspace.snakemake("--cores", "2")
    rows = UNFINISHED.strip("\n") + "\n    columns:"
    workspace.edit("config/tables.yaml", ("    columns:", rows))
    (workspace.folder / "config/scales/full.yaml").write_text("leaf.grams: 20\n")
    workspace.papermatrix("run", "cups", "burnt", "--cores", "1", fails=True)
    with workspace.killed_while_slow("papermatrix", "run", "cups", "slow", "--cores", "1"):
        pass
    workspace.edit("tea/steep.py", ("-minutes / 2", "-minutes / 3"))
    for command in ("init -q", "add .", "-c user.name=a -c user.email=a@b.c commit -q -m Begin"):
        subprocess.run(["git", *command.split()], cwd=workspace.folder, check=True)
    return workspace


@pytest.fixture
def day(paper: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(paper.folder, tmp_path, dirs_exist_ok=True, symlinks=True)
    return Workspace(tmp_path, parts=())


def jobs(workspace: Workspace, stage: str) -> list[Path]:
    return sorted((workspace.folder / "results/jobs" / stage).iterdir())


def counts(workspace: Workspace) -> dict[str, int]:
    total = json.loads(workspace.papermatrix("status", "--json"))["total"]
    kinds = ("done", "stale", "interrupted", "failed", "pending")
    return {kind: total[kind] for kind in kinds if total[kind]}


STATES = {"done": 6, "stale": 3, "interrupted": 1, "failed": 1, "pending": 4}


def test_status_tells_finished_interrupted_failed_and_stale_apart(day: Workspace) -> None:
    assert counts(day) == STATES
    said = day.papermatrix("status")
    assert "interrupted: dry" in said
    assert '"the leaves burn", see results/jobs/dry/' in said
    assert "stale: 3 jobs, made by other code: tea/steep.py" in said


def test_what_changes_no_number_changes_no_status(day: Workspace) -> None:
    schema = json.loads((day.folder / "config/settings.schema.json").read_text())
    neutral = {"type": "boolean", "default": False, "x-neutral": False}
    schema["$defs"]["Leaf"]["properties"]["shade"] = neutral
    (day.folder / "config/settings.schema.json").write_text(json.dumps(schema))
    day.edit(
        "tea/taste.py",
        ('"""Tastes a cup of every leaf."""', '"""Tastes.\n\nA cup of each."""  # and no more'),
    )
    (day.folder / "disk").mkdir()
    config = day.folder / "config/config.yaml"
    config.write_text(config.read_text() + "data_root: disk\n")
    assert counts(day) == STATES
    assert day.papermatrix("migrate", "--yes") == "0 jobs carried over\n"
    assert counts(day) == STATES


def test_stale_results_can_be_accepted(day: Workspace) -> None:
    day.papermatrix("accept", "cups", "--because", "steeping is faster, not other")
    assert counts(day) == {"done": 9, "interrupted": 1, "failed": 1, "pending": 4}


def test_a_wrong_metric_is_an_error_before_anything_runs(day: Workspace) -> None:
    before = day.runs()
    day.edit("config/tables.yaml", ("metric: flavour", "metric: flavuor"))
    for output in (day.papermatrix("validate", fails=True), day.snakemake("--cores", "1", fails=True)):
        assert "did you mean flavour?" in output
    assert day.runs() == before


def test_a_row_that_changes_nothing_is_a_warning(day: Workspace) -> None:
    row = "      - {label: longer, with: {steep.minutes: 9}}\n    columns:"
    day.edit("config/tables.yaml", ("    columns:", row))
    said = day.papermatrix("validate")
    assert "warning: config/tables.yaml:" in said
    assert "steep.minutes" in said
    assert "steep.enabled" in said


def test_work_that_cannot_differ_is_one_job(day: Workspace) -> None:
    (day.folder / "config/tables.yaml").write_text(TABLES)
    assert day.papermatrix("plan").count(" taste ") == 6
    ignored = "{settings: [cup.colour], when: leaf.kind == 'black'}"
    day.edit("config/stages.yaml", ("taste: {", f"taste: {{ignores: [{ignored}], "))
    assert day.papermatrix("plan").count(" taste ") == 5


def test_a_result_that_is_gone_is_gone_from_the_table(day: Workspace) -> None:
    (day.folder / "config/tables.yaml").write_text(TABLES)
    day.snakemake("--cores", "1")
    assert day.plan() == {}
    shutil.rmtree(jobs(day, "taste")[0])
    assert day.plan() == {"taste": 1, "table": 1, "all": 1}
    day.snakemake("--cores", "1")
    assert day.plan() == {}


def test_another_scale_leaves_the_tables_of_this_one_alone(day: Workspace) -> None:
    (day.folder / "config/tables.yaml").write_text(TABLES)
    day.snakemake("--cores", "1")
    before = (day.folder / "results/cups.md").read_bytes()
    output = day.snakemake("-n", "--config", "scale=full", "--", "results/cups.md", fails=True)
    assert "results/full/cups.md" in output
    day.snakemake("--cores", "2", "--config", "scale=full")
    assert (day.folder / "results/cups.md").read_bytes() == before
    assert "scale: full" in (day.folder / "results/full/cups.md").read_text()


def test_reported_numbers_are_not_compared_with_stale_ones(day: Workspace) -> None:
    (day.folder / "config/tables.yaml").write_text(TABLES)
    numbers = "{cups: {steeped: {white cup: {values: 0.4, tolerance: 0.5}}}}"
    (day.folder / "config/reported.yaml").write_text(f"source: A book.\nscale: small\ntables: {numbers}\n")
    config = day.folder / "config/config.yaml"
    config.write_text(config.read_text() + "reported: config/reported.yaml\n")
    said = day.papermatrix("check", "--reported", fails=True)
    assert "stale" in said
    day.papermatrix("accept", "cups", "--because", "steeping is faster, not other")
    assert "5 cells without a reported value" in day.papermatrix("check", "--reported")


def test_what_was_never_run_costs_an_unknown_time(day: Workspace) -> None:
    for job in ("dry", "steep", "taste"):
        shutil.rmtree(day.folder / "results/jobs" / job)
    assert day.papermatrix("estimate", "--config", "scale=full").count("unknown") >= 2


def test_an_edit_is_told_by_rows(day: Workspace) -> None:
    row = "      - {label: strong, with: {leaf.grams: 5}}\n    columns:"
    day.edit("config/tables.yaml", ("    columns:", row))
    assert "cups, strong: 1 dry, 2 taste" in day.papermatrix("diff")


def test_one_row_runs_alone(day: Workspace) -> None:
    row = "      - {label: strong, with: {leaf.grams: 5}}\n    columns:"
    day.edit("config/tables.yaml", ("    columns:", row))
    before = day.runs()
    said = day.papermatrix("run", "cups", "strong", "white cup", "--cores", "1")
    assert "cups, strong, white cup" in said
    assert day.runs() - before == {"dry": 1, "taste": 1}
