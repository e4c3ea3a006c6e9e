"""Which device a job computes on, and how much of it the job used."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import torch

from jobkit.claim import claimed
from jobkit.errors import UserError

FEW = 8
"""Processes that a machine bears whatever its cores; hundreds fill its memory before they begin."""


@contextlib.contextmanager
def free_devices(name: str = "auto", count: int = 1) -> Iterator[list[torch.device]]:
    """As many devices as a job needs, which no other job of this machine has until this one ends.

    auto and cuda: GPUs that CUDA_VISIBLE_DEVICES leaves, waiting while too few are free; a CPU is shared.
    """
    device = choose_device(name)
    if device.type == "cpu":
        if count > max(FEW, cores := os.cpu_count() or 1):
            raise UserError(f"train.devices: {count} processes, but this machine has {cores} cores")
        yield [device] * count
        return
    candidates = [device.index] if device.index is not None else list(range(torch.cuda.device_count()))
    if count > len(candidates):
        raise UserError(f"train.devices: {count}, but this machine has {len(candidates)} GPUs for it")
    with claimed([_identity(index) for index in candidates], count) as places:
        devices = [torch.device("cuda", candidates[place]) for place in places]
        torch.cuda.set_device(devices[0])  # kernels of other packages run on the current one
        yield devices


@contextlib.contextmanager
def devices_of_group(name: str, place: int, count: int) -> Iterator[torch.device]:
    """The device at `place` for one of `count` processes that torchrun started on this machine.

    They take the first `count` GPUs that CUDA_VISIBLE_DEVICES leaves; the process at place 0 claims all of
    them at once, so that two such groups do not hold a part each and wait for the rest.
    """
    device = choose_device(name)
    if device.type == "cpu":
        yield device
        return
    if device.index is not None and count > 1:
        raise UserError(f"device {name}: one GPU for {count} processes; expected auto or cuda")
    if count == 1:
        with free_devices(name) as (mine,):
            yield mine
        return
    if count > torch.cuda.device_count():
        raise UserError(f"device {name}: {torch.cuda.device_count()} GPUs for {count} processes")
    mine = torch.device("cuda", place)
    if place:
        yield mine
        return
    with claimed([_identity(index) for index in range(count)], count):
        yield mine


def _identity(index: int) -> str:
    """What names a GPU whatever part of them a process sees."""
    return str(torch.cuda.get_device_properties(index).uuid)


def choose_device(name: str = "auto") -> torch.device:
    """auto: the current CUDA device where there is one, else the CPU; one that is not there is an error."""
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
    """Bytes of GPU memory allocated at most so far; None on a CPU, where the resident size counts."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None


def compute_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The dtype of matrix products: `auto` is bfloat16 on a GPU that has it, else float32."""
    if precision == "auto":
        return torch.bfloat16 if device.type == "cuda" and torch.cuda.is_bf16_supported() else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float64": torch.float64}[precision]
