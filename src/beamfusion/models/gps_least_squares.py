"""Least squares on the calibrated GPS angle: the least that a network has to beat."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor, nn

from beamfusion.settings import BEAMS, Modality

ANGLE = 1
"""Column of a GPS fix that holds its angle, in both encodings."""


class GpsLeastSquares(nn.Module):
    """Beam = c0 + c1 angle1 + c2 angle2, so that the motion between the two fixes is carried on.

    It takes a predictor's inputs; its logits (B, 64) fall with the squared distance from that beam.
    """

    coefficients: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("coefficients", torch.zeros(3))

    def fit(self, gps: Tensor, beam: Tensor) -> None:
        """Solve for gps (N, 2, 2) and zero-based beam (N,), in float64."""
        solution = torch.linalg.lstsq(_design(gps.double()), beam.double()[:, None]).solution
        self.coefficients.copy_(solution[:, 0])

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
        rebuilt: object = None,
    ) -> Tensor:
        if "gps" in missing:
            gps = (
                torch.zeros_like(gps)
                if fill == "zeros"
                else torch.rand(gps.shape, generator=generator).to(gps)
            )
        beam = _design(gps) @ self.coefficients.to(gps.dtype)
        return -((torch.arange(BEAMS, device=gps.device) - beam[:, None]) ** 2)


def _design(gps: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(gps[:, :1, ANGLE]), gps[:, :, ANGLE]], dim=1)
