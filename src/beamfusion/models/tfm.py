"""TFM: mixes the frames of each modality after the last encoder stage, and adds the modalities up."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from beamfusion.models.beam_predictor import GPS_FIXES
from beamfusion.models.mamba import Mamba
from beamfusion.settings import Model


class SumFusion(nn.Module):
    """Frame vectors [(B, T, C) for each modality] and GPS vectors (B, 2, C) -> (B, C), their sum."""

    def forward(self, frames: Sequence[Tensor], gps: Tensor | None) -> Tensor:
        vectors = list(self.over_time(frames))
        if gps is not None:
            vectors.append(self.over_fixes(gps))
        return torch.stack(vectors).sum(0)

    def over_time(self, frames: Sequence[Tensor]) -> list[Tensor]:
        """Sum [(B, T, C)] -> [(B, C)]."""
        return [x.sum(1) for x in frames]

    def over_fixes(self, gps: Tensor) -> Tensor:
        """Sum (B, 2, C) -> (B, C)."""
        return gps.sum(1)


class MambaFusion(SumFusion):
    """One Mamba over time that the frame modalities share, then the sum."""

    def __init__(self, model: Model, *, channels: int):
        super().__init__()
        self.mamba = Mamba(channels, d_state=model.d_state, d_conv=model.d_conv, expand=model.expand)
        self.residual = model.residual

    def over_time(self, frames: Sequence[Tensor]) -> list[Tensor]:
        if not frames:
            return []
        return super().over_time(self.mix(frames).chunk(len(frames)))

    def mix(self, frames: Sequence[Tensor]) -> Tensor:
        """Mix [(B, T, C)], M of them -> (M * B, T, C)."""
        x = torch.cat(list(frames))
        mixed: Tensor = self.mamba(x)
        return x + mixed if self.residual else mixed


class AttentiveMambaFusion(MambaFusion):
    """The shared Mamba, then per modality a weight for each frame; GPS has weights of its own."""

    def __init__(self, model: Model, *, channels: int, history: int, gps: bool):
        super().__init__(model, channels=channels)
        self.frame_weights = nn.Linear(history, history)
        self.fix_weights = nn.Linear(GPS_FIXES, GPS_FIXES) if gps else None

    def over_time(self, frames: Sequence[Tensor]) -> list[Tensor]:
        if not frames:
            return []
        return list(_attend(self.mix(frames), self.frame_weights).chunk(len(frames)))

    def over_fixes(self, gps: Tensor) -> Tensor:
        assert self.fix_weights is not None
        return _attend(gps, self.fix_weights)


def _attend(x: Tensor, linear: nn.Linear) -> Tensor:
    """Weigh (B, T, C) -> (B, C) by softmax(Linear(max + mean over the channels))."""
    weights = linear(x.amax(-1) + x.mean(-1)).softmax(-1)
    attended: Tensor = (weights.unsqueeze(-1) * x).sum(1)
    return attended


def build_time_fusion(model: Model, *, channels: int, history: int, gps: bool) -> SumFusion:
    match model.time_fusion:
        case "sum":
            return SumFusion()
        case "mamba":
            return MambaFusion(model, channels=channels)
        case "attenmamba":
            return AttentiveMambaFusion(model, channels=channels, history=history, gps=gps)
