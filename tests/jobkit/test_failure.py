"""How a job's process ended, as its shell records it."""

import os
import time
from pathlib import Path

import pytest

from jobkit.errors import UserError
from jobkit.failure import FAILURE, read_failure, record_failure, refuse_to_crash_again
from jobkit.ledger import Ledger
from jobkit.result import RESULT, Result, write_result

ABORTED, KILLED, TERMINATED = 134, 137, 143
A = {"science": "a"}
"""Digests of a source."""


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.start(tmp_path, started="2026-01-01", source=A)


def crashes(folder: Path) -> int:
    failure = read_failure(folder)
    assert failure is not None
    return failure.crashes


def test_a_signal_is_named_and_an_exit_code_kept(tmp_path: Path, ledger: Ledger) -> None:
    assert record_failure(tmp_path, KILLED, 0) == KILLED
    failure = read_failure(tmp_path)
    assert failure is not None
    assert failure.cause == "killed by SIGKILL"
    record_failure(tmp_path, 3, 0)
    failure = read_failure(tmp_path)
    assert failure is not None
    assert failure.cause == "exit code 3"


def test_crashes_in_a_row_are_counted_over_kills_and_until_there_is_progress(
    tmp_path: Path, ledger: Ledger
) -> None:
    for code, count in ((ABORTED, 1), (TERMINATED, 1), (ABORTED, 2), (1, 0), (ABORTED, 1)):
        record_failure(tmp_path, code, 0)
        assert crashes(tmp_path) == count
    ledger.save()
    record_failure(tmp_path, ABORTED, 0)
    assert crashes(tmp_path) == 1


def test_the_third_crash_of_a_source_is_its_last(tmp_path: Path, ledger: Ledger) -> None:
    for _ in range(3):
        refuse_to_crash_again(tmp_path, A)
        record_failure(tmp_path, ABORTED, 0)
    with pytest.raises(UserError, match=r"killed by SIGABRT 3 times in a row .* remove .*failure\.json"):
        refuse_to_crash_again(tmp_path, A)
    record_failure(tmp_path, 2, 0)
    assert crashes(tmp_path) == 3
    refuse_to_crash_again(tmp_path, {"science": "b"})


def test_the_failure_of_an_earlier_run_is_not_that_of_the_last(tmp_path: Path, ledger: Ledger) -> None:
    record_failure(tmp_path, ABORTED, 0)
    later = time.time() + 1
    os.utime(tmp_path / "ledger.json", (later, later))
    assert read_failure(tmp_path) is None


def test_a_process_that_dies_after_its_result_was_whole_has_not_failed(tmp_path: Path) -> None:
    write_result(tmp_path, Result("train", tmp_path.name))
    assert record_failure(tmp_path, ABORTED, 60) == 0
    long_ago = time.time() - 3600
    os.utime(tmp_path / RESULT, (long_ago, long_ago))
    assert record_failure(tmp_path, ABORTED, 60) == ABORTED


def test_a_record_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / FAILURE).write_text("{")
    assert read_failure(tmp_path) is None
    refuse_to_crash_again(tmp_path, A)
