"""Mamba's causal depthwise convolution with its SiLU on the CPU: `conv_kernels` as a torch function."""

from __future__ import annotations

import functools
from typing import Any

import torch
from numba import int64
from numba.core.types import Array
from torch import Tensor
from torch.autograd.function import once_differentiable

from beamfusion.ops import conv_kernels, simd
from beamfusion.ops.compilation import REALS, Kernel, compiled, run


@functools.cache
def kernels(dtype: torch.dtype) -> tuple[Kernel, Kernel]:
    """Return the forward and the backward kernel, compiled or loaded at the first call."""
    real = REALS[dtype]
    strided = Array(real, 3, "A")
    vector, matrix, cube = (Array(real, ndim, "C") for ndim in (1, 2, 3))
    common = (int64, int64, int64, strided, matrix, vector)
    return (
        compiled(conv_kernels.forward, f"forward_{real}", *common, strided),
        compiled(conv_kernels.backward, f"backward_{real}", *common, strided, strided, cube, matrix),
    )


class _CausalConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        weight, bias = weight.contiguous(), bias.contiguous()
        ctx.save_for_backward(x, weight, bias)
        out = torch.empty_like(x)
        vectors = -(-x.shape[1] * x.element_size() // simd.VECTOR_BYTES)
        run(kernels(x.dtype)[0], x.shape[0] * vectors, vectors, x, weight, bias, out)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, weight, bias = ctx.saved_tensors
        vectors = -(-x.shape[1] * x.element_size() // simd.VECTOR_BYTES)
        grad_x = torch.empty_like(x)
        grad_weight, grad_bias = x.new_empty(x.shape[0], *weight.shape), x.new_empty(x.shape[:2])
        gradients = grad_x, grad_weight, grad_bias
        run(kernels(x.dtype)[1], x.shape[0] * vectors, vectors, x, weight, bias, grad, *gradients)
        return grad_x, grad_weight.sum(0), grad_bias.sum(0)


def causal_conv(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Compute in float64 if x is, else in float32; the result has x's dtype."""
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    out: Tensor = _CausalConv.apply(x.to(dtype), weight.to(dtype), bias.to(dtype))  # type: ignore[no-untyped-call]
    return out.to(x.dtype)
