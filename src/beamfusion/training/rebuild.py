"""The job `rebuild`: the MRM for the missing modalities, and the predictor finetuned with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from beamfusion.data.dataset import Batch, WindowDataset, open_datasets
from beamfusion.device import compute_dtype
from beamfusion.evaluation.predict import predict
from beamfusion.models.checkpoint import CHECKPOINT, load_checkpoint
from beamfusion.models.networks import Networks, start_rebuilding, weight_dtype
from beamfusion.settings import Modality, Settings
from beamfusion.training.rebuild_losses import contrast_loss, distance_loss, trans_loss
from beamfusion.training.train import beam_loss, training_outcome
from beamfusion.training.trainer import Plan, Trainer
from jobkit.job import Outcome
from jobkit.ledger import Ledger


def rebuild(
    folder: Path,
    prepared: Path,
    training: Path,
    settings: Settings,
    device: torch.device,
    ledger: Ledger | None,
) -> Outcome:
    """Train the MRM in `folder` for the predictor of the job in `training`; checkpoint.pt holds both.

    `complete_dba` is the finetuned predictor's on the validation part with nothing missing.
    """
    datasets = open_datasets(prepared, settings, window_step=settings.rebuild.window_step)
    torch.manual_seed(settings.seed)
    predictor, rebuilder = start_rebuilding(training, settings, device)
    task = RebuildTask(Networks(predictor, rebuilder), datasets.validation, settings, device)
    options = settings.rebuild
    rates = [options.lr, options.predictor_lr]
    optimizer = torch.optim.AdamW(
        [
            {"params": list(network.parameters()), "lr": rate}
            for network, rate in zip((rebuilder.mrm, predictor), rates, strict=True)
        ],
        weight_decay=options.weight_decay,
        fused=True,
    )
    plan = Plan(
        epochs=options.epochs,
        batch_size=options.batch_size,
        rates=lambda epoch: rates,
        clip=options.clip,
        dtype=compute_dtype(settings.train.precision, device),
        weights=weight_dtype(settings),
        seed=settings.seed,
    )
    result = Trainer(task, optimizer, datasets.train, plan, folder=folder, device=device, ledger=ledger).fit()
    scores = {}
    if result.diverged_in is None:
        load_checkpoint(folder / CHECKPOINT, {"predictor": predictor})
        scores["complete_dba"] = predict(Networks(predictor), datasets.validation, device).dba
    return training_outcome(result, device, scores)


class RebuildTask:
    """The rebuilding losses; scored by the validation part with the missing modalities rebuilt.

    Where `predictor_lr` is 0 the predictor stays as it is, its BatchNorm statistics included.
    """

    def __init__(
        self,
        networks: Networks,
        validation: WindowDataset,
        settings: Settings,
        device: torch.device,
    ):
        assert networks.rebuilder is not None
        self._predictor, self._rebuilder = networks.predictor, networks.rebuilder
        self._networks, self._validation = networks, validation
        self._settings, self._device = settings, device
        self._first_epoch = True
        self._predictor_stays = settings.rebuild.predictor_lr == 0
        if self._predictor_stays:
            self._predictor.requires_grad_(False)
        self.network: nn.Module = nn.ModuleDict({"predictor": self._predictor, "mrm": self._rebuilder.mrm})

    def start_epoch(self, epoch: int) -> None:
        self._first_epoch = epoch == 0
        self.network.train(self._first_epoch or self._settings.rebuild.train_mode == "always")
        if self._predictor_stays:
            self._predictor.eval()

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Compute each term whose weight is not 0, before weighting, and their weighted `total`."""
        options, mrm, history = self._settings.rebuild, self._rebuilder.mrm, self._settings.data.history
        features = self._rebuilder.features(batch, mrm.modalities)
        halves = mrm.project(features)
        rebuilt = mrm.translate(halves)
        shared = {modality: half.shared for modality, half in halves.items()}
        specific = {modality: half.specific for modality, half in halves.items()}
        label = first_beam(batch) if options.contrast == "supervised" else None
        weights = {name: weight for name, weight in options.losses if name != "published" and weight}
        terms: dict[str, Tensor] = {}
        if "pred" in weights:
            terms["pred"] = beam_loss(mrm.predict(halves, rebuilt), batch.beam, self._settings.train)
        if "fusion" in weights:
            terms["fusion"] = self._fusion_loss(batch, rebuilt)
        if "trans" in weights:
            own = mrm.encoders is not None
            true = self._rebuilder.true_features(batch, mrm.missing) if own else features
            terms["trans"] = trans_loss(rebuilt, true)
        if "contrast" in weights:
            terms["contrast"] = contrast_loss(
                shared, history=history, temperature=options.temperature, beam=label
            )
        if "distance" in weights:
            terms["distance"] = distance_loss(specific, history=history, norm=options.distance)
        total = sum(weights[name] * term for name, term in terms.items())
        return {**terms, "total": cast("Tensor", total)}

    def _fusion_loss(self, batch: Batch, rebuilt: dict[Modality, Tensor]) -> Tensor:
        """Compute the predictor's own loss, with what is drawn to be replaced rebuilt and the rest true.

        Published: image is drawn in the first epoch only, LiDAR and radar are always replaced, and an image
        that is not drawn is the filler. A predictor that stays as it is learns nothing from true features,
        so it sees rebuilt ones only.
        """
        missing, options = self._settings.missing, self._settings.rebuild
        drawn = torch.rand(()).item() < options.replace_probability or self._predictor_stays
        filled: tuple[Modality, ...] = ()
        if options.replace == "published":
            drawn = drawn or not self.network.training
            replaced = {m: x for m, x in rebuilt.items() if drawn or m != "image"}
            filled = tuple(m for m in rebuilt if m not in replaced)
        else:
            replaced = rebuilt if drawn else {}
        logits = self._predictor(
            batch.image,
            batch.lidar,
            batch.radar,
            batch.gps,
            missing=filled,
            fill=missing.fill,
            rebuilt=replaced,
        )
        return beam_loss(logits, batch.beam, self._settings.train)

    def after_step(self) -> None:
        """Do nothing: learning rates are constant and there is no average."""

    def validate(self) -> float:
        part, missing = self._validation, self._settings.missing
        return predict(self._networks, part, self._device, missing=missing).dba

    def networks(self) -> dict[str, nn.Module]:
        return {"predictor": self._predictor, "mrm": self._rebuilder.mrm}

    def state(self) -> dict[str, Any]:
        return {"network": self.network.state_dict()}

    def load_state(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])


def first_beam(batch: Batch) -> Tensor:
    """Return (B,) the beam, or of a forecast the first of its steps."""
    return batch.beam if batch.beam.ndim == 1 else batch.beam[:, 0]
