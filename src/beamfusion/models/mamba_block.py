"""The FFM's Mamba block, one-directional or bidirectional, published or repaired."""

from torch import Tensor, nn

from beamfusion.models.mamba import Mamba
from beamfusion.settings import Model


class MambaBlock(nn.Module):
    """(B, tokens, C) -> the same shape: Mamba over the tokens, gated by a linear map of its input."""

    def __init__(self, model: Model, *, channels: int, tokens: int):
        super().__init__()
        self.residual = model.residual
        self.norm = nn.LayerNorm((tokens, channels) if model.norm == "tokens" else channels)
        self.linear = nn.Linear(channels, channels)
        self.gate = nn.Linear(channels, channels)
        self.activation = nn.LeakyReLU(0.2)
        self.forward_mamba = _mamba(model, channels)

    def forward(self, x: Tensor) -> Tensor:
        mixed = self.mix(self.linear(self.norm(x)))
        return x + mixed if self.residual else mixed

    def mix(self, h: Tensor) -> Tensor:
        mixed: Tensor = self.activation(self.gate(h)) * self.forward_mamba(h)
        return mixed


class BiMambaBlock(MambaBlock):
    """One Mamba in each direction; the backward one and its gate are flipped back, unless as published."""

    def __init__(self, model: Model, *, channels: int, tokens: int):
        super().__init__(model, channels=channels, tokens=tokens)
        self.flip_back = model.flip_back
        self.backward_mamba = _mamba(model, channels)

    def mix(self, h: Tensor) -> Tensor:
        reverse = h.flip(1)
        backward = self.backward_mamba(reverse)
        if self.flip_back:
            # The gate acts token by token, so flipping it back is the same as not flipping its input.
            backward, gate = backward.flip(1), self.gate(h)
        else:
            gate = self.gate(reverse)
        mixed: Tensor = backward * (self.activation(gate) + self.forward_mamba(h))
        return mixed


def _mamba(model: Model, channels: int) -> Mamba:
    return Mamba(channels, d_state=model.d_state, d_conv=model.d_conv, expand=model.expand)
