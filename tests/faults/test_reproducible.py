"""The same commit, settings and seed give the same bits on a CPU, with any number of jobs at once."""

from pathlib import Path

import pytest
import torch

from tests.faults.chain import Chain, scores, start
from tests.faults.conftest import Faults

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("at_once", [1, 4])
def test_scores_and_weights_are_the_same_to_the_bit(
    at_once: int, chain: Chain, faults: Faults, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("jobs")
    processes = {
        (stage, number): start(chain.command(stage, folder / f"{stage}{number}"))
        for stage in ("train", "rebuild")
        for number in range(at_once)
    }
    for (stage, number), process in processes.items():
        _, errors = process.communicate()
        assert process.returncode == 0, errors
        with faults.survive(f"{at_once} jobs of a kind at once"):
            assert scores(folder / f"{stage}{number}") == chain.scores(stage)
            mine, theirs = (
                torch.load(job / "checkpoint.pt", weights_only=True)
                for job in (folder / f"{stage}{number}", chain.folder / stage)
            )
            for name in theirs:
                assert all(torch.equal(mine[name][key], value) for key, value in theirs[name].items())


def test_the_number_of_threads_is_the_jobs_and_not_the_environments(chain: Chain, tmp_path: Path) -> None:
    process = start(chain.command("train", tmp_path / "train"), threads="2")
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert scores(tmp_path / "train") == chain.scores("train")
