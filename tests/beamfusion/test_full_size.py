"""Every network at the paper's sizes: one training step and one evaluation."""

import json
import math
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.beamfusion.full_size import NETWORKS

ROOT = Path(__file__).resolve().parents[2]
MEMORY = 7 * 2**30


@pytest.mark.slow
@pytest.mark.skipif(psutil.virtual_memory().available < MEMORY, reason="needs 7 GiB of free memory")
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_trained_and_scored_at_full_size(name: str) -> None:
    command = [sys.executable, "-m", "tests.beamfusion.full_size", name]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    actual = json.loads(process.stdout)
    print(name, actual)
    assert math.isfinite(actual["loss"])
    assert 0 <= actual["dba"] <= 1
    assert actual["memory"] < MEMORY
