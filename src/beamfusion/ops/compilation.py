"""CPU kernels compiled by numba: their build, their cache, and their share of torch's threads."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FunctionType
from typing import Any

import numba
import torch
from numba.core.registry import cpu_target
from torch import Tensor

from beamfusion.ops import simd

Kernel = Callable[..., None]

REALS: dict[torch.dtype, Any] = {torch.float32: numba.float32, torch.float64: numba.float64}


@functools.cache
def build_id(source: Path) -> str:
    """Digest all that compiled code depends on: the CPU, numba, and its source with what it inlines."""
    digest = hashlib.sha256(
        repr((cpu_target.target_context.codegen().magic_tuple(), numba.__version__)).encode()
    )
    for path in (source, Path(simd.__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def compiled(function: Any, name: str, *arguments: Any) -> Kernel:
    """Return a function compiled for one signature, from numba's cache beside the source or the user's.

    numba names the cache's files after the function. A name for each signature and build keeps processes that
    compile at the same time, on whatever machines share the folder, from using each other's files.
    """
    # A copy under another name, since the original is compiled for other signatures too.
    renamed = FunctionType(function.__code__, function.__globals__, name)
    renamed.__qualname__ = f"{name}_{build_id(Path(function.__code__.co_filename))}"
    signature = numba.void(*arguments)
    kernel: Kernel
    try:
        kernel = numba.njit(signature, nogil=True, cache=True)(renamed)
    except RuntimeError:  # no folder for a cache can be written
        kernel = numba.njit(signature, nogil=True)(renamed)
    return kernel


def run(kernel: Kernel, tasks: int, *args: Any) -> None:
    """Run tasks 0..tasks on as many threads as torch uses."""
    arrays = [arg.detach().numpy() if isinstance(arg, Tensor) else arg for arg in args]
    threads = min(torch.get_num_threads(), tasks)
    if threads <= 1:
        kernel(0, tasks, *arrays)
        return
    bounds = [tasks * i // threads for i in range(threads + 1)]
    with ThreadPoolExecutor(threads - 1) as pool:
        others = [pool.submit(kernel, bounds[i], bounds[i + 1], *arrays) for i in range(1, threads)]
        kernel(bounds[0], bounds[1], *arrays)
    for other in others:
        other.result()
