"""Multi-modal mmWave beam prediction with missing modalities, on DeepSense 6G scenarios 31 to 34."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beamfusion.models.beam_predictor import BeamPredictor

__all__ = ["load_predictor"]


def load_predictor(folder: str | PathLike[str]) -> BeamPredictor:
    """Load the network that `beamfusion import-checkpoint`, or a job, wrote, in eval mode on the CPU.

    `forward(image, lidar, radar, gps, *, missing=(), fill="zeros")` takes image (B, T, 3, H, W) in 0..255,
    lidar (B, T, 1, H, W), radar (B, T, 2, H, W) and gps (B, 2, 2), and returns logits (B, 64), or
    (B, horizon, 64) of a forecast. A `jobkit.errors.UserError` says what is wrong with the folder.
    """
    from pathlib import Path

    from beamfusion.models import networks  # imports torch, which takes a second

    return networks.load_predictor(Path(folder))
