"""MRM: rebuilds a missing modality's stage-1 features from those of the modalities that are there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from beamfusion.models.beam_predictor import build_decoder, build_head
from beamfusion.models.resnet import ResNet
from beamfusion.settings import GRID_MODALITIES, Modality, Model
from jobkit.errors import UserError


@dataclass(frozen=True)
class Halves:
    """Projected features (B*T, width, h, w): what a modality shares with the others, and what is its own."""

    shared: Tensor
    specific: Tensor


class ProjectionHead(nn.Module):
    """(F, width, h, w) -> halves; both together have length 1 at each position."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
            nn.Conv2d(width, 2 * width, 1),
        )  # fmt: skip

    def forward(self, features: Tensor) -> Halves:
        shared, specific = F.normalize(self.layers(features), dim=1).chunk(2, dim=1)
        return Halves(shared, specific)


class Translator(nn.Module):
    """The sources' shared halves, (F, width * sources, h, w) -> the target's features (F, width, h, w)."""

    def __init__(self, width: int, sources: int):
        super().__init__()
        hidden = 2 * width
        self.layers = nn.Sequential(
            nn.Conv2d(width * sources, hidden, 1),
            nn.BatchNorm2d(hidden),
            nn.LeakyReLU(0.01),
            nn.Dropout(0.5),
            nn.Conv2d(hidden, hidden, 1),
            nn.BatchNorm2d(hidden),
            nn.LeakyReLU(0.01),
            nn.Dropout(0.5),
            nn.Conv2d(hidden, width, 1),
        )

    def forward(self, shared: Tensor) -> Tensor:
        features: Tensor = self.layers(shared)
        return features


class FusionHead(nn.Module):
    """Maps (B*T, width, h, w) of several kinds, pooled and put end to end -> logits as a predictor's."""

    def __init__(self, model: Model, *, kinds: int, history: int, horizon: int):
        super().__init__()
        self.history = history
        channels = [history * kinds * model.width, 4 * model.width, 2 * model.width]
        self.layers = build_head(channels, model, horizon=horizon)
        self.decoder = build_decoder(model, horizon)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        pooled = torch.cat([x.mean((-2, -1)) for x in maps], dim=1)
        logits: Tensor = self.layers(pooled.reshape(-1, self.history * pooled.shape[1]))
        return logits if self.decoder is None else self.decoder(logits)


class MRM(nn.Module):
    """A projection head per frame modality that the predictor has, a translator per missing one.

    GPS has no stage-1 features: it is neither a source nor rebuilt. UserError where nothing can be rebuilt.
    Some recipes give it stage-1 `encoders` of its own, or a `fusion_head` to predict beams by itself.
    """

    def __init__(self, width: int, *, modalities: Iterable[Modality], missing: Iterable[Modality]):
        super().__init__()
        self.encoders: nn.ModuleDict | None = None
        self.fusion_head: FusionHead | None = None
        has, lacks = set(modalities), set(missing)
        self.modalities = tuple(modality for modality in GRID_MODALITIES if modality in has)
        self.missing = tuple(modality for modality in self.modalities if modality in lacks)
        self.sources = tuple(modality for modality in self.modalities if modality not in lacks)
        if not self.missing or not self.sources:
            raise UserError(
                f"missing.modalities: of {_listed(self.modalities)}, {_listed(self.missing)} would be rebuilt"
                f" from {_listed(self.sources)}; expected some, but not all, of them to be missing"
            )
        self.heads = nn.ModuleDict({modality: ProjectionHead(width) for modality in self.modalities})
        self.translators = nn.ModuleDict(
            {modality: Translator(width, len(self.sources)) for modality in self.missing}
        )

    def add_fusion_head(self, model: Model, *, history: int, horizon: int) -> None:
        kinds = len(self.modalities) + len(self.missing)
        self.fusion_head = FusionHead(model, kinds=kinds, history=history, horizon=horizon)

    def encode(self, modality: Modality, x: Tensor) -> Tensor:
        """Encode normalised frames (B, T, channels, H, W) -> stage-1 features by its own encoder."""
        assert self.encoders is not None
        encoder = self.encoders[modality]
        assert isinstance(encoder, ResNet)
        return encoder.stage(1, x.flatten(0, 1))

    def predict(self, halves: Mapping[Modality, Halves], rebuilt: Mapping[Modality, Tensor]) -> Tensor:
        """Compute logits of its fusion head, from all shared halves and what was rebuilt."""
        assert self.fusion_head is not None
        return self.fusion_head([*(half.shared for half in halves.values()), *rebuilt.values()])

    def project(self, features: Mapping[Modality, Tensor]) -> dict[Modality, Halves]:
        """Project stage-1 features (B*T, width, h, w) -> halves, for the modalities that are given."""
        return {modality: self.heads[modality](x) for modality, x in features.items()}

    def translate(self, halves: Mapping[Modality, Halves]) -> dict[Modality, Tensor]:
        """Translate the sources' halves -> the missing modalities' features."""
        shared = torch.cat([halves[source].shared for source in self.sources], dim=1)
        return {modality: self.translators[modality](shared) for modality in self.missing}

    def rebuild(self, features: Mapping[Modality, Tensor]) -> dict[Modality, Tensor]:
        """Rebuild missing modalities' stage-1 features {modality: (B*T, width, h, w)} from the sources'."""
        return self.translate(self.project({source: features[source] for source in self.sources}))


def _listed(modalities: tuple[Modality, ...]) -> str:
    return ", ".join(modalities) or "nothing"
