"""Train in processes that torchrun has started, on this machine and perhaps others."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import torch
import torch.distributed as dist

from beamfusion.device import device_of_rank
from beamfusion.distributed.process_group import NO_MEMORY, Work, join, lost_another
from beamfusion.distributed.workers import Workers
from jobkit.errors import UserError
from jobkit.job import Outcome
from jobkit.ledger import Ledger

WORK, DISMISS = "work", "dismiss"
"""The leader's messages to its followers."""


def torchrun_rank() -> int | None:
    """Return the rank of this process if torchrun has started it."""
    return int(os.environ["RANK"]) if dist.is_torchelastic_launched() else None


def lead_torchrun(work: Work, device_name: str, world_size: int, ledger: Ledger) -> Outcome:
    """Do the leader's part of the work."""
    with _process_group(device_name, world_size) as (device, workers):
        workers.gather(WORK)
        ledger.begin()
        return work(device, ledger, workers)


def follow_torchrun(work: Work, device_name: str, world_size: int, threads: int) -> None:
    """Do a follower's part of the work, unless the leader says that there is none."""
    torch.set_num_threads(max(1, threads // world_size))
    with _process_group(device_name, world_size) as (device, workers):
        if workers.gather(DISMISS)[0] == WORK:
            work(device, None, workers)


def dismiss_torchrun(device_name: str, world_size: int) -> None:
    """Tell the followers that the job is complete without them."""
    with _process_group(device_name, world_size) as (_, workers):
        workers.gather(DISMISS)


@contextlib.contextmanager
def _process_group(device_name: str, world_size: int) -> Iterator[tuple[torch.device, Workers]]:
    """Yield this process's device, and the group of all processes, on all machines."""
    started, rank = int(os.environ["WORLD_SIZE"]), int(os.environ["RANK"])
    if started != world_size:
        raise UserError(f"torchrun: started {started} processes, expected {world_size} as train.devices says")
    local_rank, local_size = int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"])
    try:
        with device_of_rank(device_name, local_rank, local_size) as device:
            join(device)
            try:
                yield device, Workers(rank, world_size)
            finally:
                dist.destroy_process_group()
    except torch.cuda.OutOfMemoryError:
        raise UserError(f"process {os.getpid()} of this training {NO_MEMORY}") from None
    except RuntimeError as error:
        if not lost_another(error):
            raise
        raise UserError("torchrun: another process of this training ended or stayed away") from None
