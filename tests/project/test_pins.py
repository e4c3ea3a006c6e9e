"""Pins: one generated constraints file."""

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def lock() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lock", ROOT / "envs/lock.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_pin_is_exact(lock: ModuleType) -> None:
    lines = (ROOT / "envs/constraints.txt").read_text().splitlines()
    assert len(lock.pins("\n".join(lines))) == len([line for line in lines if not line.startswith("#")])


def test_make_alone_prints_its_targets() -> None:
    output = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("setup", "results/%", "tables", "test", "test-all", "lint", "lock", "clean"):
        assert f"make {target} " in output
