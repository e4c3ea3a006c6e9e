"""The selective scan on the CPU: `scan_kernels` as a differentiable torch function."""

from __future__ import annotations

import functools
from typing import Any

import torch
from numba import boolean, int64
from numba.core.types import Array
from torch import Tensor
from torch.autograd.function import once_differentiable

from beamfusion.ops import scan_kernels, simd
from beamfusion.ops.compilation import REALS, Kernel, compiled, run


@functools.cache
def kernels(dtype: torch.dtype) -> tuple[Kernel, Kernel]:
    """Return the forward and the backward kernel, compiled or loaded at the first call."""
    real = REALS[dtype]
    strided = Array(real, 3, "A")
    vector, matrix, cube, block = (Array(real, ndim, "C") for ndim in (1, 2, 3, 4))
    inputs = (strided, strided, matrix, strided, strided, vector, strided, vector)
    gradients = (strided, strided, cube, block, block, matrix, strided, matrix)
    common = (int64, int64, int64, boolean, boolean, *inputs)
    return (
        compiled(scan_kernels.forward, f"forward_{real}", *common, strided, cube),
        compiled(scan_kernels.backward, f"backward_{real}", *common, cube, strided, *gradients),
    )


class _SelectiveScan(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None,
        z: Tensor | None, delta_bias: Tensor | None, delta_softplus: bool, differentiable: bool,
    ) -> Tensor:  # fmt: skip
        samples, channels, length = u.shape
        lanes = simd.VECTOR_BYTES // u.element_size()
        vectors = -(-channels // lanes)
        groups = -(-vectors // scan_kernels.GROUP)
        nothing = u.new_zeros(channels)
        inputs = (
            u, delta, A.contiguous(), B, C, nothing if D is None else D.contiguous(), u if z is None else z,
            nothing if delta_bias is None else delta_bias.contiguous(),
        )  # fmt: skip
        ctx.flags = groups, delta_softplus, z is not None
        ctx.given = D is not None, z is not None, delta_bias is not None
        out = torch.empty_like(u)
        chunks = -(-length // lanes) if differentiable else 0
        states = min(vectors, scan_kernels.GROUP) * lanes * A.shape[1]
        starts = u.new_empty(samples * groups, chunks, states)
        run(kernels(u.dtype)[0], samples * groups, *ctx.flags, *inputs, out, starts)
        ctx.save_for_backward(*inputs, starts)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        u, delta, A, _, _, _, z, _, _ = ctx.saved_tensors
        (samples, channels, length), states = u.shape, A.shape[1]
        groups = ctx.flags[0]
        with_D, with_z, with_bias = ctx.given
        grad_u, grad_delta, grad_z = torch.empty_like(u), torch.empty_like(delta), torch.empty_like(z)
        grad_A = u.new_empty(samples, channels, states)
        grad_B, grad_C = u.new_empty(2, samples, groups, length, states)
        grad_D, grad_bias = u.new_empty(2, samples, channels)
        run(
            kernels(u.dtype)[1], samples * groups, *ctx.flags, *ctx.saved_tensors, grad,
            grad_u, grad_delta, grad_A, grad_B, grad_C, grad_D, grad_z, grad_bias,
        )  # fmt: skip
        return (
            grad_u, grad_delta, grad_A.sum(0), grad_B.sum(1).mT, grad_C.sum(1).mT,
            grad_D.sum(0) if with_D else None, grad_z if with_z else None,
            grad_bias.sum(0) if with_bias else None, None, None,
        )  # fmt: skip


def selective_scan(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None = None,
    z: Tensor | None = None, delta_bias: Tensor | None = None, delta_softplus: bool = False,
) -> Tensor:  # fmt: skip
    """Compute in float64 if any argument is, else in float32; the result has u's dtype."""
    tensors = (u, delta, A, B, C, D, z, delta_bias)
    given = [tensor for tensor in tensors if tensor is not None]
    dtype = torch.float64 if any(tensor.dtype == torch.float64 for tensor in given) else torch.float32
    differentiable = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given)
    cast = [None if tensor is None else tensor.to(dtype) for tensor in tensors]
    out: Tensor = _SelectiveScan.apply(*cast, delta_softplus, differentiable)  # type: ignore[no-untyped-call]
    return out.to(u.dtype)
