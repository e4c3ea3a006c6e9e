"""Which device a job computes on, and how much of it the job used."""

from __future__ import annotations

import torch

from jobkit.errors import UserError


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
