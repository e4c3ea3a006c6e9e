"""Least squares on the calibrated GPS angle: the simplest baseline."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from beamfusion.models.beam_predictor import BeamPredictor, Filler, seen_modalities
from beamfusion.settings import BEAMS, Modality, Model

ANGLE = 1
"""Column of a GPS fix that holds its angle, in both encodings."""


class GpsLeastSquares(BeamPredictor):
    """Beam = c0 + c1 angle1 + c2 angle2, so that the motion between the two fixes is carried on.

    Its logits fall with the squared distance from that beam; a forecast has coefficients for each step.
    """

    coefficients: Tensor

    def __init__(self, model: Model, *, history: int, horizon: int = 1):
        super().__init__(model, history=history)
        self.present = seen_modalities(model, ["gps"])
        self.register_buffer("coefficients", torch.zeros(3) if horizon == 1 else torch.zeros(3, horizon))

    def fit(self, gps: Tensor, beam: Tensor) -> None:
        """Solve for gps (N, 2, 2) and zero-based beam (N,) or (N, horizon), in float64."""
        target = beam.double().reshape(len(beam), -1)
        solution = torch.linalg.lstsq(_design(gps.double()), target).solution
        self.coefficients.copy_(solution.reshape(self.coefficients.shape))

    def parameter_counts(self) -> dict[str, int]:
        """Count what was solved for."""
        return {"coefficients": self.coefficients.numel()}

    def compute(
        self, given: Mapping[Modality, Tensor], filler: Filler, rebuilt: Mapping[Modality, Tensor]
    ) -> Tensor:
        gps = self.read("gps", given["gps"], filler)
        beam = _design(gps) @ self.coefficients
        return -((torch.arange(BEAMS, device=gps.device) - beam.unsqueeze(-1)) ** 2)


def _design(gps: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(gps[:, :1, ANGLE]), gps[:, :, ANGLE]], dim=1)
