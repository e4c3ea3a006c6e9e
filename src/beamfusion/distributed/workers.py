"""The processes that share a training's steps: what each computes, and what they know together."""

from __future__ import annotations

import warnings
from typing import Any, TypeVar, cast

import numpy as np
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from beamfusion.distributed.batch_norm import share_batch_norm

Item = TypeVar("Item")


class Workers:
    """The process group of a training, of which this process has a rank; a single process needs no group."""

    def __init__(self, rank: int = 0, world_size: int = 1):
        self.rank, self.world_size = rank, world_size
        self.idle = False
        """Whether this process has no window of the current batch: what it computes counts nothing."""

    @property
    def is_leader(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def share(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], float]:
        """Return this process's rows of a batch, and their share of it; when idle the first row, and 0."""
        own = np.array_split(rows, self.world_size)[self.rank]
        self.idle = len(own) == 0
        return (rows[:1], 0.0) if self.idle else (own, len(own) / len(rows))

    def sum(self, values: Tensor) -> Tensor:
        """Sum over all processes, in each of them."""
        if self.world_size > 1:
            dist.all_reduce(values)
        return values

    def gather(self, item: Item) -> list[Item]:
        """Return every process's item, by rank, in each of them."""
        items: list[Any] = [item]
        if self.world_size > 1:
            items = [None] * self.world_size
            dist.all_gather_object(items, item)
        return cast("list[Item]", items)

    def share_network(self, network: nn.Module) -> nn.Module:
        """Normalise batches over all processes; return `network` with gradients averaged over them."""
        if self.world_size == 1:
            return network
        share_batch_norm(network, lambda: self.idle)
        with warnings.catch_warnings():  # newer versions of torch have another name for broadcast_buffers
            warnings.simplefilter("ignore", FutureWarning)
            # The statistics of BatchNorm are the same everywhere already.
            return DistributedDataParallel(network, broadcast_buffers=False, find_unused_parameters=True)


SINGLE_PROCESS = Workers()
