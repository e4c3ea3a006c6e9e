"""GPS positions through a GRU, the baseline of the Multi-Modal Beam Prediction Challenge 2022.

The challenge is described in arXiv:2209.07519; the sizes are the settings', its text states none.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from beamfusion.models.beam_predictor import (
    GPS_COLUMNS,
    BeamPredictor,
    Filler,
    build_head,
    seen_modalities,
)
from beamfusion.settings import Modality, Model


class GpsGru(BeamPredictor):
    """The state after the last fix, 4 x width numbers, decides."""

    def __init__(self, model: Model, *, history: int, horizon: int = 1):
        super().__init__(model, history=history, horizon=horizon)
        self.present = seen_modalities(model, ["gps"])
        self.gru = nn.GRU(GPS_COLUMNS, 4 * model.width, batch_first=True)
        self.head = build_head([4 * model.width, 2 * model.width], model, horizon=horizon)

    def compute(
        self, given: Mapping[Modality, Tensor], filler: Filler, rebuilt: Mapping[Modality, Tensor]
    ) -> Tensor:
        _, state = self.gru(self.read("gps", given["gps"], filler))
        return self.head(state[-1])
