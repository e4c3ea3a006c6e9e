"""Free devices are found by real processes; the names of devices are made up."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from jobkit.claim import claimed

TAKE = """
import sys, time
from pathlib import Path
from jobkit.claim import claimed
with claimed(["GPU-a", "GPU-b", "GPU-c"], int(sys.argv[2]), Path(sys.argv[1])) as mine:
    print(*mine, flush=True)
    time.sleep(60)
"""


class Taker:
    """A process that takes devices and keeps them."""

    def __init__(self, folder: Path, count: int = 1):
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE, str(folder), str(count)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def taken(self) -> list[int]:
        assert self.process.stdout is not None
        return [int(word) for word in self.process.stdout.readline().split()]

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.process.send_signal(number)
        self.process.wait()


@pytest.fixture
def takers() -> Iterator[list[Taker]]:
    started: list[Taker] = []
    yield started
    for taker in started:
        taker.end()


def test_several_processes_take_different_devices(tmp_path: Path, takers: list[Taker]) -> None:
    takers += [Taker(tmp_path) for _ in range(3)]
    assert sorted(index for taker in takers for index in taker.taken()) == [0, 1, 2]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_killed_gives_its_device_back(
    number: signal.Signals, tmp_path: Path, takers: list[Taker]
) -> None:
    takers += [Taker(tmp_path, 3)]
    assert takers[0].taken() == [0, 1, 2]
    takers += [Taker(tmp_path)]
    assert takers[1].process.stderr is not None
    assert takers[1].process.stderr.readline() == "waiting for 1 free of 3 devices\n"
    takers[0].end(number)
    assert takers[1].taken() == [0]


def test_who_waits_for_several_devices_keeps_none_meanwhile(tmp_path: Path, takers: list[Taker]) -> None:
    takers += [Taker(tmp_path, 2)]
    assert takers[0].taken() == [0, 1]
    takers += [Taker(tmp_path, 2)]
    assert takers[1].process.stderr is not None
    takers[1].process.stderr.readline()
    takers += [Taker(tmp_path)]
    assert takers[2].taken() == [2]


def test_a_device_has_its_name_whatever_part_of_the_devices_a_process_sees(tmp_path: Path) -> None:
    with claimed(["GPU-b"], 1, tmp_path) as first, claimed(["GPU-a", "GPU-b"], 1, tmp_path) as second:
        assert (first, second) == ([0], [0])
    with claimed(["GPU-a"], 1, tmp_path), claimed(["GPU-a", "GPU-b"], 1, tmp_path) as second:
        assert second == [1]


def test_a_claim_whose_file_was_cleared_away_meanwhile_is_created_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock
    cleared = []

    def clear_before(file: IO[bytes], operation: int) -> None:
        if not cleared:
            cleared.extend(tmp_path.iterdir())
            cleared[0].unlink()
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", clear_before)
    with claimed(["GPU-a"], 1, tmp_path):
        assert list(tmp_path.iterdir()) == cleared


@pytest.fixture
def everyones() -> Iterator[Path]:
    """Yield a folder that the programs of any user reach."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


def take_as(user: int, folder: Path) -> list[int]:
    """Return the devices that a process of another user gets meanwhile."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setuid(user)
            with claimed(["GPU-a", "GPU-b"], 1, folder) as mine:
                os.write(writer, bytes(mine))
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as answer:
        return list(answer.read())


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
def test_another_user_waits_for_a_claim_and_takes_it_once_it_is_free(everyones: Path) -> None:
    nobody, someone = 65534, 65533
    with claimed(["GPU-a"], 1, everyones):
        assert take_as(nobody, everyones) == [1]
    assert take_as(nobody, everyones) == [0]
    assert take_as(someone, everyones) == [0]
