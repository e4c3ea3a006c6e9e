"""Processes that share a training and leave it: what the leader says, with real processes over gloo."""

import multiprocessing
import os

import pytest
import torch

from beamfusion.distributed.launch import leading
from beamfusion.distributed.process_group import lost_another
from beamfusion.distributed.workers import Workers
from jobkit.errors import UserError

pytestmark = pytest.mark.slow

TWO = [torch.device("cpu")] * 2


def leave(device: torch.device, ledger: None, workers: Workers) -> None:
    os._exit(7)


def run_out_of_memory(device: torch.device, ledger: None, workers: Workers) -> None:
    raise torch.cuda.OutOfMemoryError


def wait_for_the_leader(device: torch.device, ledger: None, workers: Workers) -> None:
    workers.gather(0)


def test_a_process_that_ends_is_known_by_what_gloo_says() -> None:
    raised: list[RuntimeError] = []

    def wait_in_vain() -> None:
        with leading(TWO, 1, leave) as workers:
            try:
                workers.gather(0)
            except RuntimeError as error:
                raised.append(error)
                raise

    with pytest.raises(UserError, match="ended with 7"):
        wait_in_vain()
    assert lost_another(raised[0])


def test_another_error_is_not_taken_for_a_process_that_ended() -> None:
    assert not lost_another(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_a_gpu_that_is_too_small_for_another_process_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    expected = r"ran out of its GPU's memory; expected a smaller train\.batch_size"
    with pytest.raises(UserError, match=expected), leading(TWO, 1, run_out_of_memory) as workers:
        workers.gather(0)
    assert "Traceback" not in capfd.readouterr().err


def test_a_leader_that_is_told_to_stop_leaves_however_many_wait_for_it() -> None:
    with (
        pytest.raises(SystemExit),
        leading([torch.device("cpu")] * 4, 1, wait_for_the_leader),
    ):
        raise SystemExit(143)
    assert not multiprocessing.active_children()


def test_an_error_of_the_leader_ends_the_others_without_words(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="its own"), leading(TWO, 1, wait_for_the_leader):
        raise UserError("its own")
    assert "Traceback" not in capfd.readouterr().err
