"""mamba-ssm's `selective_scan_ref`, without mamba-ssm's CUDA extension.

Looked for in the folder that MAMBA_SSM_ORACLE names, else among the installed packages.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

VARIABLE = "MAMBA_SSM_ORACLE"
INSTALL = (
    "MAMBA_SKIP_CUDA_BUILD=TRUE MAMBA_FORCE_BUILD=TRUE pip install --no-deps --no-build-isolation "
    f"--target FOLDER mamba-ssm==2.3.2.post1 einops==0.8.2, then set {VARIABLE}=FOLDER"
)


def _package() -> Path | None:
    folder = os.environ.get(VARIABLE)
    if folder:
        return Path(folder).resolve() / "mamba_ssm"
    spec = importlib.util.find_spec("mamba_ssm")
    return Path(spec.origin).parent if spec and spec.origin else None


def load_reference_scan() -> Callable:
    """The function; ImportError that says what to install where there is none."""
    package = _package()
    if package is None or not package.is_dir():
        raise ImportError(f"no mamba-ssm{f' in {package.parent}' if package else ''}; {INSTALL}")
    # The package's own __init__ and this module want CUDA and triton; the reference needs neither.
    stubs = {
        name: ModuleType(name)
        for name in ("mamba_ssm", "selective_scan_cuda", "mamba_ssm.ops.triton.layer_norm")
    }
    stubs["mamba_ssm"].__path__ = [str(package)]
    stubs["mamba_ssm.ops.triton.layer_norm"]._layer_norm_fwd = None
    before = {name: module for name, module in sys.modules.items() if _is_stubbed(name)}
    sys.path.append(str(package.parent))
    try:
        sys.modules.update(stubs)
        return importlib.import_module("mamba_ssm.ops.selective_scan_interface").selective_scan_ref
    finally:
        sys.path.remove(str(package.parent))
        for name in [name for name in sys.modules if _is_stubbed(name)]:
            del sys.modules[name]
        sys.modules.update(before)


def _is_stubbed(name: str) -> bool:
    return name.split(".")[0] in ("mamba_ssm", "selective_scan_cuda")
