"""Jobs on a disk that fills: a small tmpfs of its own, and then a larger one."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.chain import Chain, is_declared, run, scores
from tests.faults.conftest import Faults

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a small disk"),
]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def resize(disk: Path, kilobytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", disk], check=True)


def used(folder: Path) -> int:
    """Return the kilobytes of a job's folder."""
    return sum(path.stat().st_blocks for path in folder.rglob("*") if path.is_file()) // 2


@pytest.mark.parametrize("stage", ["simulate", "prepare", "train", "rebuild", "evaluate"])
def test_a_job_on_a_full_disk_says_so_and_resumes_when_there_is_room(
    stage: str, chain: Chain, faults: Faults, disk: Path
) -> None:
    needed = used(chain.folder / stage)
    for part in (0.0, 0.3, 0.7):
        resize(disk, max(int(part * needed), 8))
        with faults.survive("disk full"):
            done = run(chain.command(stage, disk / stage))
            assert done.returncode == 2, done.stderr
            assert "No space left on device" in done.stderr
            assert "Traceback" not in done.stderr
            assert not is_declared(disk / stage)
    resize(disk, 10 * needed + 1024)
    with faults.survive("disk full"):
        done = run(chain.command(stage, disk / stage))
        assert done.returncode == 0, done.stderr
        assert scores(disk / stage) == chain.scores(stage)
