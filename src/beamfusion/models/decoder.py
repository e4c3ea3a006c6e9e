"""The multi-step head: the next beams one after the other."""

import torch
from torch import Tensor, nn


class Decoder(nn.Module):
    """(B, beams) -> (B, horizon, beams): a GRU's state is the head's output, its input the beam before."""

    def __init__(self, beams: int, horizon: int):
        super().__init__()
        self.horizon = horizon
        self.gru = nn.GRUCell(beams, beams)
        self.output = nn.Linear(beams, beams)

    def forward(self, state: Tensor) -> Tensor:
        x = torch.zeros_like(state)
        steps = []
        for _ in range(self.horizon):
            state = self.gru(x, state)
            x = x + self.output(state)
            steps.append(x)
        return torch.stack(steps, dim=1)
