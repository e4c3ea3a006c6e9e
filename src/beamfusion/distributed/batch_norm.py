"""BatchNorm over the windows of all processes, on any device (torch's SyncBatchNorm refuses CPU tensors)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce


class SharedBatchNorm2d(nn.BatchNorm2d):
    """`source`, with its parameters and buffers, but for the statistics that it trains by."""

    def __init__(self, source: nn.BatchNorm2d, is_idle: Callable[[], bool]):
        super().__init__(source.num_features, source.eps, source.momentum)
        self.weight, self.bias = source.weight, source.bias
        self.running_mean, self.running_var = source.running_mean, source.running_var
        self.num_batches_tracked = source.num_batches_tracked
        self.train(source.training)
        self._is_idle = is_idle

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        counted = 0.0 if self._is_idle() else 1.0
        values = x.to(torch.promote_types(x.dtype, torch.float32))
        count = values.new_tensor([counted * values.numel() / values.shape[1]])
        total = all_reduce(torch.cat([counted * values.sum((0, 2, 3)), count]))  # type: ignore[no-untyped-call]
        count, mean = total[-1].detach(), total[:-1] / total[-1]
        centred = values - mean[:, None, None]
        squares = counted * centred.square().sum((0, 2, 3))
        variance = all_reduce(squares) / count  # type: ignore[no-untyped-call]
        self._track(mean.detach(), variance.detach() * count / (count - 1))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
        self.running_var.lerp_(variance.to(self.running_var.dtype), self.momentum)


def share_batch_norm(network: nn.Module, is_idle: Callable[[], bool]) -> None:
    """Replace every BatchNorm2d inside `network`; its parameters stay the same objects."""
    for name, module in list(network.named_modules()):
        if type(module) is nn.BatchNorm2d:
            parent, _, attribute = name.rpartition(".")
            setattr(network.get_submodule(parent), attribute, SharedBatchNorm2d(module, is_idle))
