"""Jobs of one machine with several GPUs; CUDA is a stand-in that names two, everything else is real."""

from types import SimpleNamespace

import pytest
import torch

from beamfusion.device import free_devices
from jobkit import claim
from jobkit.errors import UserError


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("claims")
    monkeypatch.setattr(claim, "claims_folder", lambda: folder)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=f"GPU-{index}")
    )


def test_a_cpu_is_shared() -> None:
    with free_devices("cpu", 2) as first, free_devices("cpu") as second:
        assert [*first, *second] == [torch.device("cpu")] * 3


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
