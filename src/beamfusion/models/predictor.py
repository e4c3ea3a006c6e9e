"""The predictor: an encoder per modality, an FFM after each of the four stages, the TFM, the head."""

import math
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from beamfusion.models.decoder import Decoder
from beamfusion.models.ffm import FeatureFusion, present_modalities
from beamfusion.models.resnet import ResNet, load_imagenet
from beamfusion.models.tfm import build_time_fusion
from beamfusion.settings import BEAMS, GRID_MODALITIES, MODALITIES, Modality, Model
from jobkit.errors import did_you_mean

CHANNELS: dict[Modality, int] = {"image": 3, "lidar": 1, "radar": 2}
STAGES = (1, 2, 3, 4)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Predictor(nn.Module):
    """Frames and GPS of a window -> logits (B, 64), or (B, horizon, 64) where the horizon is above 1."""

    image_scale: Tensor
    image_shift: Tensor

    def __init__(self, model: Model, *, history: int, horizon: int = 1):
        super().__init__()
        self.model = model
        self.history = history
        self.present = present_modalities(model)
        self.grids = tuple(modality for modality in GRID_MODALITIES if modality in self.present)
        widths = [model.width * 2 ** (stage - 1) for stage in STAGES]
        depths = {"image": model.image_depths, "lidar": model.lidar_depths, "radar": model.radar_depths}
        self.encoders = nn.ModuleDict(
            {modality: ResNet(CHANNELS[modality], model.width, depths[modality]) for modality in self.grids}
        )
        has_gps = "gps" in self.present
        self.gps_embeddings = nn.ModuleList(
            nn.Linear(before, after) for before, after in zip([2, *widths], widths, strict=False) if has_gps
        )
        self.feature_fusions = nn.ModuleList(
            FeatureFusion(model, channels=channels, history=history) for channels in widths
        )
        self.time_fusion = build_time_fusion(model, channels=widths[3], history=history, gps=has_gps)
        last = nn.Linear(widths[1], BEAMS)
        if model.prior is not None:
            nn.init.constant_(last.bias, math.log(model.prior / (1 - model.prior)))
        self.head = nn.Sequential(
            nn.Linear(widths[3], widths[2]), nn.ReLU(), nn.Linear(widths[2], widths[1]), nn.ReLU(), last
        )  # fmt: skip
        self.decoder = Decoder(BEAMS, horizon) if horizon > 1 else None
        std = torch.tensor(IMAGENET_STD).view(3, 1, 1)
        mean = torch.tensor(IMAGENET_MEAN).view(3, 1, 1)
        self.register_buffer("image_scale", 1 / (255 * std), persistent=False)
        self.register_buffer("image_shift", -mean / std, persistent=False)

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
        """Image (B, T, 3, H, W) in 0..255, LiDAR (B, T, 1, H, W), radar (B, T, 2, H, W), GPS (B, 2, 2).

        What is `missing` sees the filler in place of its normalised input, `zeros` or `random` in [0, 1):
        the generator's noise, or fresh noise. `rebuilt` maps (B*T, width, h, w) stand in for stage 1.
        """
        _check(missing, fill)
        given = {"image": image, "lidar": lidar, "radar": radar, "gps": gps}
        rebuilt = rebuilt or {}
        inputs = {
            modality: self._input(modality, given[modality], missing, fill, generator)
            for modality in self.present
            if modality not in rebuilt
        }
        maps = {
            modality: rebuilt[modality] if modality in rebuilt else self._encode(modality, inputs[modality])
            for modality in self.grids
        }
        fixes = inputs.get("gps")
        for stage, fusion in zip(STAGES, self.feature_fusions, strict=True):
            if stage > 1:
                maps = {modality: self._stage(modality, stage, x) for modality, x in maps.items()}
            if fixes is not None:
                fixes = self.gps_embeddings[stage - 1](fixes)
            mixed, fixes = fusion(maps, fixes)
            maps = {modality: x + mixed[modality] for modality, x in maps.items()}
        frames = [x.mean((-2, -1)).reshape(-1, self.history, x.shape[1]) for x in maps.values()]
        logits: Tensor = self.head(self.time_fusion(frames, fixes))
        return logits if self.decoder is None else self.decoder(logits)

    def stage1(self, modality: Modality, x: Tensor) -> Tensor:
        """Frames (B, T, channels, H, W) as `forward` takes them -> stage-1 maps (B*T, width, H/4, W/4)."""
        return self._encode(modality, self._normalise(modality, x))

    def _encode(self, modality: Modality, x: Tensor) -> Tensor:
        return self._stage(modality, 1, x.flatten(0, 1))

    def _stage(self, modality: Modality, number: int, x: Tensor) -> Tensor:
        encoder = self.encoders[modality]
        assert isinstance(encoder, ResNet)
        return encoder.stage(number, x)

    def _normalise(self, modality: Modality, x: Tensor) -> Tensor:
        x = x.to(self.image_scale.dtype)
        return torch.addcmul(self.image_shift, x, self.image_scale) if modality == "image" else x

    def _input(
        self,
        modality: Modality,
        x: Tensor,
        missing: Collection[Modality],
        fill: str,
        generator: torch.Generator | None,
    ) -> Tensor:
        if modality not in self.model.modalities:
            return torch.zeros_like(x, dtype=self.image_scale.dtype)
        if modality not in missing:
            return self._normalise(modality, x)
        if fill == "zeros":
            return torch.zeros_like(x, dtype=self.image_scale.dtype)
        device = x.device if generator is None else generator.device
        noise = torch.rand(x.shape, generator=generator, device=device, dtype=self.image_scale.dtype)
        return noise.to(x.device)


def build_predictor(model: Model, *, history: int, horizon: int = 1) -> Predictor:
    return Predictor(model, history=history, horizon=horizon)


def start_from_imagenet(predictor: Predictor, folder: Path) -> None:
    """Load ImageNet weights into every encoder; LiDAR and radar keep their own first convolution."""
    for encoder in predictor.encoders.values():
        assert isinstance(encoder, ResNet)
        load_imagenet(encoder, folder)


def count_parameters(predictor: Predictor) -> dict[str, int]:
    """Parameters per module and in `total`, less the encoders of modalities it never has (Table I)."""
    absent = {f"{modality}_encoder" for modality in MODALITIES if modality not in predictor.model.modalities}
    modules: dict[str, nn.Module | None] = {
        f"{modality}_encoder": predictor.encoders[modality] for modality in predictor.grids
    }
    modules["gps_encoder"] = predictor.gps_embeddings
    modules |= {
        f"feature_fusion{stage}": fusion
        for stage, fusion in zip(STAGES, predictor.feature_fusions, strict=True)
    }
    modules |= {"time_fusion": predictor.time_fusion, "head": predictor.head, "decoder": predictor.decoder}
    counts = {
        name: sum(parameter.numel() for parameter in module.parameters())
        for name, module in modules.items()
        if module is not None and name not in absent
    }
    return {"total": sum(counts.values()), **counts}


def _check(missing: Collection[Modality], fill: str) -> None:
    for modality in missing:
        if modality not in MODALITIES:
            raise ValueError(f"missing: no modality {modality!r}{did_you_mean(modality, MODALITIES)}")
    if fill not in ("zeros", "random"):
        raise ValueError(f"fill: no filler {fill!r}; expected zeros or random")
