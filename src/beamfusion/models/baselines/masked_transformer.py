"""A transformer over tokens of all modalities, some of which are hidden in training.

Attention after Vaswani et al. (2017), the class token after Dosovitskiy et al. (2021), hiding whole
modalities after Neverova et al. (ModDrop, 2016): what is missing has no tokens, so nothing stands in for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

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
from beamfusion.settings import GRID_MODALITIES, MODALITIES, Modality, Model
from jobkit.errors import UserError


class MaskedTransformer(BeamPredictor):
    """A token per frame and per fix, of 4 x width channels, and the class token, which decides."""

    def __init__(self, model: Model, *, history: int, horizon: int = 1):
        super().__init__(model, history=history, horizon=horizon)
        channels = 4 * model.width
        if channels % model.heads:
            raise UserError(f"model.heads: {channels} channels cannot be split over {model.heads} heads")
        self.present = seen_modalities(model, MODALITIES)
        self.grids = tuple(modality for modality in GRID_MODALITIES if modality in self.present)
        self.encoders.update({modality: build_encoder(model, modality) for modality in self.grids})
        # The embedding's bias is the modality's own vector.
        self.embeddings = nn.ModuleDict({m: nn.Linear(8 * model.width, channels) for m in self.grids})
        if "gps" in self.present:
            self.embeddings["gps"] = nn.Linear(GPS_COLUMNS, channels)
        self.positions = nn.ParameterDict(
            {m: nn.Parameter(0.02 * torch.randn(self._length(m), channels)) for m in self.present}
        )
        self.class_token = nn.Parameter(0.02 * torch.randn(channels))
        layer = nn.TransformerEncoderLayer(
            channels,
            model.heads,
            model.mlp_ratio * channels,
            model.dropout,
            batch_first=True,
            norm_first=True,
        )
        self.transformer = nn.TransformerEncoder(
            layer, model.layers, nn.LayerNorm(channels), enable_nested_tensor=False
        )
        for parameter in self.transformer.parameters():  # its layers are copies of one
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)
        self.head = build_head([channels, 2 * model.width], model, horizon=horizon)

    @property
    def tokens(self) -> int:
        return 1 + sum(self._length(modality) for modality in self.present)

    def compute(
        self, given: Mapping[Modality, Tensor], filler: Filler, rebuilt: Mapping[Modality, Tensor]
    ) -> Tensor:
        """Leave out what is missing, whatever the filler."""
        gps = given["gps"]
        seen = tuple(modality for modality in self.present if modality not in filler.missing)
        hidden = self.hide(len(gps), seen).to(gps.device)
        parts = [self.class_token.expand(len(gps), 1, -1)]
        masks = [hidden.new_zeros(len(gps), 1)]
        for modality, mask in zip(seen, hidden.unbind(1), strict=True):
            token = self._embed(modality, self.normalise(modality, given[modality]))
            parts.append(token + self.positions[modality])
            masks.append(mask.unsqueeze(1).expand(-1, self._length(modality)))
        x = self.transformer(torch.cat(parts, dim=1), src_key_padding_mask=torch.cat(masks, dim=1))
        return self.head(x[:, 0])

    def parameter_counts(self) -> dict[str, int]:
        """Count the class token too, a parameter of its own."""
        return {**super().parameter_counts(), "class_token": self.class_token.numel()}

    def _length(self, modality: Modality) -> int:
        return GPS_FIXES if modality == "gps" else self.history

    def _embed(self, modality: Modality, x: Tensor) -> Tensor:
        """Map (B, T, ...) -> (B, T, channels)."""
        if modality != "gps":
            x = self.encoders[modality](x.flatten(0, 1)).unflatten(0, x.shape[:2])
        embedded: Tensor = self.embeddings[modality](x)
        return embedded

    def hide(self, samples: int, seen: Collection[Modality]) -> Tensor:
        """Draw which modalities (samples, modalities) each sample does not see; one is always left."""
        if not self.training or not seen:
            return torch.zeros(samples, len(seen), dtype=torch.bool)
        chance = torch.rand(samples, len(seen))
        # The one that was drawn farthest from being hidden stays.
        return (chance < self.model.modality_dropout) & (chance < chance.amax(1, keepdim=True))
