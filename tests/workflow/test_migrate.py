"""Results that commit b48141c wrote, before ids and results had today's form, are carried over."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.beamfusion.tiny import with_changes
from tests.workflow.snake import PROJECT, Workspace, environment

OLD = "b48141cd336de40de25673786cdd7cce8435c833"
TABLES = """
tables:
  one:
    title: One network, and the image rebuilt
    metric: dba
    with: {missing.modalities: [image]}
    rows:
      - label: ours
      - {label: ours + MRM, with: {rebuild.enabled: true}}
    columns:
      - label: DBA
    variants:
      - {label: zerolike, with: {missing.fill: zeros}}
      - {label: randlike, with: {missing.fill: random}}
"""


def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, check=False)


@pytest.mark.slow
@pytest.mark.skipif(git("cat-file", "-e", OLD).returncode != 0, reason=f"git has no {OLD[:7]}")
def test_results_of_an_older_commit_are_carried_over_and_nothing_is_computed(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    new.mkdir()
    subprocess.run(["git", "clone", "-q", PROJECT, old], check=True)
    subprocess.run(["git", "checkout", "-q", OLD], cwd=old, check=True)
    changes = {"model.dropout": 0, "train.epochs": 1}
    gap = {"simulation.gap": 32.0}  # a setting that is new, whose default is not what was simulated then
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--config", "scale=tiny", "paper=null"]
    workspace = Workspace(new, parts=("Snakefile", "config", "workflow", "profiles"))
    for folder, more in ((old, {}), (new, gap)):
        (folder / "config/scales/tiny.yaml").write_text(yaml.safe_dump(with_changes({**changes, **more})))
        (folder / "config/tables.yaml").write_text(TABLES)
        (folder / "config/reported.yaml").write_text("scale: paper\nsource: none\ntables: {}\n")
    subprocess.run(
        [*command, "--", "results/one.md"],
        cwd=old,
        env={**environment(), "PYTHONPATH": str(old / "src")},
        check=True,
    )
    (old / "results").rename(new / "results")
    options = ("--config", "scale=tiny", "paper=null")
    assert "papermatrix migrate" in workspace.snakemake("--dry-run", *options)
    listed = workspace.papermatrix("migrate", *options)
    assert "\n7 jobs to carry over" in listed
    assert listed.count(": the same job today as ") == 2  # what is rebuilt needs no filler
    workspace.papermatrix("migrate", "--yes", *options)
    planned = workspace.plan(*options, "--", "results/tiny/one.md")
    assert not planned.keys() - {"table"}
    workspace.papermatrix("render", "one", "--out", ".", *options)
    assert numbers(new / "one.csv") == numbers(new / "results/one.csv")


def numbers(csv: Path) -> list[str]:
    """Return row, column, variant and number of each line."""
    lines = [line.split(",") for line in csv.read_text().splitlines()]
    at = [lines[0].index(name) for name in ("row", "column", "variant", "value")]
    return [" ".join(line[index] for index in at) for line in lines]
