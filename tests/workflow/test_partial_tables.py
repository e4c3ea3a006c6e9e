"""A run in which jobs fail finishes the rest, and leaves every table that was asked for with its marks."""

from pathlib import Path

import pytest

from tests.papermatrix.tea import TABLES, Paper
from tests.workflow.snake import PROJECT, Workspace

TEA = Path(__file__).parent / "tea"
RULES = ("workflow/rules/common.smk", "workflow/rules/tables.smk")
MUGS = """
  mugs:
    title: Mugs
    metric: flavour
    rows:
      - label: burnt
        with: {leaf.grams: 13}
      - label: too long
        with: {steep.enabled: true, steep.minutes: 99}
      - label: plain
    columns:
      - label: mug
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Nothing has run yet; of the mugs, one row crashes and one diverges."""
    (tmp_path / "workflow/rules").mkdir(parents=True)
    Workspace(tmp_path, TEA, parts=("Snakefile", "tea_job.py", "tea"))
    Workspace(tmp_path, PROJECT, parts=("profiles", "workflow/profiles", *RULES, "envs"))
    Paper(tmp_path).write("config/tables.yaml", TABLES.rstrip() + MUGS)
    return Workspace(tmp_path, parts=())


def rows(path: Path) -> dict[str, str]:
    """The first cell of each row, by its label."""
    cells = [line.split("|") for line in path.read_text().splitlines() if line.startswith("|")]
    return {cell[1].strip(): cell[2].strip() for cell in cells}


def test_a_crash_and_a_divergence_leave_tables_with_marks(workspace: Workspace) -> None:
    results = workspace.folder / "results"
    output = workspace.snakemake("--cores", "2", "--keep-going", fails=True)
    assert "the leaves burn" in output
    assert (results / "cups.md").exists()
    assert not (results / "mugs.md").exists()

    marks = rows(results / "partial/mugs.md")
    assert marks["too long"].startswith("diverged (epoch 7)")
    assert marks["plain"] == "0.1250"
    assert marks["burnt"].startswith("failed")
    (burnt,) = (log for log in results.glob("jobs/dry/*/log.txt") if "the leaves burn" in log.read_text())
    assert str(burnt.relative_to(workspace.folder)) in (results / "partial/mugs.html").read_text()
    assert rows(results / "partial/cups.md")["steeped"] == "0.1250"
    assert sorted(path.name for path in (results / "partial").iterdir()) == sorted(
        f"{table}.{form}" for table in ("cups", "mugs") for form in ("md", "tex", "html", "csv")
    )

    workspace.edit("config/tables.yaml", ("leaf.grams: 13", "leaf.grams: 12"))
    workspace.snakemake("--cores", "2")
    assert rows(results / "mugs.md")["burnt"] == "1.5000"
    assert not list((results / "partial").iterdir())


def test_only_the_tables_that_were_asked_for_are_rendered_in_part(workspace: Workspace) -> None:
    workspace.snakemake("--cores", "2", "--keep-going", "results/mugs.md", fails=True)
    partial = workspace.folder / "results/partial"
    assert {path.stem for path in partial.iterdir()} == {"mugs"}
