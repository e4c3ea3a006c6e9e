"""The scans to compare with: mamba-ssm's `selective_scan_ref`, without its CUDA extension, and mambapy's.

Looked for in the folder that MAMBA_SSM_ORACLE names, else among the installed packages.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

VARIABLE = "MAMBA_SSM_ORACLE"
INSTALL = (
    "install it by MAMBA_SKIP_CUDA_BUILD=TRUE MAMBA_FORCE_BUILD=TRUE pip install --no-deps "
    "--no-build-isolation --target FOLDER mamba-ssm==2.3.2.post1 einops==0.8.2 mambapy==1.2.0, "
    f"and set {VARIABLE}=FOLDER"
)


def load_reference_scan() -> Callable:
    """Import mamba-ssm's function; an ImportError says what to install where it is missing."""
    with _oracle_on_path():
        package = importlib.util.find_spec("mamba_ssm")
        if package is None:
            raise ImportError(f"mamba-ssm is missing; {INSTALL}")
        # The package's own __init__ and this module want CUDA and triton; the reference needs neither.
        stubs = {name: ModuleType(name) for name in ("mamba_ssm", "mamba_ssm.ops.triton.layer_norm")}
        stubs["mamba_ssm"].__path__ = list(package.submodule_search_locations)
        stubs["mamba_ssm.ops.triton.layer_norm"]._layer_norm_fwd = None
        stubs["selective_scan_cuda"] = ModuleType("selective_scan_cuda")
        before = {name: module for name, module in sys.modules.items() if _is_stubbed(name)}
        try:
            sys.modules.update(stubs)
            return importlib.import_module("mamba_ssm.ops.selective_scan_interface").selective_scan_ref
        finally:
            for name in [name for name in sys.modules if _is_stubbed(name)]:
                del sys.modules[name]
            sys.modules.update(before)


def load_parallel_scan() -> Callable:
    """Import mambapy's `pscan`; an ImportError says what to install where it is missing."""
    with _oracle_on_path():
        if importlib.util.find_spec("mambapy") is None:
            raise ImportError(f"mambapy is missing; {INSTALL}")
        return importlib.import_module("mambapy.pscan").pscan


@contextlib.contextmanager
def _oracle_on_path() -> Iterator[None]:
    folder = os.environ.get(VARIABLE)
    before = list(sys.path)
    try:
        # Last, so that what the folder brings along replaces nothing that is installed.
        sys.path += [str(Path(folder).resolve())] if folder else []
        importlib.invalidate_caches()
        yield
    finally:
        sys.path[:] = before


def _is_stubbed(name: str) -> bool:
    return name.split(".")[0] in ("mamba_ssm", "selective_scan_cuda")
