"""Mamba's selective scan behind mamba-ssm's signature: its CUDA kernel, a CPU kernel, or a plain torch loop.

The backend is the one that the argument names, else BEAMFUSION_SCAN, else the fastest that can run on the
tensors' device. A requested one that cannot run is an error; that only the loop can run is a warning.
"""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable

import torch
from torch import Tensor

from beamfusion.ops import scan_torch
from jobkit.errors import UserError, did_you_mean

BACKENDS = ("mamba_ssm", "numba", "torch")
OVERRIDE = "BEAMFUSION_SCAN"

Scan = Callable[..., Tensor]


@functools.cache
def _load(backend: str) -> Scan | str:
    """Return the backend's scan, or why it cannot be imported."""
    try:
        match backend:
            case "mamba_ssm":
                from beamfusion.ops import scan_mamba_ssm

                return scan_mamba_ssm.selective_scan
            case "numba":
                from beamfusion.ops import scan_numba

                return scan_numba.selective_scan
            case _:
                return scan_torch.selective_scan
    # A CUDA extension that does not fit its torch or driver raises whatever it likes.
    except Exception as error:
        return f"{backend} cannot be imported: {type(error).__name__}: {error}"


def _why_not(backend: str, device: torch.device) -> str | None:
    """Return why a backend cannot run on a device, or None where it can."""
    if backend == "mamba_ssm" and device.type != "cuda":
        return f"it runs on CUDA only, and the tensors are on {device.type}"
    if backend == "numba" and device.type != "cpu":
        return f"it runs on the CPU only, and the tensors are on {device.type}"
    loaded = _load(backend)
    return loaded if isinstance(loaded, str) else None


def available_backends(device: torch.device | str = "cpu") -> tuple[str, ...]:
    """Return the backends that can run on a device, the fastest first."""
    return tuple(backend for backend in BACKENDS if _why_not(backend, torch.device(device)) is None)


def _warn_of_slow_loop(device: torch.device) -> None:
    best = "mamba_ssm" if device.type == "cuda" else "numba"
    reason = _why_not(best, device)
    warnings.warn(
        f"the selective scan runs as a plain torch loop, many times slower than {best}: {reason}",
        RuntimeWarning,
        4,
    )


def choose_backend(device: torch.device | str, override: str | None = None) -> str:
    """Return the backend for tensors on a device; UserError if a requested one is unknown or cannot run."""
    device = torch.device(device)
    requested, source = (override, "scan backend") if override else (os.environ.get(OVERRIDE), OVERRIDE)
    if not requested:
        backend = next(name for name in BACKENDS if _why_not(name, device) is None)
        if backend == "torch":
            _warn_of_slow_loop(device)
        return backend
    if requested not in BACKENDS:
        raise UserError(f"{source}: {requested} is not a scan backend{did_you_mean(requested, BACKENDS)}")
    reason = _why_not(requested, device)
    if reason is not None:
        raise UserError(f"{source}: {requested} cannot be used: {reason}")
    return requested


def _check_shapes(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor,
    D: Tensor | None, z: Tensor | None, delta_bias: Tensor | None,
) -> None:  # fmt: skip
    """Raise a ValueError that lists every argument whose shape, device or kind of number does not fit."""
    if u.ndim != 3 or A.ndim != 2:
        raise ValueError(f"u must be (B, D, L) and A (D, N), got {tuple(u.shape)} and {tuple(A.shape)}")
    samples, channels, length = u.shape
    states = A.shape[1]
    expected = {
        "delta": (delta, (samples, channels, length)), "A": (A, (channels, states)),
        "B": (B, (samples, states, length)), "C": (C, (samples, states, length)), "D": (D, (channels,)),
        "z": (z, (samples, channels, length)), "delta_bias": (delta_bias, (channels,)),
    }  # fmt: skip
    problems = []
    for name, (tensor, shape) in expected.items():
        if tensor is None:
            continue
        if tensor.shape != shape:
            problems.append(f"{name} must have shape {shape}, got {tuple(tensor.shape)}")
        if tensor.device != u.device:
            problems.append(f"{name} must be on {u.device}, got {tensor.device}")
        if not tensor.dtype.is_floating_point:
            problems.append(f"{name} must be of real floating-point numbers, got {tensor.dtype}")
    if problems:
        raise ValueError("; ".join(problems))


def selective_scan(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None = None,
    z: Tensor | None = None, delta_bias: Tensor | None = None, delta_softplus: bool = False, *,
    backend: str | None = None,
) -> Tensor:  # fmt: skip
    """Return y (B, D, L) of u, delta, z (B, D, L), A (D, N), B, C (B, N, L), D, delta_bias (D).

    h_t = exp(delta_t A) h_t-1 + delta_t B_t u_t and y_t = (C_t h_t + D u_t) silu(z_t) (arXiv:2312.00752,
    eq. 2). Tensors may have any strides; the CPU kernel is fast with channels or time innermost.
    """
    _check_shapes(u, delta, A, B, C, D, z, delta_bias)
    scan = _load(choose_backend(u.device, backend))
    assert callable(scan)
    return scan(u, delta, A, B, C, D, z, delta_bias, delta_softplus)
