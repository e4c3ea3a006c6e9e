"""docs/your-own-paper.md, followed to the letter: a paper with science and a repository of its own."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from jobkit.settings import flat
from jobkit.yaml12 import read_yaml
from tests.workflow.conftest import copy_of
from tests.workflow.snake import EXAMPLE, PROJECT, Workspace, environment

PAGE = (PROJECT / "docs/your-own-paper.md").read_text()
IDENTITY = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the page's second block of commands; return the folder of the paper."""
    folder = tmp_path_factory.mktemp("lab")
    _, commands = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    variables = {**environment(), **IDENTITY, "PAPERMATRIX": str(PROJECT)}
    run = subprocess.run(
        ["bash", "-euc", commands], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return folder / "my-paper"


@pytest.fixture
def workspace(finished: Path, tmp_path: Path) -> Workspace:
    return copy_of(finished, tmp_path)


def table(workspace: Workspace) -> str:
    return (workspace.folder / "results/cups.md").read_text()


def test_the_header_has_the_commit_and_the_data_of_the_paper(workspace: Workspace) -> None:
    head = ["git", "rev-parse", "--short=12", "HEAD"]
    commit = subprocess.run(head, cwd=workspace.folder, check=True, capture_output=True, text=True).stdout
    assert f"- commit: {commit.strip()}\n" in table(workspace)
    assert "- data: green leaves, digest " in table(workspace)


def test_two_seeds_with_leaves_of_their_own_are_not_tested_and_that_is_said(workspace: Workspace) -> None:
    text = table(workspace)
    assert "since each seed has its own data, and fewer than 3 seeds are there." in text
    assert "since they are of other data." in text


def test_an_edit_of_the_science_makes_its_numbers_stale_until_a_rerun(
    workspace: Workspace,
) -> None:
    workspace.edit("tea/taste.py", ('"blue": 0.05', '"blue": 0.06'))
    before = table(workspace)
    workspace.snakemake("--cores", "1")
    assert table(workspace).count("(stale)") == 9
    assert "stale" not in before
    assert workspace.plan_rerun() == {"taste": 12, "table": 1, "all": 1}


def test_an_edit_of_a_module_that_is_imported_relatively_makes_what_imports_it_stale(
    workspace: Workspace,
) -> None:
    workspace.edit("tea/dry.py", ("betavariate(4, 2)", "betavariate(2, 4)"))
    status = workspace.papermatrix("status")
    assert re.search(r"^total +\. +\. +18 ", status, re.MULTILINE)


def test_an_edit_outside_of_the_science_makes_nothing_stale(workspace: Workspace) -> None:
    workspace.edit("tea/job.py", ("import argparse\n", "import argparse  # of the standard library\n"))
    assert workspace.papermatrix("rerun") == "no stale jobs\n"


def test_every_score_is_declared_and_every_declared_one_is_measured(workspace: Workspace) -> None:
    results = [json.loads(path.read_text()) for path in workspace.folder.glob("results/jobs/*/*/result.json")]
    measured = {stage: set[str]() for stage in ("dry", "steep", "taste")}
    for result in results:
        measured[result["stage"]] |= {name.removesuffix(".overall") for name in flat(result["scores"])}
    stages = read_yaml(workspace.folder / "config/stages.yaml").content["stages"]
    assert measured == {stage: set(declared["scores"]) for stage, declared in stages.items()}


def test_a_metric_that_no_stage_measures_is_refused_before_anything_runs(workspace: Workspace) -> None:
    workspace.edit("config/tables.yaml", ("metric: flavour.young", "metric: flavour.yuong"))
    output = workspace.snakemake("--dry-run", fails=True)
    assert "columns[2].metric: no score of taste; did you mean flavour.young?" in output


def test_a_misspelt_source_is_refused(workspace: Workspace) -> None:
    workspace.edit("config/stages.yaml", ("source: tea.taste", "source: tea.tatse"))
    output = workspace.snakemake("--dry-run", fails=True)
    assert "stages.taste.source: no source of a module 'tea.tatse'" in output
    assert "did you mean tea.taste?" in output


def test_the_page_tells_of_every_file_of_the_example() -> None:
    files = subprocess.run(
        ["git", "ls-files", "."], cwd=EXAMPLE, check=True, capture_output=True, text=True
    ).stdout.split()
    assert len(files) > 10
    assert [name for name in files if f"`{name}`" not in PAGE] == []
