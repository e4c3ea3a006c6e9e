"""The processes that share a training's steps: what each computes, and what they know together."""

from __future__ import annotations

import warnings
from typing import Any, TypeVar, cast

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.parallel import DistributedDataParallel

Item = TypeVar("Item")


class Workers:
    """`size` processes with one process group, of which this one is `rank`; alone there is no group."""

    def __init__(self, rank: int = 0, size: int = 1):
        self.rank, self.size = rank, size
        self.idle = False
        """Whether no window of the batch under way is this process's: what it computes counts nothing."""

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def share(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], float]:
        """This process's rows of a batch, and which part of it they are; when idle the first row, and 0."""
        own = np.array_split(rows, self.size)[self.rank]
        self.idle = len(own) == 0
        return (rows[:1], 0.0) if self.idle else (own, len(own) / len(rows))

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes, in each of them."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def gather(self, item: Item) -> list[Item]:
        """Every process's item, in each of them."""
        items: list[Any] = [item]
        if self.size > 1:
            items = [None] * self.size
            dist.all_gather_object(items, item)
        return cast("list[Item]", items)

    def share_network(self, network: nn.Module) -> nn.Module:
        """`network` with BatchNorm over all processes, and gradients that are averaged over them."""
        if self.size == 1:
            return network
        synchronise(network, self)
        with warnings.catch_warnings():  # newer versions of torch have another name for broadcast_buffers
            warnings.simplefilter("ignore", FutureWarning)
            # The statistics of BatchNorm are the same everywhere already.
            return DistributedDataParallel(network, broadcast_buffers=False, find_unused_parameters=True)


ALONE = Workers()


class SharedBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm over the windows of all processes, on any device (torch's own refuses CPU tensors)."""

    workers: Workers

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        counted = 0.0 if self.workers.idle else 1.0
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


def synchronise(network: nn.Module, workers: Workers) -> None:
    """Make every BatchNorm of `network` count the windows of all `workers`; parameters stay the same."""
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SharedBatchNorm2d
            cast("SharedBatchNorm2d", module).workers = workers
