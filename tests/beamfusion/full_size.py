"""One training step and one evaluation of a network at full size, in a process of its own.

A step is as many windows as make 10 frames, 2 of the usual 5, not the published batch of 24.
`python -m tests.beamfusion.full_size NAME` prints CPU seconds, peak memory in bytes, the loss and the score.
"""

import json
import sys
import time
from collections.abc import Sequence
from typing import Any, cast

import torch

from beamfusion.data.dataset import Batch, WindowDataset
from beamfusion.evaluation.predict import predict
from beamfusion.models.baselines.gps_least_squares import GpsLeastSquares
from beamfusion.models.beam_predictor import count_parameters
from beamfusion.models.mrm import MRM
from beamfusion.models.networks import Networks, Rebuilder, new_predictor
from beamfusion.models.predictor import Predictor
from beamfusion.scales import read_scale
from beamfusion.settings import Settings, parse_settings
from beamfusion.training.rebuild import RebuildTask
from beamfusion.training.train import PredictorTask
from beamfusion.training.trainer import Task
from jobkit.job import resident_peak
from jobkit.settings import merged

CPU = torch.device("cpu")
BIMAMBA = {"feature_fusion": "bimamba", "time_fusion": "mamba"}
NETWORKS: dict[str, dict[str, Any]] = {
    "csbimamba + attenmamba": {},
    "csbimamba + attenmamba, published": {"model": {"published": True}},
    "csbimamba + sum": {"model": {"time_fusion": "sum"}},
    "bimamba + mamba": {"model": BIMAMBA},
    "mamba + mamba": {"model": {"feature_fusion": "mamba", "time_fusion": "mamba"}},
    "transformer + sum": {"model": {"feature_fusion": "transformer", "time_fusion": "sum"}},
    "transformer + attenmamba": {"model": {"feature_fusion": "transformer"}},
    "forecast": {"model": BIMAMBA, "data": {"history": 10, "horizon": 5}},
    "rebuild": {
        "missing": {"modalities": ["image"]},
        "rebuild": {"enabled": True, "replace_probability": 1},
    },
    "gps_least_squares": {"model": {"kind": "gps_least_squares"}},
    "gps_gru": {"model": {"kind": "gps_gru"}},
    "image_gps_cnn": {"model": {"kind": "image_gps_cnn"}},
    "masked_transformer": {"model": {"kind": "masked_transformer"}},
}


class RandomWindows:
    """As many windows of noise as make 10 frames of each modality, the size that memory was measured with."""

    def __init__(self, settings: Settings):
        self.settings = settings

    def __len__(self) -> int:
        return 10 // self.settings.data.history

    def batch(self, rows: Sequence[int]) -> Batch:
        n, data, frames = len(rows), self.settings.data, self.settings.frames
        image, lidar, radar = frames.image_size, frames.lidar_grid, frames.radar_size
        return Batch(
            image=255 * torch.rand(n, data.history, 3, image, image),
            lidar=torch.rand(n, data.history, 1, lidar, lidar),
            radar=torch.rand(n, data.history, 2, radar, radar),
            gps=torch.randn(n, 2, 2),
            beam=torch.randint(64, (n, data.horizon) if data.horizon > 1 else (n,)),
            scenario=torch.full((n,), 32),
        )


def run(name: str) -> dict[str, Any]:
    settings = parse_settings(merged(read_scale("paper").content, NETWORKS[name]))
    torch.manual_seed(settings.seed)
    windows = cast("WindowDataset", RandomWindows(settings))
    batch = windows.batch(range(len(windows)))
    predictor = new_predictor(settings)
    networks = Networks(predictor)
    task: Task | None = None
    if settings.rebuild.enabled:
        assert isinstance(predictor, Predictor)
        mrm = MRM(settings.model.width, modalities=predictor.present, missing=settings.missing.modalities)
        networks = Networks(predictor, Rebuilder(predictor, mrm))
        task = RebuildTask(networks, windows, settings, CPU)
    elif not isinstance(predictor, GpsLeastSquares):
        task = PredictorTask(predictor, windows, settings.train, CPU)
    start = time.process_time()
    loss = 0.0 if task is None else step(task, batch, settings)
    trained = time.process_time()
    score = predict(networks, windows, CPU, missing=settings.missing).dba
    scored = time.process_time()
    return {
        "parameters": count_parameters(predictor)["total"],
        "training_step": round(trained - start, 2),
        "evaluation": round(scored - trained, 2),
        "memory": resident_peak(),
        "loss": loss,
        "dba": score,
    }


def step(task: Task, batch: Batch, settings: Settings) -> float:
    optimizer = torch.optim.AdamW(task.network.parameters(), settings.train.lr, fused=True)
    task.start_epoch(0)
    loss = task.losses(batch)["total"]
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    task.after_step()
    return float(loss.detach())


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(run(sys.argv[1])))
