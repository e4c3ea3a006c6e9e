"""Join the processes of a training, and recognise the loss of one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from beamfusion.distributed.workers import Workers
from jobkit.job import Outcome
from jobkit.ledger import Ledger

TIMEOUT = timedelta(minutes=30)
"""Longest time that a process may be busy by itself, such as reading the first frames."""
NO_MEMORY = "ran out of its GPU's memory; expected a smaller train.batch_size"

Work = Callable[[torch.device, Ledger | None, Workers], Outcome]
"""The work of each process on its device, the leader's with the job's ledger; it can be pickled."""


def join(device: torch.device, **rendezvous: Any) -> None:
    """Join the process group; scores and random states are gathered on the CPU, gradients where they are."""
    if device.type == "cuda":
        torch.cuda.set_device(device)
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=TIMEOUT, **rendezvous)


def lost_another(error: RuntimeError) -> bool:
    """Return whether a process waited for another that is gone; gloo's errors have no class of their own."""
    return isinstance(error, dist.DistError) or "gloo" in str(error)
