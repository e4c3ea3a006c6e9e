"""What this machine's libraries compute when they take its CPU for another one.

Each check is a process of its own: libraries choose their kernels when they are loaded, and a kernel that
writes where it should not ends its process by a signal, or hangs.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest
import torch

from beamfusion.models.networks import KINDS, new_predictor
from beamfusion.models.resnet import ResNet, Shortcut
from beamfusion.settings import parse_settings
from tests.beamfusion.tiny import with_changes

ROOT = Path(__file__).parents[2]
WIDTHS = range(4, 17)
CPUS: dict[str, dict[str, str]] = {
    "onednn_sse41": {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    "avx2": {
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": "",
    },
    "aten_default": {"ATEN_CPU_CAPABILITY": "default"},
    "numba_generic": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
}
CHECKED = [
    "tests/beamfusion/ops/test_selective_scan.py",
    "tests/beamfusion/ops/test_simd.py",
    "tests/beamfusion/ops/test_causal_conv.py",
    "tests/beamfusion/models/test_mamba.py",
    "tests/beamfusion/models/test_resnet.py",
    "tests/beamfusion/stages/test_jobs.py::test_a_training_writes_its_history_steps_and_events",
]


def run(*arguments: str, cpu: Mapping[str, str], timeout: float) -> str:
    """The output of Python in the project's folder on such a CPU; it must end well, and in time."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "NUMBA_CPU_", "ONEDNN_", "ATEN_"))
    }
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**kept, **cpu}, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def call(function: str, *, cpu: Mapping[str, str], timeout: float) -> None:
    """Call a function of this file on such a CPU."""
    run("-c", f"from {__name__} import {function}; {function}()", cpu=cpu, timeout=timeout)


def check_narrow_shortcuts() -> None:
    """Compare the weights' gradients in narrow shortcuts with their definition, on 1 and 2 threads."""
    torch.manual_seed(0)
    for threads, width in product((1, 2), WIDTHS):
        torch.set_num_threads(threads)
        shortcut = ResNet(3, width, (1, 1)).get_submodule("layer2.0.downsample.0")
        x, slope = (
            torch.rand(3, channels, side, side).contiguous(memory_format=torch.channels_last)
            for channels, side in ((width, 64), (2 * width, 32))
        )
        expected = torch.einsum("fohw,fihw->oi", slope.double(), x[:, :, ::2, ::2].double())
        for _ in range(3):
            (found,) = torch.autograd.grad(shortcut(x), shortcut.get_parameter("weight"), slope)
            torch.testing.assert_close(found[:, :, 0, 0].double(), expected, rtol=1e-4, atol=1e-3)


def sweep_narrow_networks() -> None:
    """Pass images forward and backward through networks of many sizes, again and again."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    for width, depth, batch in product(WIDTHS, (1, 2), (2, 3, 7, 16)):
        resnet = ResNet(3, width, [depth] * 4)
        images = torch.rand(batch, 3, 32, 32)
        for _ in range(40):
            resnet(images).square().mean().backward()


@pytest.mark.parametrize("cpu", [CPUS["avx2"], {}], ids=["avx2", "this"])
def test_gradients_of_narrow_shortcuts_are_right(cpu: dict[str, str]) -> None:
    call("check_narrow_shortcuts", cpu=cpu, timeout=120)


@pytest.mark.parametrize("kind", KINDS)
def test_only_shortcuts_are_1x1_convolutions_with_a_stride(kind: str) -> None:
    network = new_predictor(parse_settings(with_changes({"model.kind": kind})))
    strided = [
        module
        for module in network.modules()
        if isinstance(module, torch.nn.Conv2d) and module.kernel_size == (1, 1) and module.stride != (1, 1)
    ]
    assert all(isinstance(module, Shortcut) for module in strided)


@pytest.mark.slow
def test_networks_of_all_small_sizes_run_on_avx2() -> None:
    call("sweep_narrow_networks", cpu=CPUS["avx2"], timeout=1200)


@pytest.mark.slow
@pytest.mark.parametrize("cpu", CPUS)
def test_kernels_and_a_training_run_on(cpu: str, tmp_path: Path) -> None:
    changed = {**CPUS[cpu], "OMP_NUM_THREADS": "1"}
    if "NUMBA_CPU_NAME" in changed:
        changed["NUMBA_CACHE_DIR"] = str(tmp_path)
    quick = ("-m", "not slow", "-p", "no:cacheprovider", "-p", "no:xdist")
    output = run("-m", "pytest", "-q", *quick, *CHECKED, cpu=changed, timeout=1200)
    assert " passed" in output


@pytest.mark.slow
def test_kernels_compiled_for_two_cpus_have_two_names() -> None:
    script = "from beamfusion.ops import compilation as c; print(c.build_id(c.Path(c.__file__)))"
    names = {run("-c", script, cpu=CPUS[cpu], timeout=120) for cpu in ("avx2", "numba_generic")}
    assert len(names) == 2
