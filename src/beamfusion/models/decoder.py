"""The multi-step head: the next beams one after the other."""

import math

import torch
from torch import Tensor, nn


class Decoder(nn.Module):
    """(B, beams) -> (B, horizon, beams): a GRU's state is the head's output, its input the beam before.

    Logits start at 0, or at those of a `prior` that every beam has.
    """

    def __init__(self, beams: int, horizon: int, *, prior: float | None = None):
        super().__init__()
        self.horizon = horizon
        self.start = 0.0 if prior is None else logit(prior)
        self.gru = nn.GRUCell(beams, beams)
        self.output = nn.Linear(beams, beams)

    def forward(self, state: Tensor) -> Tensor:
        x = torch.zeros_like(state)
        steps = []
        for _ in range(self.horizon):
            state = self.gru(x, state)
            x = x + self.output(state)
            steps.append(self.start + x)
        return torch.stack(steps, dim=1)


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))
