"""Planning costs hardly more than with a Snakefile that names the same jobs and nothing else."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.workflow.snake import PROJECT


def benchmark() -> ModuleType:
    path = PROJECT / "benchmarks/planning.py"
    spec = importlib.util.spec_from_file_location("planning", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["planning"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_a_dry_run_of_1000_jobs_takes_at_most_1_3_times_a_bare_snakefile(tmp_path: Path) -> None:
    ratios = benchmark().compare(1000, 3, tmp_path)
    assert len(ratios) == 3
    assert max(ratios.values()) <= 1.3, ratios
