"""Mamba's causal depthwise convolution with its SiLU: a CPU kernel, or plain torch."""

import torch.nn.functional as F
from torch import Tensor


def causal_conv(x: Tensor, weight: Tensor, bias: Tensor, *, backend: str = "torch") -> Tensor:
    """Return SiLU of each channel's own convolution with its last steps, by a backend of `selective_scan`.

    x (B, D, L), weight (D, taps), bias (D) -> (B, D, L).
    """
    if backend == "numba":
        from beamfusion.ops.conv_numba import causal_conv as compiled

        return compiled(x, weight, bias)
    y = F.conv1d(x, weight[:, None], bias, padding=weight.shape[1] - 1, groups=x.shape[1])
    return F.silu(y[:, :, : x.shape[2]])
