"""The base of all networks that predict beams: their inputs, the filler of a missing one, their head."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from beamfusion.models.decoder import Decoder, logit
from beamfusion.settings import BEAMS, MODALITIES, Modality, Model
from jobkit.errors import UserError, did_you_mean

GPS_FIXES = 2
GPS_COLUMNS = 2
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Filler:
    """The missing modalities, and what replaces their normalised inputs."""

    missing: Collection[Modality] = ()
    fill: str = "zeros"
    generator: torch.Generator | None = None

    def __post_init__(self) -> None:
        for modality in self.missing:
            if modality not in MODALITIES:
                raise ValueError(f"missing: no modality {modality!r}{did_you_mean(modality, MODALITIES)}")
        if self.fill not in ("zeros", "random"):
            raise ValueError(f"fill: no filler {self.fill!r}; expected zeros or random")


class BeamPredictor(nn.Module, ABC):
    """Frames and GPS of a window -> logits (B, 64), or (B, horizon, 64) where the horizon is above 1.

    A subclass sets `present`, the modalities that it looks at, and computes in `compute`.
    """

    image_scale: Tensor
    image_shift: Tensor
    present: tuple[Modality, ...] = MODALITIES

    def __init__(self, model: Model, *, history: int, horizon: int = 1):
        super().__init__()
        self.model = model
        self.history = history
        self.encoders = nn.ModuleDict()
        self.decoder = build_decoder(model, horizon)
        std = torch.tensor(IMAGENET_STD).view(3, 1, 1)
        mean = torch.tensor(IMAGENET_MEAN).view(3, 1, 1)
        self.register_buffer("image_scale", 1 / (255 * std), persistent=False)
        self.register_buffer("image_shift", -mean / std, persistent=False)

    @property
    def tokens(self) -> int:
        """Tokens that attention or a scan mixes; 0 where there is neither."""
        return 0

    def forward(
        self,
        image: Tensor,
        lidar: Tensor,
        radar: Tensor,
        gps: Tensor,
        *,
        missing: Collection[Modality] = (),
        fill: str = "zeros",
        generator: torch.Generator | None = None,
        rebuilt: Mapping[Modality, Tensor] | None = None,
    ) -> Tensor:
        """Compute logits.

        Image (B, T, 3, H, W) in 0..255, LiDAR (B, T, 1, H, W), radar (B, T, 2, H, W), GPS (B, 2, 2).
        What is `missing` sees the filler in place of its normalised input, `zeros` or `random` in [0, 1):
        the generator's noise, or fresh noise. `rebuilt` maps (B*T, width, h, w) stand in for stage 1, where
        a network can take them. ValueError for a modality or a filler that there is not.
        """
        given: dict[Modality, Tensor] = {"image": image, "lidar": lidar, "radar": radar, "gps": gps}
        return self.decode(self.compute(given, Filler(missing, fill, generator), rebuilt or {}))

    @abstractmethod
    def compute(
        self, given: Mapping[Modality, Tensor], filler: Filler, rebuilt: Mapping[Modality, Tensor]
    ) -> Tensor:
        """Compute the head's output for inputs as `forward` takes them."""

    def parameter_counts(self) -> dict[str, int]:
        """Count the parameters of each module that has some."""
        modules = {f"{modality}_encoder": encoder for modality, encoder in self.encoders.items()}
        modules |= {name: module for name, module in self.named_children() if name != "encoders"}
        counts = {name: _count(module) for name, module in modules.items()}
        return {name: count for name, count in counts.items() if count}

    def normalise(self, modality: Modality, x: Tensor) -> Tensor:
        """Return an input of `forward` as the encoders read it."""
        x = x.to(self.image_scale.dtype)
        return torch.addcmul(self.image_shift, x, self.image_scale) if modality == "image" else x

    def read(self, modality: Modality, x: Tensor, filler: Filler) -> Tensor:
        """Normalise an input, or return the filler of one that is missing or that the settings leave out."""
        if modality not in self.model.modalities:
            return torch.zeros_like(x, dtype=self.image_scale.dtype)
        if modality not in filler.missing:
            return self.normalise(modality, x)
        if filler.fill == "zeros":
            return torch.zeros_like(x, dtype=self.image_scale.dtype)
        generator = filler.generator
        device = x.device if generator is None else generator.device
        noise = torch.rand(x.shape, generator=generator, device=device, dtype=self.image_scale.dtype)
        return noise.to(x.device)

    def decode(self, logits: Tensor) -> Tensor:
        """Map (B, 64) -> the same, or (B, horizon, 64) for a forecast."""
        return logits if self.decoder is None else self.decoder(logits)


def count_parameters(predictor: BeamPredictor) -> dict[str, int]:
    """Count parameters in `total` and per module."""
    counts = predictor.parameter_counts()
    return {"total": sum(counts.values()), **counts}


def build_head(channels: Sequence[int], model: Model, *, horizon: int) -> nn.Sequential:
    """Build linear layers of these sizes with ReLU between, then the beams.

    The beams start at the settings' prior; those of a forecast do so after the decoder, whose state this is.
    """
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(channels):
        layers += [nn.Linear(before, after), nn.ReLU()]
    last = nn.Linear(channels[-1], BEAMS)
    if model.prior is not None and horizon == 1:
        nn.init.constant_(last.bias, logit(model.prior))
    return nn.Sequential(*layers, last)


def build_decoder(model: Model, horizon: int) -> Decoder | None:
    """Build what makes a forecast of the head's output; None for a horizon of 1."""
    return Decoder(BEAMS, horizon, prior=model.prior) if horizon > 1 else None


def seen_modalities(model: Model, can_see: Sequence[Modality]) -> tuple[Modality, ...]:
    """Return those of `can_see` that the settings allow; UserError where there is none."""
    seen = tuple(modality for modality in can_see if modality in model.modalities)
    if not seen:
        raise UserError(
            f"model.modalities: {model.kind} looks at {' and '.join(can_see)}; expected"
            f" {'one of them' if len(can_see) > 1 else 'it'}, found {', '.join(model.modalities)}"
        )
    return seen


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
