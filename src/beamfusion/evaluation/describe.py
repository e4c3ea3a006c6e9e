"""The size of a network, by its settings alone."""

from __future__ import annotations

from typing import Any

import torch

from beamfusion.models.beam_predictor import count_parameters
from beamfusion.models.networks import new_predictor
from beamfusion.settings import Settings


def describe(settings: Settings) -> dict[str, Any]:
    """Return parameters in `total` and per module, tokens, and the settings that decide on them.

    The network is built without memory for its weights, so that any size is quick.
    """
    with torch.device("meta"):
        predictor = new_predictor(settings)
    data = {"history": settings.data.history, "horizon": settings.data.horizon}
    return {
        "parameters": count_parameters(predictor),
        "tokens": predictor.tokens,
        "settings": {"data": data, "model": settings.model.model_dump(mode="json")},
    }
