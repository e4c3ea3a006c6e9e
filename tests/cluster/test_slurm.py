"""The workflow on a real Slurm of one node: the same tables, and jobs that are cancelled or run out of time.

CLUSTER_SCALE names another scale for Table III than a tiny one, CLUSTER_REFERENCE its csv of a local run.
"""

import csv
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobkit.result import RESULT, read_result
from tests.beamfusion.tiny import with_changes
from tests.cluster.slurm import GPU, missing, single_node
from tests.workflow.snake import Workspace, environment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.cluster,
    pytest.mark.skipif(bool(missing()), reason=f"Slurm: {', '.join(missing())}"),
]

PARTS = ("Snakefile", "config", "workflow", "profiles")
PROFILE = ("--profile", "workflow/profiles/slurm", "--slurm-init-seconds-before-status-checks", "2")
SCALE = os.environ.get("CLUSTER_SCALE", "tiny")
REFERENCE = os.environ.get("CLUSTER_REFERENCE")


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with single_node(tmp_path_factory.mktemp("slurm")) as variables:
        yield variables


def project(folder: Path, **changes: Any) -> Workspace:
    """Return a copy of the project with a tiny scale of its own."""
    workspace = Workspace(folder, parts=PARTS)
    scale = with_changes({"model.dropout": 0, "train.window_step": 3, "rebuild.window_step": 3, **changes})
    (folder / "config/scales/tiny.yaml").write_text(
        "# yaml-language-server: $schema=../settings.schema.json\n" + yaml.safe_dump(scale)
    )
    return workspace


def snakemake(workspace: Workspace, *arguments: str, wait: bool = True) -> Any:
    command = [sys.executable, "-m", "snakemake", *PROFILE, *arguments]
    log = (workspace.folder / "snakemake.txt").open("w")
    process = subprocess.Popen(command, cwd=workspace.folder, env=environment(), stdout=log, stderr=log)
    if wait:
        assert process.wait() == 0, output_of(workspace)
    return process


def output_of(workspace: Workspace) -> str:
    return (workspace.folder / "snakemake.txt").read_text(errors="replace")


def values(table: Path) -> dict[tuple[str, ...], str]:
    rows = csv.DictReader(table.open())
    return {(row["row"], row["column"], row["variant"], row["seed"]): row["value"] for row in rows}


def wait_for(condition: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return value


def queued(rule: str) -> list[str]:
    """Return Slurm's numbers of the jobs of a rule that have not ended."""
    command = ["squeue", "--noheader", "--states=running", "--format=%i %k"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return re.findall(rf"^(\d+) rule_{rule}_", output, re.MULTILINE)


def test_table_3_through_sbatch_equals_that_of_a_local_run(slurm: dict[str, str], tmp_path: Path) -> None:
    for name in ("local", "cluster"):
        (tmp_path / name).mkdir()
    cluster = project(tmp_path / "cluster")
    tables = "results" if SCALE == "demo" else f"results/{SCALE}"
    snakemake(cluster, "--config", f"scale={SCALE}", "--", f"{tables}/table3.md")
    if REFERENCE:
        reference = Path(REFERENCE)
    else:
        local = project(tmp_path / "local")
        local.snakemake("--cores", "2", "--config", f"scale={SCALE}", "--", f"{tables}/table3.md")
        reference = tmp_path / f"local/{tables}/table3.csv"
    assert values(tmp_path / f"cluster/{tables}/table3.csv") == values(reference)
    submitted = re.findall(r"has been submitted with SLURM jobid \d+ \(log: (\S+)\)", output_of(cluster))
    rules = [Path(log).relative_to(cluster.folder / "results/logs/slurm").parts[0] for log in submitted]
    assert {rule: rules.count(rule) for rule in rules} == {
        "rule_simulate": 1,
        "rule_prepare": 1,
        "rule_train": 2,
        "rule_rebuild": 4,
        "group_evaluations_evaluate": 3,
    }
    for log in cluster.folder.glob("results/jobs/*/*/log.txt"):
        assert "Traceback" not in log.read_text()
    training = next(cluster.folder.glob("results/jobs/train/*/log.txt"))
    assert training.read_text().startswith("epoch 1: loss ")


def shown_job(number: str) -> str:
    return subprocess.run(
        ["scontrol", "show", "job", number], capture_output=True, text=True, check=True
    ).stdout


def the_training(workspace: Workspace) -> Path:
    """Return the folder of the only training."""
    return next(iter(workspace.folder.glob("results/jobs/train/*")))


LONG = {"train.epochs": 100, "train.window_step": 1}
"""More than a minute's work on any machine."""
ONE_ROW = """\
tables:
  table3:
    title: One training
    metric: train.validation_dba
    rows: [{label: ours}]
    columns: [{label: DBA}]
"""


def one_training(folder: Path, **changes: Any) -> Workspace:
    workspace = project(folder, **changes)
    (folder / "config/tables.yaml").write_text(ONE_ROW)
    (folder / "config/config.yaml").write_text("scale: tiny\n")
    return workspace


def test_a_training_over_two_devices_gets_a_cpu_and_a_gpu_for_each(
    slurm: dict[str, str], tmp_path: Path
) -> None:
    workspace = one_training(tmp_path, **{"train.devices": 2, "train.epochs": 4})
    process = snakemake(
        workspace, "--config", "gpu=true", f"gpu_model={GPU}", "--", "results/table3.md", wait=False
    )
    number = wait_for(lambda: queued("train"))[0]
    requested = shown_job(number)
    for resource in ("NumCPUs=2", f"gres:gpu:{GPU}:2"):
        assert resource in requested
    assert process.wait(300) == 0, output_of(workspace)
    assert read_result(the_training(workspace)).cost.device_count == 2


def test_a_training_that_is_cancelled_and_one_that_runs_out_of_time_resume_to_the_same_scores(
    slurm: dict[str, str], tmp_path: Path
) -> None:
    for name in ("cancelled", "limited"):
        (tmp_path / name).mkdir()
    cancelled, limited = (one_training(tmp_path / name, **LONG) for name in ("cancelled", "limited"))
    first = snakemake(
        cancelled, "--config", "gpu=true", f"gpu_model={GPU}", "--", "results/table3.md", wait=False
    )

    def is_trained() -> bool:
        assert first.poll() is None, output_of(cancelled)
        return any(cancelled.folder.glob("results/jobs/train/*/state.pt"))

    wait_for(is_trained)
    minutes = ("--set-resources", "train:runtime=1", "--retries", "9")
    second = snakemake(limited, *minutes, "--", "results/table3.md", wait=False)
    (number,) = queued("train")
    requested = shown_job(number)
    for resource in ("TimeLimit=2-00:00:00", "MinMemoryNode=3000M", "NumCPUs=1", f"gres:gpu:{GPU}:1"):
        assert resource in requested
    subprocess.run(["scancel", number], check=True)
    assert first.wait(900) == 0, output_of(cancelled)
    assert second.wait(900) == 0, output_of(limited)
    folders = [the_training(workspace) for workspace in (cancelled, limited)]
    results = [read_result(folder) for folder in folders]
    for folder, result in zip(folders, results, strict=True):
        assert result.cost.resumptions >= 1
        log = (folder / "log.txt").read_text()
        assert "resumed in epoch" in log
        assert all(f"epoch {number}: loss " in log for number in range(1, LONG["train.epochs"] + 1))
        assert "Traceback" not in log
    assert results[0].scores["validation_dba"] == results[1].scores["validation_dba"]
    assert (folders[0] / "history.csv").read_text() == (folders[1] / "history.csv").read_text()
    assert all((folder / RESULT).exists() for folder in folders)
