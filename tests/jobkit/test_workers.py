"""Work that several processes share: in order, with its errors, and ended with the one that began it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from jobkit.workers import workers


def slow_square(number: int) -> int:
    time.sleep(0.02 * (number % 3))
    if number == 7:
        raise ValueError("seven")
    return number * number


def own_process(_: int) -> int:
    return os.getpid()


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_items(processes: int) -> None:
    with workers(processes) as pool:
        assert list(pool.map(slow_square, range(7))) == [number**2 for number in range(7)]


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_of_an_item_is_raised(processes: int) -> None:
    with workers(processes) as pool, pytest.raises(ValueError, match="seven"):
        list(pool.map(slow_square, range(9)))


def test_several_processes_are_others_and_one_is_this_one() -> None:
    with workers(1) as pool:
        assert set(pool.map(own_process, range(3))) == {os.getpid()}
    with workers(2) as pool:
        assert os.getpid() not in set(pool.map(own_process, range(6)))


PARENT = """
import time
from jobkit.workers import workers
from tests.jobkit.test_workers import own_process
if __name__ == "__main__":
    with workers(2) as pool:
        print(*set(pool.map(own_process, range(40))), flush=True)
        time.sleep(60)
"""


def test_the_processes_end_when_the_one_that_started_them_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    started = [int(word) for word in parent.stdout.readline().split()]
    assert started
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 10
    while any(is_running(process) for process in started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(is_running(process) for process in started)


def is_running(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as stream:  # noqa: PTH123 - a file of the kernel
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
