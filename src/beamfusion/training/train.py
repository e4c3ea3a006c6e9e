"""The job `train`: the predictor, its best epoch by the validation part."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from beamfusion.data.dataset import Batch, Datasets, WindowDataset, open_datasets
from beamfusion.device import compute_dtype, describe_device, peak_memory
from beamfusion.distributed.workers import SINGLE_PROCESS, Workers
from beamfusion.evaluation.predict import predict
from beamfusion.models.baselines.gps_least_squares import GpsLeastSquares
from beamfusion.models.beam_predictor import BeamPredictor
from beamfusion.models.checkpoint import CHECKPOINT, save_checkpoint
from beamfusion.models.encoders import start_from_imagenet
from beamfusion.models.networks import Networks, new_predictor, weight_dtype
from beamfusion.settings import Settings, Train
from beamfusion.training.ema import averaged
from beamfusion.training.losses import focal_loss, soft_targets
from beamfusion.training.schedule import learning_rate
from beamfusion.training.trainer import STATE, Plan, Trainer, TrainingResult
from jobkit.job import Outcome
from jobkit.ledger import Ledger


def train(
    folder: Path,
    prepared: Path,
    settings: Settings,
    device: torch.device,
    ledger: Ledger | None,
    workers: Workers = SINGLE_PROCESS,
) -> Outcome:
    """Train a predictor in `folder` on the frames in `prepared`; checkpoint.pt holds its best epoch.

    Each of several workers calls this; the leader writes, and has the ledger.
    """
    datasets = open_datasets(prepared, settings, window_step=settings.train.window_step)
    torch.manual_seed(settings.seed)
    predictor = new_predictor(settings)
    if isinstance(predictor, GpsLeastSquares):
        result = fit_least_squares(predictor, datasets, folder / CHECKPOINT, device, workers)
    else:
        result = fit_by_gradient(predictor, datasets, settings, folder, device, ledger, workers)
    return training_outcome(result, device, {"windows": window_counts(datasets)}, workers.world_size)


def window_counts(datasets: Datasets) -> dict[str, int]:
    """Count windows that train, altered copies among them, that validate, and that no part has."""
    return {
        "train": len(datasets.train),
        "altered": datasets.train.altered,
        "validation": len(datasets.validation),
        **datasets.left_out,
    }


def fit_by_gradient(
    predictor: BeamPredictor,
    datasets: Datasets,
    settings: Settings,
    folder: Path,
    device: torch.device,
    ledger: Ledger | None,
    workers: Workers = SINGLE_PROCESS,
) -> TrainingResult:
    """Train by AdamW on the focal loss, by the schedule of the settings."""
    if settings.model.imagenet is not None:
        start_from_imagenet(predictor, Path(settings.model.imagenet))
    predictor.to(device, weight_dtype(settings))
    task = PredictorTask(predictor, datasets.validation, settings.train, device, workers)
    optimizer = torch.optim.AdamW(
        predictor.parameters(), settings.train.lr, weight_decay=settings.train.weight_decay, fused=True
    )
    plan = Plan(
        epochs=settings.train.epochs,
        batch_size=settings.train.batch_size,
        rates=lambda epoch: [learning_rate(epoch, settings.train)],
        clip=settings.train.clip,
        dtype=compute_dtype(settings.train.precision, device),
        weights=weight_dtype(settings),
        seed=settings.seed,
    )
    trainer = Trainer(
        task, optimizer, datasets.train, plan, folder=folder, device=device, ledger=ledger, workers=workers
    )
    return trainer.fit()


def fit_least_squares(
    predictor: GpsLeastSquares,
    datasets: Datasets,
    checkpoint: Path,
    device: torch.device,
    workers: Workers = SINGLE_PROCESS,
) -> TrainingResult:
    """Solve for the training part, each worker for all of it; there is one epoch, the first."""
    predictor.fit(*map(torch.from_numpy, datasets.train.positions()))
    if workers.is_leader:
        save_checkpoint(checkpoint, {"predictor": predictor})
    score = predict(Networks(predictor.to(device)), datasets.validation, device).dba
    return TrainingResult(epochs=1, best_epoch=1, best_score=score)


def training_outcome(
    result: TrainingResult, device: torch.device, scores: dict[str, Any], devices: int = 1
) -> Outcome:
    """Return how a training ended, as its job's outcome."""
    return Outcome(
        scores={**scores, "best_epoch": result.best_epoch, "validation_dba": result.best_score},
        status="done" if result.diverged_in is None else "diverged",
        epoch=result.diverged_in,
        epochs=result.epochs,
        device=describe_device(device),
        device_count=devices,
        processes=devices,
        peak_memory=peak_memory(device),
        obsolete=(STATE,),
    )


class PredictorTask:
    """Focal loss on soft targets; the averaged weights, where there are any, are scored and saved."""

    def __init__(
        self,
        network: BeamPredictor,
        validation: WindowDataset,
        settings: Train,
        device: torch.device,
        workers: Workers = SINGLE_PROCESS,
    ):
        self.network, self._workers = network, workers
        self._shared = workers.share_network(network)
        self._average = averaged(network, settings.ema) if settings.ema is not None else None
        self._validation, self._settings, self._device = validation, settings, device

    def start_epoch(self, epoch: int) -> None:
        self.network.train()

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        logits = self._shared(batch.image, batch.lidar, batch.radar, batch.gps)
        return {"total": beam_loss(logits, batch.beam, self._settings)}

    def after_step(self) -> None:
        if self._average is not None:
            self._average.update_parameters(self.network)

    def validate(self) -> float:
        networks = Networks(self._scored)
        return predict(networks, self._validation, self._device, workers=self._workers).dba

    def networks(self) -> dict[str, nn.Module]:
        return {"predictor": self._scored}

    def state(self) -> dict[str, Any]:
        average = self._average.state_dict() if self._average is not None else None
        return {"network": self.network.state_dict(), "average": average}

    def load_state(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])

    @property
    def _scored(self) -> BeamPredictor:
        return self.network if self._average is None else cast("BeamPredictor", self._average.module)


def beam_loss(logits: Tensor, beam: Tensor, settings: Train) -> Tensor:
    """Compute the sigmoid focal loss of logits (B,64) against soft targets around beam (B,).

    Of a forecast: logits (B,horizon,64), beams (B,horizon), and the mean over its steps.
    """
    targets = soft_targets(beam, settings.label_sigma).to(logits.dtype)
    return focal_loss(logits, targets, settings.focal_gamma, settings.focal_alpha)
