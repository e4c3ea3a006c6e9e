"""The selective scan written out step by step in torch: the oracle, on any device and in any precision."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def selective_scan(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None = None,
    z: Tensor | None = None, delta_bias: Tensor | None = None, delta_softplus: bool = False,
) -> Tensor:  # fmt: skip
    """Compute in float64 if any argument is, else in float32; the result has u's dtype."""
    given = [tensor for tensor in (u, delta, A, B, C, D, z, delta_bias) if tensor is not None]
    dtype = torch.float64 if any(tensor.dtype == torch.float64 for tensor in given) else torch.float32
    x, size, A, B, C = (tensor.to(dtype) for tensor in (u, delta, A, B, C))
    if delta_bias is not None:
        size = size + delta_bias.to(dtype)[:, None]
    if delta_softplus:
        size = F.softplus(size)
    h = x.new_zeros(x.shape[0], *A.shape)
    steps = []
    # Unbound first: the backward pass of indexing one step at a time builds a whole tensor for every step.
    for size_t, input_t, B_t, C_t in zip(
        *(tensor.unbind(2) for tensor in (size, size * x, B, C)), strict=True
    ):
        h = torch.exp(size_t[:, :, None] * A) * h + input_t[:, :, None] * B_t[:, None]
        steps.append((h * C_t[:, None]).sum(2))
    y = torch.stack(steps, dim=2) if steps else torch.zeros_like(x)
    if D is not None:
        y = y + x * D.to(dtype)[:, None]
    if z is not None:
        y = y * F.silu(z.to(dtype))
    return y.to(u.dtype)
