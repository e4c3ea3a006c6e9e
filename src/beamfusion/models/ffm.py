"""FFM: mixes the modalities' feature maps after one encoder stage."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from beamfusion.models.beam_predictor import GPS_FIXES
from beamfusion.models.mamba import Mamba
from beamfusion.models.mamba_block import BiMambaBlock, MambaBlock
from beamfusion.models.transformer_block import TransformerBlock
from beamfusion.settings import GRID_MODALITIES, Modality, Model


def present_modalities(model: Model) -> tuple[Modality, ...]:
    """Return those with tokens: all of them with `absent: constant`, whatever the network is fed."""
    return (*GRID_MODALITIES, "gps") if model.absent == "constant" else model.modalities


def count_tokens(model: Model, history: int) -> int:
    """Count history x grid x grid for each frame modality, and one for each GPS fix."""
    present = present_modalities(model)
    grids = sum(modality in GRID_MODALITIES for modality in present)
    return grids * history * model.grid**2 + ("gps" in present) * GPS_FIXES


class FeatureFusion(nn.Module):
    """Maps {modality: (B*T, C, h, w)} and GPS (B, 2, C) -> what to add to each map, and the mixed GPS.

    Tokens in order: frames 1..T of image, LiDAR and radar, each row by row, then the GPS fixes.
    """

    def __init__(self, model: Model, *, channels: int, history: int):
        super().__init__()
        present = present_modalities(model)
        self.grids = tuple(modality for modality in GRID_MODALITIES if modality in present)
        self.grid = model.grid
        self.history = history
        self.swap = model.feature_fusion == "csbimamba"
        tokens = count_tokens(model, history)
        self.position = nn.Parameter(torch.zeros(1, tokens, channels))
        self.dropout = nn.Dropout(model.dropout)
        self.blocks = nn.Sequential(*(_block(model, channels, tokens) for _ in range(model.layers)))
        self.norm = nn.LayerNorm(channels)
        _initialise(self, keep_mamba=model.keep_dt_bias)

    def forward(
        self, maps: Mapping[Modality, Tensor], gps: Tensor | None
    ) -> tuple[dict[Modality, Tensor], Tensor | None]:
        tokens = [self._pool(maps[modality]) for modality in self.grids]
        if self.swap:
            tokens = swap_channels(tokens)
        entering = tokens if gps is None else [*tokens, gps]
        x = self.dropout(torch.cat(entering, dim=1) + self.position)
        leaving = torch.split(self.norm(self.blocks(x)), [part.shape[1] for part in entering], dim=1)
        mixed = {
            modality: self._upsample(part, maps[modality].shape[-2:])
            for modality, part in zip(self.grids, leaving, strict=False)
        }
        return mixed, None if gps is None else leaving[-1]

    def _pool(self, maps: Tensor) -> Tensor:
        """Pool (B*T, C, h, w) -> (B, T * grid * grid, C)."""
        pooled = F.adaptive_avg_pool2d(maps, self.grid)
        return pooled.permute(0, 2, 3, 1).reshape(-1, self.history * self.grid**2, maps.shape[1])

    def _upsample(self, tokens: Tensor, size: torch.Size) -> Tensor:
        """Upsample (B, T * grid * grid, C) -> (B*T, C, h, w)."""
        maps = tokens.reshape(-1, self.grid, self.grid, tokens.shape[-1]).permute(0, 3, 1, 2)
        return F.interpolate(maps, size=tuple(size), mode="bilinear", align_corners=False)


def swap_channels(tokens: list[Tensor]) -> list[Tensor]:
    """Swap channels of n modalities (..., C): the k-th n-th of modality i's comes from i + k (cyclic)."""
    n = len(tokens)
    if n < 2:
        return tokens
    cut = tokens[0].shape[-1] // n
    sizes = [cut] * (n - 1) + [tokens[0].shape[-1] - cut * (n - 1)]
    pieces = [torch.split(x, sizes, dim=-1) for x in tokens]
    return [torch.cat([pieces[(i + k) % n][k] for k in range(n)], dim=-1) for i in range(n)]


def _block(model: Model, channels: int, tokens: int) -> nn.Module:
    match model.feature_fusion:
        case "transformer":
            return TransformerBlock(model, channels=channels)
        case "mamba":
            return MambaBlock(model, channels=channels, tokens=tokens)
        case "bimamba" | "csbimamba":
            return BiMambaBlock(model, channels=channels, tokens=tokens)


def _initialise(ffm: FeatureFusion, *, keep_mamba: bool) -> None:
    """Initialise linear layers with N(0, 0.02); in a Mamba, whose dt bias that zeroes, only as published."""
    modules = list(ffm.modules())
    unchanged = {
        part for mamba in modules if isinstance(mamba, Mamba) and keep_mamba for part in mamba.modules()
    }
    for module in modules:
        if isinstance(module, nn.Linear) and module not in unchanged:
            nn.init.normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
