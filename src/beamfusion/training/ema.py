"""Exponential moving average of the weights, the ones that are validated, saved and scored."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def averaged(network: nn.Module, decay: float) -> AveragedModel:
    """Return `network`'s running average; BatchNorm's statistics are copied, not averaged.

    The decay grows as (1 + n) / (10 + n), so that a short run does not keep its random start.
    """

    @torch.no_grad()
    def update(average: list[Tensor], current: list[Tensor], steps: Tensor | int) -> None:
        n = int(steps)
        torch._foreach_lerp_(average, current, 1.0 - min(decay, (1 + n) / (10 + n)))

    return AveragedModel(network, multi_avg_fn=update, use_buffers=False)  # type: ignore[arg-type]
