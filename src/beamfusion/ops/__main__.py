"""Compile the float32 CPU kernels into numba's cache, so that the first jobs on a machine need not."""

import torch

from beamfusion.ops import conv_numba, scan_numba

scan_numba.kernels(torch.float32)
conv_numba.kernels(torch.float32)
