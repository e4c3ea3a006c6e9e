"""Real jobs, one process each, on a data set so small that they can run many times."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobkit.result import RESULT, read_result
from tests.beamfusion.tiny import with_changes

BEFORE = {"prepare": "simulate", "train": "prepare", "rebuild": "train", "evaluate": "rebuild"}
SETTINGS = with_changes(
    {
        "missing.modalities": ["image"],
        "rebuild.enabled": True,
        "model.dropout": 0.1,
        "train.window_step": 3,
        "train.epochs": 3,
        "rebuild.window_step": 3,
        "rebuild.epochs": 2,
    }
)


@dataclass(frozen=True)
class Chain:
    """A folder with one finished job of each stage, and how long each took."""

    folder: Path
    seconds: dict[str, float]

    def command(self, stage: str, out: Path, settings: dict[str, Any] = SETTINGS) -> list[str]:
        command = [sys.executable, "-m", "beamfusion", "job", stage, "--settings", json.dumps(settings)]
        command += ["--out", str(out)]
        if stage != "simulate":
            command += ["--needs", str(self.folder / BEFORE[stage])]
        return command if stage in ("simulate", "prepare") else [*command, "--device", "cpu"]

    def scores(self, stage: str) -> dict[str, Any]:
        return scores(self.folder / stage)


def scores(folder: Path) -> dict[str, Any]:
    """Return what must not differ between two runs of a job."""
    result = read_result(folder)
    return {"status": result.status, "scores": result.scores, "data": result.provenance.get("data_digest")}


def make_chain(folder: Path) -> Chain:
    chain = Chain(folder, {})
    for stage in ("simulate", *BEFORE):
        begin = time.monotonic()
        done = run(chain.command(stage, folder / stage))
        assert done.returncode == 0, done.stderr
        chain.seconds[stage] = time.monotonic() - begin
    return chain


def start(command: list[str], threads: str = "1") -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "OMP_WAIT_POLICY": "passive"}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    process = start(command)
    output, errors = process.communicate(timeout=300)
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def is_declared(folder: Path) -> bool:
    return (folder / RESULT).exists()
