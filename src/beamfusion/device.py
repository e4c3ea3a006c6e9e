"""The device that a job computes on, and how much of it the job used."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import torch

from jobkit.claim import claimed
from jobkit.errors import UserError

MIN_PROCESSES = 8
"""Processes that any machine may run, however few its cores; hundreds fill its memory before they begin."""


@contextlib.contextmanager
def free_devices(name: str = "auto", count: int = 1) -> Iterator[list[torch.device]]:
    """Yield as many devices as a job needs, which no other job of this machine has until this one ends.

    auto and cuda: GPUs that CUDA_VISIBLE_DEVICES leaves, waiting while too few are free; a CPU is shared.
    """
    device = choose_device(name)
    if device.type == "cpu":
        if count > max(MIN_PROCESSES, cores := os.cpu_count() or 1):
            raise UserError(f"train.devices: {count} processes, but this machine has {cores} cores")
        yield [device] * count
        return
    candidates = [device.index] if device.index is not None else list(range(torch.cuda.device_count()))
    if count > len(candidates):
        raise UserError(f"train.devices: {count}, but this machine has {len(candidates)} GPUs for it")
    with claimed([_uuid(index) for index in candidates], count) as positions:
        devices = [torch.device("cuda", candidates[position]) for position in positions]
        torch.cuda.set_device(devices[0])  # kernels of other packages run on the current one
        yield devices


@contextlib.contextmanager
def device_of_rank(name: str, local_rank: int, local_size: int) -> Iterator[torch.device]:
    """Yield the device of one of `local_size` processes that torchrun started on this machine.

    They take the first GPUs that CUDA_VISIBLE_DEVICES leaves. Local rank 0 claims all of them at once, so
    that two such groups do not hold a part each and wait for the rest.
    """
    device = choose_device(name)
    if device.type == "cpu":
        yield device
        return
    if device.index is not None and local_size > 1:
        raise UserError(f"device {name}: one GPU for {local_size} processes; expected auto or cuda")
    if local_size == 1:
        with free_devices(name) as (own,):
            yield own
        return
    if local_size > torch.cuda.device_count():
        raise UserError(f"device {name}: {torch.cuda.device_count()} GPUs for {local_size} processes")
    own = torch.device("cuda", local_rank)
    if local_rank:
        yield own
        return
    with claimed([_uuid(index) for index in range(local_size)], local_size):
        yield own


def _uuid(index: int) -> str:
    """Return what names a GPU whichever of them a process sees."""
    return str(torch.cuda.get_device_properties(index).uuid)


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of that name; auto is the current CUDA device where there is one, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda"):
        raise UserError(f"device {name}: expected auto, cpu, cuda or cuda:N")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UserError(f"device {name}: this machine has {torch.cuda.device_count()} CUDA devices")
    return device


def describe_device(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def peak_memory(device: torch.device) -> int | None:
    """Return the most bytes of GPU memory allocated so far; None on a CPU, where the resident size counts."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None


def compute_dtype(precision: str, device: torch.device) -> torch.dtype:
    """Return the dtype of matrix products; `auto` is bfloat16 on a GPU that has it, else float32."""
    if precision == "auto":
        return torch.bfloat16 if device.type == "cuda" and torch.cuda.is_bf16_supported() else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float64": torch.float64}[precision]
