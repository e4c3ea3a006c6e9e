"""A simulated tree and its prepared frames, small enough to train on in seconds, made once for all tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beamfusion.stages.start import run_stage
from tests.beamfusion.tiny import TINY, with_changes


@pytest.fixture(scope="session")
def prepared_job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run a job of stage prepare, on top of one of stage simulate; return its folder."""
    jobs = tmp_path_factory.mktemp("jobs")
    run_stage("simulate", jobs / "tree", TINY, needs=None, device="cpu", threads=1)
    run_stage("prepare", jobs / "frames", TINY, needs=jobs / "tree", device="cpu", threads=1)
    return jobs / "frames"


@pytest.fixture
def run(prepared_job: Path, tmp_path: Path) -> Callable[..., Path]:
    """Run one job in this process: stage, folder name, its upstream job, changed settings."""

    def run_job(stage: str, name: str, needs: Path | None = None, **changes: Any) -> Path:
        settings = with_changes({key.replace("__", "."): value for key, value in changes.items()})
        folder = tmp_path / name
        run_stage(stage, folder, settings, needs=needs or prepared_job, device="cpu", threads=1)
        return folder

    return run_job
