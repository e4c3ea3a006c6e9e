"""A training over several devices against one device: real processes with gloo, in float64."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from beamfusion.distributed.batch_norm import SharedBatchNorm2d
from beamfusion.distributed.workers import Workers
from jobkit.result import RESULT, Result, read_result
from tests.beamfusion.tiny import with_changes

Run = Callable[..., Path]

pytestmark = pytest.mark.slow

EXACT = {
    "model.dropout": 0,
    "train.precision": "float64",
    "train.clip": 1.0,
    "train.epochs": 3,
    "train.window_step": 3,
}
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")


def start(
    folder: Path, needs: Path, settings: dict[str, Any], *launcher: str, **options: Any
) -> subprocess.Popen[str]:
    command = [sys.executable, *launcher, "-m", "beamfusion", "job", "train", "--device", "cpu"]
    command += ["--settings", json.dumps(settings), "--out", str(folder), "--needs", str(needs)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)


def train(folder: Path, needs: Path, *launcher: str, **changes: Any) -> Result:
    process = start(folder, needs, with_changes({**EXACT, **changes}), *launcher)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return read_result(folder)


def losses(folder: Path) -> list[float]:
    return [float(row["loss_total"]) for row in csv.DictReader((folder / "history.csv").open())]


@pytest.fixture(scope="module")
def alone(prepared_job: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    train(folder, prepared_job)
    return folder


def assert_the_same(folder: Path, alone: Path) -> None:
    assert losses(folder) == pytest.approx(losses(alone), rel=1e-5)
    own, expected = read_result(folder).scores, read_result(alone).scores
    assert own["validation_dba"] == pytest.approx(expected["validation_dba"], abs=1e-9)
    own, expected = (torch.load(f / "checkpoint.pt", weights_only=True)["predictor"] for f in (folder, alone))
    assert own.keys() == expected.keys()
    for name in own:
        torch.testing.assert_close(own[name], expected[name], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("devices", [2, 3])
def test_every_epochs_loss_is_that_of_one_device(
    devices: int, alone: Path, prepared_job: Path, tmp_path: Path
) -> None:
    result = train(tmp_path / "a", prepared_job, **{"train.devices": devices})
    assert result.cost.device_count == devices
    assert_the_same(tmp_path / "a", alone)


def test_a_batch_of_fewer_windows_than_devices_counts_each_once(prepared_job: Path, tmp_path: Path) -> None:
    few = {"train.batch_size": 2, "train.epochs": 1, "train.window_step": 12}
    train(tmp_path / "a", prepared_job, **few)
    train(tmp_path / "b", prepared_job, **{**few, "train.devices": 3})
    assert_the_same(tmp_path / "b", tmp_path / "a")


def test_torchrun_may_start_the_processes_too(alone: Path, prepared_job: Path, tmp_path: Path) -> None:
    train(tmp_path / "a", prepared_job, *TORCHRUN, **{"train.devices": 2})
    assert_the_same(tmp_path / "a", alone)


def test_torchrun_ends_where_the_job_is_complete_already(prepared_job: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    settings = {"train.devices": 2}
    train(folder, prepared_job, **settings)
    result = (folder / RESULT).read_text()
    train(folder, prepared_job, *TORCHRUN, **settings)
    assert (folder / RESULT).read_text() == result


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def followers(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


@pytest.mark.parametrize("killed", ["leader", "follower"])
def test_a_process_that_is_killed_takes_the_others_along_and_the_job_resumes(
    killed: str, alone: Path, prepared_job: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "a"
    process = start(folder, prepared_job, with_changes({**EXACT, "train.devices": 2}))
    wait_for((folder / "state.pt").exists)
    others = followers(process.pid)
    assert len(others) == 1
    os.kill(process.pid if killed == "leader" else others[0], signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in errors
    wait_for(lambda: not Path(f"/proc/{others[0]}").exists())
    train(folder, prepared_job, **{"train.devices": 2})
    assert_the_same(folder, alone)


def test_sigterm_saves_and_ends_all_processes(prepared_job: Path, alone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    process = start(folder, prepared_job, with_changes({**EXACT, "train.devices": 2}))
    wait_for((folder / "state.pt").exists)
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in errors
    train(folder, prepared_job, **{"train.devices": 2})
    assert_the_same(folder, alone)


def test_ctrl_c_while_the_processes_start_is_quiet(prepared_job: Path, tmp_path: Path) -> None:
    settings = with_changes({**EXACT, "train.devices": 3})
    process = start(tmp_path / "a", prepared_job, settings, start_new_session=True)
    wait_for(lambda: len(followers(process.pid)) == 2)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (-signal.SIGINT, 130)
    assert "Traceback" not in errors


def test_rows_of_a_batch_go_to_one_worker_each() -> None:
    for rows in (1, 2, 3, 5, 8):
        shares = [Workers(rank, 3).share(np.arange(rows)) for rank in range(3)]
        assert sorted(row for own, part in shares if part for row in own) == list(range(rows))
        assert sum(part for _, part in shares) == pytest.approx(1)


def test_shared_batch_norm_in_eval_mode_is_batch_norm() -> None:
    plain = nn.BatchNorm2d(3).double()
    x = torch.randn(4, 3, 5, 5, dtype=torch.float64)
    plain(x)
    shared = SharedBatchNorm2d(plain, lambda: False)
    torch.testing.assert_close(shared.eval()(x), plain.eval()(x))
