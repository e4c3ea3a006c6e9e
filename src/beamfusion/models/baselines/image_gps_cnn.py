"""The last image and the positions, after the vision-position network of Charan et al. (WCNC 2022).

A ResNet without a classifier reads the image, a two-layer perceptron the fixes; both vectors are joined.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from beamfusion.models.beam_predictor import (
    GPS_COLUMNS,
    GPS_FIXES,
    BeamPredictor,
    Filler,
    build_head,
    seen_modalities,
)
from beamfusion.models.encoders import build_encoder
from beamfusion.settings import Modality, Model


class ImageGpsCnn(BeamPredictor):
    """No history but that of the two fixes; either modality alone will do."""

    def __init__(self, model: Model, *, history: int, horizon: int = 1):
        super().__init__(model, history=history, horizon=horizon)
        self.present = seen_modalities(model, ["image", "gps"])
        self.gps_encoder: nn.Module | None = None
        features = 0
        if "image" in self.present:
            self.encoders["image"] = build_encoder(model, "image")
            features += 8 * model.width
        if "gps" in self.present:
            self.gps_encoder = nn.Sequential(
                nn.Flatten(),
                nn.Linear(GPS_FIXES * GPS_COLUMNS, model.width),
                nn.ReLU(),
                nn.Linear(model.width, 2 * model.width),
                nn.ReLU(),
            )
            features += 2 * model.width
        self.head = build_head([features, 4 * model.width, 2 * model.width], model, horizon=horizon)

    def compute(
        self, given: Mapping[Modality, Tensor], filler: Filler, rebuilt: Mapping[Modality, Tensor]
    ) -> Tensor:
        vectors = []
        if "image" in self.present:
            vectors.append(self.encoders["image"](self.read("image", given["image"][:, -1], filler)))
        if self.gps_encoder is not None:
            vectors.append(self.gps_encoder(self.read("gps", given["gps"], filler)))
        return self.head(torch.cat(vectors, dim=1))
