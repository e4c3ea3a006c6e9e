"""The paper's predictor: an encoder per modality, an FFM after each of the four stages, the TFM, the head."""

from collections.abc import Mapping

from torch import Tensor, nn

from beamfusion.models.beam_predictor import (
    GPS_COLUMNS,
    BeamPredictor,
    Filler,
    build_head,
)
from beamfusion.models.encoders import build_encoder
from beamfusion.models.ffm import FeatureFusion, count_tokens, present_modalities
from beamfusion.models.resnet import ResNet
from beamfusion.models.tfm import build_time_fusion
from beamfusion.settings import GRID_MODALITIES, MODALITIES, Modality, Model

STAGES = (1, 2, 3, 4)


class Predictor(BeamPredictor):
    """Any FFM with any TFM."""

    def __init__(self, model: Model, *, history: int, horizon: int = 1):
        super().__init__(model, history=history, horizon=horizon)
        self.present = present_modalities(model)
        self.grids = tuple(modality for modality in GRID_MODALITIES if modality in self.present)
        widths = [model.width * 2 ** (stage - 1) for stage in STAGES]
        self.encoders.update({modality: build_encoder(model, modality) for modality in self.grids})
        has_gps = "gps" in self.present
        self.gps_embeddings = nn.ModuleList(
            nn.Linear(before, after)
            for before, after in zip([GPS_COLUMNS, *widths], widths, strict=False)
            if has_gps
        )
        self.feature_fusions = nn.ModuleList(
            FeatureFusion(model, channels=channels, history=history) for channels in widths
        )
        self.time_fusion = build_time_fusion(model, channels=widths[3], history=history, gps=has_gps)
        self.head = build_head([widths[3], widths[2], widths[1]], model, horizon=horizon)

    @property
    def tokens(self) -> int:
        return count_tokens(self.model, self.history)

    def compute(
        self, given: Mapping[Modality, Tensor], filler: Filler, rebuilt: Mapping[Modality, Tensor]
    ) -> Tensor:
        inputs = {
            modality: self.read(modality, given[modality], filler)
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
        return self.head(self.time_fusion(frames, fixes))

    def parameter_counts(self) -> dict[str, int]:
        """Count all but the encoders of modalities that it never has, as in Table I."""
        absent = {f"{modality}_encoder" for modality in MODALITIES if modality not in self.model.modalities}
        modules: dict[str, nn.Module | None] = {
            f"{modality}_encoder": self.encoders[modality] for modality in self.grids
        }
        modules["gps_encoder"] = self.gps_embeddings
        modules |= {
            f"feature_fusion{stage}": fusion
            for stage, fusion in zip(STAGES, self.feature_fusions, strict=True)
        }
        modules |= {"time_fusion": self.time_fusion, "head": self.head, "decoder": self.decoder}
        return {
            name: sum(parameter.numel() for parameter in module.parameters())
            for name, module in modules.items()
            if module is not None and name not in absent
        }

    def _encode(self, modality: Modality, x: Tensor) -> Tensor:
        return self._stage(modality, 1, x.flatten(0, 1))

    def _stage(self, modality: Modality, number: int, x: Tensor) -> Tensor:
        encoder = self.encoders[modality]
        assert isinstance(encoder, ResNet)
        return encoder.stage(number, x)
