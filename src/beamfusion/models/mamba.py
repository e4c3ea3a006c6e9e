"""Mamba-1 (arXiv:2312.00752), with mamba-ssm's parameter names, shapes and initial values."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from beamfusion.ops.causal_conv import causal_conv
from beamfusion.ops.selective_scan import choose_backend, selective_scan

DT_MIN, DT_MAX = 1e-3, 1e-1


class Mamba(nn.Module):
    """(B, L, d_model) -> (B, L, d_model), causal in L."""

    def __init__(
        self,
        d_model: int,
        *,
        d_state: int = 16,
        d_conv: int = 4,
        expand: int = 2,
        scan_backend: str | None = None,
    ):
        super().__init__()
        d_inner, self.d_state, self.dt_rank = expand * d_model, d_state, math.ceil(d_model / 16)
        self.scan_backend = scan_backend
        self.in_proj = nn.Linear(d_model, 2 * d_inner, bias=False)
        self.conv1d = nn.Conv1d(d_inner, d_inner, d_conv, groups=d_inner, padding=d_conv - 1)
        self.x_proj = nn.Linear(d_inner, self.dt_rank + 2 * d_state, bias=False)
        self.dt_proj = nn.Linear(self.dt_rank, d_inner)
        self.A_log = nn.Parameter(torch.arange(1.0, d_state + 1).log().repeat(d_inner, 1))
        self.D = nn.Parameter(torch.ones(d_inner))
        self.out_proj = nn.Linear(d_inner, d_model, bias=False)
        self._start_steps()

    @torch.no_grad()
    def _start_steps(self) -> None:
        """Draw initial step sizes softplus(bias) log-uniformly from [DT_MIN, DT_MAX]."""
        nn.init.uniform_(self.dt_proj.weight, -(self.dt_rank**-0.5), self.dt_rank**-0.5)
        size = torch.empty_like(self.dt_proj.bias).uniform_(math.log(DT_MIN), math.log(DT_MAX)).exp()
        self.dt_proj.bias.copy_(size + torch.log(-torch.expm1(-size)))

    def forward(self, x: Tensor) -> Tensor:
        backend = choose_backend(x.device, self.scan_backend)
        # Two products, since slices of one would have to be joined again in the backward pass.
        x, z = (F.linear(x, weight) for weight in self.in_proj.weight.chunk(2))
        assert self.conv1d.bias is not None
        u = causal_conv(x.mT, self.conv1d.weight[:, 0], self.conv1d.bias, backend=backend)
        step, B, C = self.x_proj(u.mT).split([self.dt_rank, self.d_state, self.d_state], dim=2)
        y = selective_scan(
            u, F.linear(step, self.dt_proj.weight).mT, -torch.exp(self.A_log), B.mT, C.mT, self.D, z.mT,
            self.dt_proj.bias, delta_softplus=True, backend=backend,
        )  # fmt: skip
        out: Tensor = self.out_proj(y.mT)
        return out
