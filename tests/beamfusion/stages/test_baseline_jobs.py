"""Each baseline as the jobs of the matrix run it: trained, scored, profiled."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from numpy.typing import NDArray

from beamfusion.data.dataset import open_datasets
from beamfusion.distributed.workers import Workers
from beamfusion.models.baselines.gps_least_squares import GpsLeastSquares
from beamfusion.settings import parse_settings
from beamfusion.training.train import fit_least_squares
from jobkit.errors import UserError
from jobkit.result import read_result
from tests.beamfusion.tiny import with_changes

Run = Callable[..., Path]


def logits(evaluation: Path) -> NDArray[np.float32]:
    return np.stack(pq.read_table(evaluation / "predictions.parquet")["logits"].to_numpy())


@pytest.mark.parametrize("kind", ["gps_gru", "image_gps_cnn", "masked_transformer"])
def test_a_baseline_is_trained_scored_and_profiled_like_any_model(run: Run, kind: str) -> None:
    changes = {"model__kind": kind, "train__epochs": 1}
    training = run("train", "a", **changes)
    whole = run("evaluate", "b", training, **changes)
    without = run("evaluate", "c", training, **changes, missing__modalities=["image"])
    speed = read_result(run("profile", "d", training, **changes, profile__repeats=2)).scores
    assert read_result(training).status == "done"
    assert 0 <= read_result(whole).scores["dba"]["overall"] <= 1
    assert np.array_equal(logits(whole), logits(without)) == (kind == "gps_gru")
    assert speed["parameters"] > 0
    assert speed["fps"] == pytest.approx(1 / speed["latency"])


def test_of_several_processes_that_solve_one_writes(prepared_job: Path, tmp_path: Path) -> None:
    settings = parse_settings(with_changes({"model.kind": "gps_least_squares"}))
    parts, cpu = open_datasets(prepared_job / "frames", settings), torch.device("cpu")
    fits = []
    for rank in range(2):
        network = GpsLeastSquares(settings.model, history=settings.data.history)
        fits.append(fit_least_squares(network, parts, tmp_path / f"{rank}.pt", cpu, Workers(rank, 2)))
    assert fits[0] == fits[1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["0.pt"]


@pytest.mark.parametrize("kind", ["gps_gru", "image_gps_cnn", "masked_transformer"])
def test_nothing_can_be_rebuilt_for_a_baseline(run: Run, kind: str) -> None:
    changes = {"model__kind": kind, "train__epochs": 1}
    training = run("train", "a", **changes)
    with pytest.raises(UserError, match=rf"rebuild\.enabled: nothing can be rebuilt .* {kind}"):
        run("rebuild", "b", training, **changes, missing__modalities=["image"], rebuild__enabled=True)
