"""Two processes never work on one job; what a dead one held is taken over, here and from other machines."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobkit.lock import EXIT_LOCK_LOST, LOCK, OWNER, is_locked, is_started, job_lock

HOLD = """
import errno, fcntl, sys, time
from pathlib import Path
import jobkit.lock

def without_locks(descriptor, operation):
    raise OSError(errno.ENOLCK, "no locks")

jobkit.lock.machine = lambda: sys.argv[2]
if sys.argv[4:]:
    fcntl.flock = without_locks
with jobkit.lock.job_lock(Path(sys.argv[1]), heartbeat=0.1, lease=1.5):
    print("held", flush=True)
    time.sleep(float(sys.argv[3]))
"""
HERE, ELSEWHERE = Path("/proc/sys/kernel/random/boot_id").read_text().strip(), "another machine"


class Holder:
    """A process that takes a job's lock, on this machine or on what its lease says is another."""

    def __init__(self, folder: Path, machine: str, seconds: float, *options: str):
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder), machine, str(seconds), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until_it_holds(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n"


@pytest.fixture
def holders() -> Iterator[list[Holder]]:
    started: list[Holder] = []
    yield started
    for holder in started:
        holder.process.kill()
        holder.process.wait()


def hold(holders: list[Holder], folder: Path, machine: str, seconds: float = 60, *options: str) -> Holder:
    holders.append(Holder(folder, machine, seconds, *options))
    return holders[-1]


def take(folder: Path) -> float:
    """Take the lock; return the seconds until it was free."""
    begin = time.monotonic()
    with job_lock(folder, heartbeat=0.1, lease=1.5):
        return time.monotonic() - begin


def forget_the_kernels_lock(folder: Path) -> None:
    """Let the next process lock another file, as on a shared disk that keeps locks to each machine."""
    (folder / LOCK).unlink()


def test_the_owner_is_named_with_its_age_while_it_lives_and_forgotten_when_it_ends(tmp_path: Path) -> None:
    with job_lock(tmp_path):
        owner = json.loads((tmp_path / OWNER).read_text())
        assert owner["pid"] == os.getpid()
        assert {"host", "since"} <= set(owner)
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [LOCK]


def test_the_lock_of_a_killed_process_of_this_machine_is_free_at_once(
    tmp_path: Path, holders: list[Holder]
) -> None:
    holder = hold(holders, tmp_path, HERE)
    holder.wait_until_it_holds()
    holder.process.kill()
    holder.process.wait()
    assert (tmp_path / OWNER).exists()
    assert take(tmp_path) < 0.5


def test_a_living_process_of_another_machine_is_waited_for(tmp_path: Path, holders: list[Holder]) -> None:
    holder = hold(holders, tmp_path, ELSEWHERE, seconds=4)
    holder.wait_until_it_holds()
    forget_the_kernels_lock(tmp_path)
    assert is_locked(tmp_path)
    assert take(tmp_path) > 3
    assert holder.process.wait(5) == 0


def test_where_the_file_system_has_no_locks_a_living_process_of_this_machine_is_waited_for(
    tmp_path: Path, holders: list[Holder], monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = hold(holders, tmp_path, HERE, 4, "no locks")
    holder.wait_until_it_holds()

    def refuse(descriptor: object, operation: int) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert is_locked(tmp_path)
    assert take(tmp_path) > 3
    assert holder.process.wait(5) == 0


def test_a_dead_process_of_another_machine_is_outlived_by_its_lease(
    tmp_path: Path, holders: list[Holder]
) -> None:
    holder = hold(holders, tmp_path, ELSEWHERE)
    holder.wait_until_it_holds()
    holder.process.kill()
    holder.process.wait()
    assert 1.5 < take(tmp_path) < 3


def test_a_process_that_was_taken_for_dead_stops_before_it_writes_again(
    tmp_path: Path, holders: list[Holder]
) -> None:
    holder = hold(holders, tmp_path, ELSEWHERE)
    holder.wait_until_it_holds()
    forget_the_kernels_lock(tmp_path)
    holder.process.send_signal(signal.SIGSTOP)
    with job_lock(tmp_path, heartbeat=0.1, lease=1.5):
        holder.process.send_signal(signal.SIGCONT)
        _, errors = holder.process.communicate(timeout=10)
        assert holder.process.returncode == EXIT_LOCK_LOST
        assert f"taken over by process {os.getpid()}" in errors
        assert json.loads((tmp_path / OWNER).read_text())["pid"] == os.getpid()


def test_of_many_machines_that_find_a_dead_owner_one_at_a_time_takes_its_job(
    tmp_path: Path, holders: list[Holder]
) -> None:
    (tmp_path / OWNER).write_text(json.dumps({"host": "gone", "machine": "gone", "pid": 1, "since": "then"}))
    script = HOLD.replace(
        "time.sleep(float(sys.argv[3]))",
        "p = Path(sys.argv[1]) / 'working'; p.open('x').close(); time.sleep(0.3); p.unlink()",
    ).replace("import jobkit.lock\n", "import jobkit.lock\nfcntl.flock = lambda *_: None\n")
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), f"machine {number}", "0"])
        for number in range(5)
    ]
    assert [process.wait(60) for process in processes] == [0] * 5


def test_an_owner_that_cannot_be_read_is_outlived_too(tmp_path: Path) -> None:
    (tmp_path / OWNER).write_text("{")
    assert 1.5 < take(tmp_path) < 3


def start_shell(folder: Path, script: str) -> subprocess.Popen[bytes]:
    """Run a shell that holds the folder's `.start`, until the script ends."""
    begin = f'exec 9> "{folder}/.start"; "{sys.executable}" -m jobkit.start 9; touch "{folder}/held"; '
    process = subprocess.Popen(["bash", "-c", begin + script])
    while not (folder / "held").exists():
        time.sleep(0.02)
    return process


def test_a_job_has_started_while_its_shell_or_what_that_began_lives(tmp_path: Path) -> None:
    assert not is_started(tmp_path)
    with start_shell(tmp_path, f"sleep 1; touch {tmp_path}/end; true") as process:
        assert is_started(tmp_path)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert is_started(tmp_path)
        time.sleep(1.2)
    assert not is_started(tmp_path)
    assert not (tmp_path / "end").exists()


def test_the_shell_of_another_machine_lives_as_long_as_a_lease(tmp_path: Path) -> None:
    (tmp_path / ".start").write_text(json.dumps({"machine": ELSEWHERE}))
    assert is_started(tmp_path)
    long_ago = time.time() - 61
    os.utime(tmp_path / ".start", (long_ago, long_ago))
    assert not is_started(tmp_path)
