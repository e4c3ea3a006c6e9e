"""Jobs of one machine with several GPUs; CUDA is a stand-in that names two, everything else is real."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from beamfusion.device import free_devices
from beamfusion.stages.start import run_stage
from jobkit import claim
from jobkit.errors import UserError
from jobkit.job import Outcome
from jobkit.result import read_result
from tests.beamfusion.tiny import with_changes


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setattr(claim, "CLAIMS", tmp_path_factory.mktemp("claims"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=f"GPU-{index}")
    )


def test_a_cpu_is_shared() -> None:
    with free_devices("cpu", 2) as first, free_devices("cpu") as second:
        assert [*first, *second] == [torch.device("cpu")] * 3


def test_a_cpu_is_not_filled_with_processes() -> None:
    expected = r"train\.devices: 4096 processes, but this machine has \d+ cores"
    with pytest.raises(UserError, match=expected), free_devices("cpu", 4096):
        pass


@pytest.mark.usefixtures("two_gpus")
def test_each_job_has_a_gpu_of_its_own() -> None:
    with free_devices("auto") as (first,), free_devices("cuda") as (second,):
        assert [first, second] == [torch.device("cuda:0"), torch.device("cuda:1")]
    with free_devices("auto", 2) as both:
        assert both == [torch.device("cuda:0"), torch.device("cuda:1")]


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_that_is_asked_for_is_the_one() -> None:
    with free_devices("cuda:1") as devices:
        assert devices == [torch.device("cuda:1")]


@pytest.mark.usefixtures("two_gpus")
def test_more_gpus_than_there_are_are_not_waited_for() -> None:
    with (
        pytest.raises(UserError, match=r"train\.devices: 3, but this machine has 2 GPUs"),
        free_devices("auto", 3),
    ):
        pass


@pytest.mark.usefixtures("two_gpus")
def test_the_first_gpu_of_a_job_is_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    current: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    with free_devices("cuda:1"):
        assert current == [torch.device("cuda:1")]


HOLD = """
import sys, time
from pathlib import Path
from jobkit.claim import claimed
with claimed(["GPU-0", "GPU-1"], 2, Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(2)
"""


@pytest.mark.usefixtures("two_gpus")
def test_waiting_for_a_gpu_costs_nothing(
    prepared_job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beamfusion.stages.train.train", lambda *_: Outcome(device="GPU", peak_memory=1))
    settings = with_changes({"model.kind": "gps_gru"})
    command = [sys.executable, "-c", HOLD, str(claim.CLAIMS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        begin = time.monotonic()
        run_stage("train", tmp_path / "a", settings, needs=prepared_job, device="auto", threads=1)
    assert time.monotonic() - begin > 1.5
    assert read_result(tmp_path / "a").cost.seconds < 1
