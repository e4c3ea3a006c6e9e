"""The CPU selective scan against mamba-ssm's reference and mambapy's parallel scan, forward + backward.

    python benchmarks/scan.py [--rounds N] [--json FILE]

Every contender gets all cores. A round times the other once and the CPU scan ten times, one after the other;
the ratio is the median over rounds. Peak memory is that of a process that does one forward and backward pass.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BATCH, LENGTH, STATES = 4, 962, 16
OWN_RUNS = 10
COMPARISONS = {"mamba-ssm selective_scan_ref": 128, "mambapy pscan": 1024}
"""Channels of each comparison."""
DEMO_SIZES = [(16, 16, 242), (16, 32, 242), (16, 64, 242), (24, 32, 242), (24, 64, 242)]

Pass = Callable[[], list[Any]]


def passes(name: str) -> dict[str, Pass]:
    """Return a forward and backward pass of the CPU scan and of the other, on the same numbers."""
    import reference_scan
    import torch

    from beamfusion.ops.selective_scan import selective_scan

    torch.manual_seed(0)
    channels = COMPARISONS[name]
    u, delta, z = torch.randn(3, BATCH, LENGTH, channels)
    A = -torch.arange(1.0, STATES + 1).repeat(channels, 1)
    B, C = torch.randn(2, BATCH, LENGTH, STATES)
    D, bias = torch.randn(channels), torch.randn(channels) - 4
    weights = torch.randn(BATCH, LENGTH, channels)
    if name == "mambapy pscan":
        pscan = reference_scan.load_parallel_scan()

        def parallel(u: Any, delta: Any, A: Any, B: Any, C: Any) -> Any:
            states = pscan((delta[..., None] * A).exp(), (delta * u)[..., None] * B[:, :, None])
            return (states @ C[..., None])[..., 0]

        def own(u: Any, delta: Any, A: Any, B: Any, C: Any) -> Any:
            return selective_scan(u.mT, delta.mT, A, B.mT, C.mT, backend="numba").mT

        tensors, scans = (
            [u, torch.nn.functional.softplus(delta - 4), A, B, C],
            {"ours": own, "theirs": parallel},
        )
    else:
        reference = reference_scan.load_reference_scan()
        u, delta, z, B, C, weights = (tensor.mT.contiguous() for tensor in (u, delta, z, B, C, weights))
        tensors = [u, delta, A, B, C, D, z, bias]
        scans = {
            "ours": lambda *tensors: selective_scan(*tensors, True, backend="numba"),
            "theirs": lambda *tensors: reference(*tensors, True),
        }
    for tensor in tensors:
        tensor.requires_grad_()

    def run(scan: Callable[..., Any]) -> list[Any]:
        y = scan(*tensors)
        return [y.detach(), *torch.autograd.grad(y, tensors, weights)]

    return {who: lambda scan=scan: run(scan) for who, scan in scans.items()}


def seconds(one_pass: Pass) -> float:
    start = time.perf_counter()
    one_pass()
    return time.perf_counter() - start


def measure_times(name: str, rounds: str) -> dict[str, Any]:
    """Return medians over rounds, after one that checks that both agree."""
    both = passes(name)
    ours, theirs = both["ours"](), both["theirs"]()
    error = max(((a - b).abs().max() / b.abs().max()).item() for a, b in zip(ours, theirs, strict=True))
    if not error < 1e-4:
        raise SystemExit(f"{name} and the CPU scan disagree by {error:.1e}")
    del ours, theirs
    pairs = [
        (statistics.median(seconds(both["ours"]) for _ in range(OWN_RUNS)), seconds(both["theirs"]))
        for _ in range(int(rounds))
    ]
    return {
        "disagreement": error,
        "ours_s": statistics.median(own for own, _ in pairs),
        "theirs_s": statistics.median(other for _, other in pairs),
        "ratio": statistics.median(other / own for own, other in pairs),
        "ratios": [other / own for own, other in pairs],
    }


def measure_memory(name: str, who: str) -> dict[str, float]:
    """Return the peak resident memory in MB, and how much of it was in use before the pass."""
    import psutil

    one_pass = passes(name)[who]
    before = psutil.Process().memory_info().rss
    one_pass()
    peak = next(
        int(line.split()[1]) * 1024
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    return {"peak_mb": peak / 1e6, "before_mb": before / 1e6}


def measure_demo_sizes() -> list[dict[str, Any]]:
    """Return the milliseconds of one call at the sizes of the demo scale's networks, on one thread."""
    import torch

    from beamfusion.models.mamba import Mamba
    from beamfusion.ops.selective_scan import selective_scan

    torch.set_num_threads(1)
    rows = []
    for batch, channels, length in DEMO_SIZES:
        u, delta, z = torch.randn(3, batch, length, channels).mT
        B, C = torch.randn(2, batch, length, STATES).mT
        A, D, bias = -torch.rand(channels, STATES), torch.randn(channels), torch.randn(channels) - 4
        tensors = [tensor.requires_grad_() for tensor in (u, delta, A, B, C, D, z, bias)]
        mamba, x = Mamba(channels // 2), torch.randn(batch, length, channels // 2, requires_grad=True)
        row: dict[str, Any] = {"batch": batch, "channels": channels, "length": length}
        for what, forward in {
            "scan": lambda: selective_scan(*tensors, True, backend="numba"),  # noqa: B023
            "mamba": lambda: mamba(x),  # noqa: B023
        }.items():
            times = []
            for _ in range(30):
                start = time.perf_counter()
                y = forward()
                middle = time.perf_counter()
                y.sum().backward()
                times.append((middle - start, time.perf_counter() - middle))
            for part, spent in zip(("forward", "backward"), zip(*times, strict=True), strict=True):
                row[f"{what} {part}"] = 1000 * statistics.median(spent)
        rows.append(row)
    return rows


def in_child(*arguments: str) -> Any:
    """Run this script in a process with all cores and no threads that spin; return what it prints."""
    cores = str(len(os.sched_getaffinity(0)))
    environment = {**os.environ, "OMP_NUM_THREADS": cores, "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run(
        [sys.executable, __file__, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    return json.loads(done.stdout)


def machine() -> dict[str, Any]:
    from importlib.metadata import version

    model = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), model)
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "numba")},
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        kind, *arguments = options.child
        measure = {"times": measure_times, "memory": measure_memory, "demo": measure_demo_sizes}[kind]
        try:
            print(json.dumps(measure(*arguments)))
        except ImportError as error:
            raise SystemExit(f"the benchmark cannot run: {error}") from None
        return 0

    from tabulate import tabulate

    results: dict[str, Any] = {"machine": machine(), "comparisons": {}}
    rows = []
    for name, channels in COMPARISONS.items():
        times = in_child("--child", "times", name, str(options.rounds))
        memory = {who: in_child("--child", "memory", name, who) for who in ("ours", "theirs")}
        results["comparisons"][name] = {"channels": channels, **times, "memory": memory}
        rows.append([
            name, channels, 1000 * times["ours_s"], 1000 * times["theirs_s"],
            f"{times['ratio']:.0f} ({min(times['ratios']):.0f} to {max(times['ratios']):.0f})",
            memory["ours"]["peak_mb"], memory["theirs"]["peak_mb"],
        ])  # fmt: skip
    results["demo"] = in_child("--child", "demo")
    print(f"forward + backward at B {BATCH}, L {LENGTH}, N {STATES}; " + str(results["machine"]))
    headers = ["against", "D", "ours ms", "theirs ms", "times faster", "ours MB", "theirs MB"]
    print(tabulate(rows, headers, tablefmt="github", floatfmt=".1f"))
    print("\none call on one thread, ms:")
    print(tabulate(results["demo"], "keys", tablefmt="github", floatfmt=".2f"))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
