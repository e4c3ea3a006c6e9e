"""The networks of a finished job: a predictor, and what rebuilds missing modalities for it, if anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from beamfusion.checkpoint import CHECKPOINT, load_checkpoint
from beamfusion.data.dataset import Batch
from beamfusion.models.beam_predictor import BeamPredictor
from beamfusion.models.encoders import CHANNELS
from beamfusion.models.gps_gru import GpsGru
from beamfusion.models.gps_least_squares import GpsLeastSquares
from beamfusion.models.image_gps_cnn import ImageGpsCnn
from beamfusion.models.masked_transformer import MaskedTransformer
from beamfusion.models.mrm import MRM
from beamfusion.models.predictor import Predictor
from beamfusion.models.resnet import ResNet
from beamfusion.settings import Modality, Settings
from jobkit.errors import UserError

KINDS: dict[str, type[BeamPredictor]] = {
    "fusion": Predictor,
    "gps_least_squares": GpsLeastSquares,
    "gps_gru": GpsGru,
    "image_gps_cnn": ImageGpsCnn,
    "masked_transformer": MaskedTransformer,
}
"""What each `model.kind` is."""


class Rebuilder:
    """The MRM on top of frozen copies of the predictor's first stages, as they were before its finetuning."""

    def __init__(self, frozen: Predictor, mrm: MRM):
        self.mrm = mrm
        self._normalise = frozen.normalise
        self._stages = {
            modality: first_stage(frozen, modality, trained=True).requires_grad_(False).eval()
            for modality in mrm.modalities
        }

    @torch.no_grad()
    def true_features(self, batch: Batch, modalities: tuple[Modality, ...]) -> dict[Modality, Tensor]:
        """Stage-1 maps (B*T, width, h, w) as the predictor reads them."""
        frames = self._frames(batch, modalities)
        return {modality: self._stages[modality].stage(1, x.flatten(0, 1)) for modality, x in frames.items()}

    def features(self, batch: Batch, modalities: tuple[Modality, ...]) -> dict[Modality, Tensor]:
        """The stage-1 maps that the MRM projects: the true ones, or those of its own encoders."""
        if self.mrm.encoders is None:
            return self.true_features(batch, modalities)
        frames = self._frames(batch, modalities)
        return {modality: self.mrm.encode(modality, x) for modality, x in frames.items()}

    @torch.no_grad()
    def rebuild(self, batch: Batch) -> dict[Modality, Tensor]:
        """The missing modalities' stage-1 maps (B*T, width, h, w), from the sources alone."""
        return self.mrm.rebuild(self.features(batch, self.mrm.sources))

    def _frames(self, batch: Batch, modalities: tuple[Modality, ...]) -> dict[Modality, Tensor]:
        return {modality: self._normalise(modality, getattr(batch, modality)) for modality in modalities}


@dataclass(frozen=True)
class Networks:
    predictor: BeamPredictor
    rebuilder: Rebuilder | None = None


def new_predictor(settings: Settings) -> BeamPredictor:
    """What a job of stage train starts from."""
    kind, data = KINDS[settings.model.kind], settings.data
    return kind(settings.model, history=data.history, horizon=data.horizon)


def load_predictor_of(training: Path, settings: Settings, device: torch.device) -> BeamPredictor:
    """The predictor of a job of stage train, in eval mode."""
    predictor = new_predictor(settings)
    load_checkpoint(training / CHECKPOINT, {"predictor": predictor})
    return predictor.to(device, weight_dtype(settings)).eval()


def load_networks_of(
    training: Path, rebuilding: Path | None, settings: Settings, device: torch.device
) -> Networks:
    """The predictor of a job of stage train, or the finetuned one and the MRM of a job of stage rebuild."""
    if rebuilding is None:
        return Networks(load_predictor_of(training, settings, device))
    predictor, rebuilder = start_rebuilding(training, settings, device)
    load_checkpoint(rebuilding / CHECKPOINT, {"predictor": predictor, "mrm": rebuilder.mrm})
    return Networks(predictor, rebuilder)


def start_rebuilding(training: Path, settings: Settings, device: torch.device) -> tuple[Predictor, Rebuilder]:
    """What a job of stage rebuild starts from: the trained predictor, and a new MRM on frozen encoders."""
    predictor = load_predictor_of(training, settings, device)
    if not isinstance(predictor, Predictor):
        raise UserError(f"rebuild.enabled: nothing can be rebuilt where model.kind is {settings.model.kind}")
    model, data = settings.model, settings.data
    mrm = MRM(model.width, modalities=model.modalities, missing=settings.missing.modalities)
    if settings.rebuild.encoders != "frozen":
        trained = settings.rebuild.encoders == "trained"
        mrm.encoders = nn.ModuleDict(
            {modality: first_stage(predictor, modality, trained=trained) for modality in mrm.modalities}
        )
    if settings.rebuild.losses.pred:
        mrm.add_fusion_head(model, history=data.history, horizon=data.horizon)
    return predictor, Rebuilder(predictor, mrm.to(device, weight_dtype(settings)))


def first_stage(predictor: Predictor, modality: Modality, *, trained: bool) -> ResNet:
    """An encoder that ends after its first stage, with random weights or those of the predictor's, where
    and of the type that those are.
    """
    whole = cast("ResNet", predictor.encoders[modality])
    encoder = ResNet(CHANNELS[modality], predictor.model.width, whole.depths[:1]).to(whole.conv1.weight)
    if trained:
        weights = whole.state_dict()
        encoder.load_state_dict({name: weights[name] for name in encoder.state_dict()})
    return encoder


def weight_dtype(settings: Settings) -> torch.dtype:
    """bfloat16 is for products only; weights are float32 unless all is float64."""
    return torch.float64 if settings.train.precision == "float64" else torch.float32
