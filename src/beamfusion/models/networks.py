"""The networks of a finished job: a predictor, and what rebuilds missing modalities for it, if anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from beamfusion.data.dataset import Batch
from beamfusion.models.baselines.gps_gru import GpsGru
from beamfusion.models.baselines.gps_least_squares import GpsLeastSquares
from beamfusion.models.baselines.image_gps_cnn import ImageGpsCnn
from beamfusion.models.baselines.masked_transformer import MaskedTransformer
from beamfusion.models.beam_predictor import BeamPredictor
from beamfusion.models.checkpoint import CHECKPOINT, load_checkpoint
from beamfusion.models.encoders import CHANNELS
from beamfusion.models.mrm import MRM
from beamfusion.models.predictor import Predictor
from beamfusion.models.resnet import ResNet
from beamfusion.settings import Modality, Settings, parse_settings
from jobkit.errors import UserError
from jobkit.files import read_json
from jobkit.result import SETTINGS

KINDS: dict[str, type[BeamPredictor]] = {
    "fusion": Predictor,
    "gps_least_squares": GpsLeastSquares,
    "gps_gru": GpsGru,
    "image_gps_cnn": ImageGpsCnn,
    "masked_transformer": MaskedTransformer,
}
"""The network of each `model.kind`."""


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
        """Compute stage-1 maps (B*T, width, h, w) as the predictor reads them."""
        frames = self._frames(batch, modalities)
        return {modality: self._stages[modality].stage(1, x.flatten(0, 1)) for modality, x in frames.items()}

    def features(self, batch: Batch, modalities: tuple[Modality, ...]) -> dict[Modality, Tensor]:
        """Compute the stage-1 maps that the MRM projects: the true ones, or those of its own encoders."""
        if self.mrm.encoders is None:
            return self.true_features(batch, modalities)
        frames = self._frames(batch, modalities)
        return {modality: self.mrm.encode(modality, x) for modality, x in frames.items()}

    @torch.no_grad()
    def rebuild(self, batch: Batch) -> dict[Modality, Tensor]:
        """Compute the missing modalities' stage-1 maps (B*T, width, h, w), from the sources alone."""
        return self.mrm.rebuild(self.features(batch, self.mrm.sources))

    def _frames(self, batch: Batch, modalities: tuple[Modality, ...]) -> dict[Modality, Tensor]:
        return {modality: self._normalise(modality, getattr(batch, modality)) for modality in modalities}


@dataclass(frozen=True)
class Networks:
    predictor: BeamPredictor
    rebuilder: Rebuilder | None = None


def new_predictor(settings: Settings) -> BeamPredictor:
    """Build the untrained network of the settings."""
    kind, data = KINDS[settings.model.kind], settings.data
    return kind(settings.model, history=data.history, horizon=data.horizon)


def load_predictor(folder: Path) -> BeamPredictor:
    """Load the network that `import_checkpoint` or a job wrote, in eval mode, on the CPU."""
    document = read_json(folder / SETTINGS)
    if not isinstance(document, dict) or "settings" not in document:
        raise UserError(
            f"{folder / SETTINGS}: states no settings; expected a folder of import-checkpoint or of a job"
        )
    predictor = new_predictor(parse_settings(document["settings"], str(folder / SETTINGS)))
    load_checkpoint(folder / CHECKPOINT, {"predictor": predictor})
    return predictor.eval()


def load_predictor_of(training: Path, settings: Settings, device: torch.device) -> BeamPredictor:
    """Load the predictor of a job of stage train, in eval mode."""
    predictor = new_predictor(settings)
    load_checkpoint(training / CHECKPOINT, {"predictor": predictor})
    return predictor.to(device, weight_dtype(settings)).eval()


def load_networks_of(
    training: Path, rebuilding: Path | None, settings: Settings, device: torch.device
) -> Networks:
    """Load the predictor of a job of stage train, or a job of stage rebuild's finetuned one and its MRM."""
    if rebuilding is None:
        return Networks(load_predictor_of(training, settings, device))
    predictor, rebuilder = start_rebuilding(training, settings, device)
    load_checkpoint(rebuilding / CHECKPOINT, {"predictor": predictor, "mrm": rebuilder.mrm})
    return Networks(predictor, rebuilder)


def start_rebuilding(training: Path, settings: Settings, device: torch.device) -> tuple[Predictor, Rebuilder]:
    """Load the trained predictor that a job of stage rebuild starts from, and build a new MRM for it."""
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
    """Build an encoder that ends after its first stage, with random weights or the predictor's.

    Its device and dtype are those of the predictor's.
    """
    whole = cast("ResNet", predictor.encoders[modality])
    encoder = ResNet(CHANNELS[modality], predictor.model.width, whole.depths[:1]).to(whole.conv1.weight)
    if trained:
        weights = whole.state_dict()
        encoder.load_state_dict({name: weights[name] for name in encoder.state_dict()})
    return encoder


def weight_dtype(settings: Settings) -> torch.dtype:
    """Return the dtype of weights: float32 unless all is float64, since bfloat16 is for products only."""
    return torch.float64 if settings.train.precision == "float64" else torch.float32
