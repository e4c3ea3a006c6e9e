"""The transformer block of the TII team's FFM."""

import torch.nn.functional as F
from torch import Tensor, nn

from beamfusion.settings import Model
from jobkit.errors import UserError


class Attention(nn.Module):
    """Multi-head self-attention over (B, tokens, C), all four projections with bias."""

    def __init__(self, channels: int, heads: int, dropout: float):
        super().__init__()
        if channels % heads:
            raise UserError(f"model.heads: {channels} channels cannot be split over {heads} heads")
        self.heads = heads
        self.dropout = dropout
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.output = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (
            projection(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projection in (self.query, self.key, self.value)
        )
        mixed = F.scaled_dot_product_attention(
            query, key, value, dropout_p=self.dropout if self.training else 0.0
        )
        out: Tensor = self.output(mixed.transpose(1, 2).flatten(-2))
        return out


class TransformerBlock(nn.Module):
    """(B, tokens, C) -> the same shape: pre-norm attention and a two-layer perceptron, both residual."""

    def __init__(self, model: Model, *, channels: int):
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attention = Attention(channels, model.heads, model.dropout)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(
            nn.Linear(channels, model.mlp_ratio * channels),
            nn.ReLU(inplace=True),
            nn.Linear(model.mlp_ratio * channels, channels),
        )
        self.dropout = nn.Dropout(model.dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.dropout(self.attention(self.norm1(x)))
        out: Tensor = x + self.dropout(self.mlp(self.norm2(x)))
        return out
