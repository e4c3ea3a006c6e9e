"""A run in which jobs fail finishes the rest, and leaves every incomplete table with its marks."""

from pathlib import Path

import pytest

from tests.papermatrix.tea import TABLES
from tests.workflow.snake import Workspace, new_tea

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
    """Return a paper where nothing has run yet; of the mugs, one row crashes and one diverges."""
    workspace = new_tea(tmp_path)
    (tmp_path / "config/tables.yaml").write_text(TABLES.strip() + MUGS)
    return workspace


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*"))


@pytest.mark.slow
def test_a_crash_and_a_divergence_leave_tables_with_marks(workspace: Workspace) -> None:
    results = workspace.folder / "results"
    output = workspace.snakemake("--cores", "2", "--keep-going", fails=True)
    assert "the leaves burn" in output
    assert (results / "cups.md").exists()
    assert not (results / "mugs.md").exists()

    marks = workspace.rows("partial/mugs")
    assert marks["too long"][0].startswith("diverged (epoch 60)")
    assert marks["plain"] == workspace.rows("cups")["plain"][:1]
    assert marks["burnt"][0].startswith("failed")
    (burnt,) = (log for log in results.glob("jobs/dry/*/log.txt") if "the leaves burn" in log.read_text())
    assert str(burnt.relative_to(workspace.folder)) in (results / "partial/mugs.html").read_text()
    assert names(results / "partial") == [f"mugs.{suffix}" for suffix in ("csv", "html", "md", "tex")]

    workspace.edit("config/tables.yaml", ("leaf.grams: 13", "leaf.grams: 12"))
    workspace.snakemake("--cores", "2")
    assert 0 < float(workspace.rows("mugs")["burnt"][0]) < 1
    assert not names(results / "partial")


@pytest.mark.slow
def test_only_tables_that_have_begun_are_rendered_in_part(workspace: Workspace) -> None:
    workspace.snakemake("--cores", "2", "--keep-going", "results/mugs.md", fails=True)
    partial = workspace.folder / "results/partial"
    assert {path.stem for path in partial.iterdir()} == {"cups", "mugs"}  # the plain rows are one job
    workspace.edit("config/scales/small.yaml", ("leaf.grams: 1", "leaf.grams: 5"))
    workspace.papermatrix("render", "--partial")
    assert {path.stem for path in partial.iterdir()} == {"cups", "mugs"}
