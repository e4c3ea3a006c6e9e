"""The selective scan by mamba-ssm's CUDA kernel."""

from __future__ import annotations

from mamba_ssm.ops.selective_scan_interface import selective_scan_fn
from torch import Tensor


def selective_scan(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None = None,
    z: Tensor | None = None, delta_bias: Tensor | None = None, delta_softplus: bool = False,
) -> Tensor:  # fmt: skip
    """Cast what varies in time to u's dtype and parameters to float32, as the kernel wants them."""
    delta, B, C = delta.to(u.dtype), B.to(u.dtype), C.to(u.dtype)
    z = z if z is None else z.to(u.dtype)
    D, delta_bias = (parameter if parameter is None else parameter.float() for parameter in (D, delta_bias))
    out: Tensor = selective_scan_fn(u, delta, A.float(), B, C, D, z, delta_bias, delta_softplus)
    return out
