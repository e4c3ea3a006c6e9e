"""`failure.json`: how a job's process ended that left no result, written by the shell that ran it.

python -m jobkit.failure CODE SECONDS FOLDER, after a command of so many seconds has failed.
"""

import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from jobkit.digest import digest
from jobkit.errors import UserError
from jobkit.files import STRICT, Integer, read_as, read_json, write_json
from jobkit.ledger import LEDGER, is_unfinished, unfinished
from jobkit.lock import EXIT_LOCK_LOST
from jobkit.result import RESULT
from jobkit.source import Digests
from jobkit.start import START

FAILURE = "failure.json"
MOST_CRASHES = 3
CRASHES = ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE")
"""Signals of a process that would most likely end the same way again; any other comes from outside."""


@dataclass(frozen=True)
class Failure:
    """The end of a job's last failed run."""

    __pydantic_config__ = STRICT
    exit_code: Integer
    signal: str | None
    """Its name, where one killed the process."""
    ended: str
    source: str | None
    """Digest of the source that ran, where the job had begun."""
    saves: Integer
    """How often the job had saved its state."""
    crashes: Integer
    """In a row, by this source and without a save between them."""

    @property
    def was_stopped(self) -> bool:
        """Whether it was ended from outside, and not by an error of its own."""
        from_outside = self.signal is not None and self.signal not in CRASHES
        return from_outside or self.exit_code == EXIT_LOCK_LOST

    @property
    def cause(self) -> str:
        return f"killed by {self.signal}" if self.signal else f"exit code {self.exit_code}"


def read_failure(folder: Path) -> Failure | None:
    """Return how the last run of an unfinished job ended; None where nothing was recorded of it."""
    recorded = _written(folder / FAILURE)
    is_of_earlier_run = max(_written(folder / LEDGER), _written(folder / START)) > recorded
    return None if is_of_earlier_run else _read(folder)


def refuse_to_crash_again(folder: Path, source: Digests) -> None:
    """Raise a `UserError` where this source has crashed too often without getting further."""
    past = _read(folder)
    if (
        past
        and past.crashes >= MOST_CRASHES
        and (past.source, past.saves) == (digest(source), _progress(folder)[1])
    ):
        raise UserError(
            f"{folder}: {past.cause} {past.crashes} times in a row by the same source, and not tried again; "
            f"remove {folder / FAILURE} to try all the same"
        )


def record_failure(folder: Path, exit_code: int, seconds: int) -> int:
    """Record how a job's process ended, and return the exit code: 0 where its result was whole by then."""
    if _has_new_result(folder, seconds):
        return 0
    past, (source, saves) = _read(folder), _progress(folder)
    name = _signal_name(exit_code)
    crashes = past.crashes if past and (past.source, past.saves) == (source, saves) else 0
    if name is None and crashes >= MOST_CRASHES:  # the job has refused to start
        os.utime(folder / FAILURE)
        return exit_code
    crashes = crashes + 1 if name in CRASHES else crashes if name else 0
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(folder / FAILURE, asdict(Failure(exit_code, name, ended, source, saves, crashes)))
    return exit_code


def _written(path: Path) -> int:
    """Return when a file was written, in nanoseconds; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _read(folder: Path) -> Failure | None:
    try:
        return read_as(Failure, read_json(folder / FAILURE))
    except (UserError, ValueError):
        return None


def _progress(folder: Path) -> tuple[str | None, int]:
    """Return the source that worked on an unfinished job last, and how often the job has saved its state."""
    try:
        account = unfinished(folder, None)
    except UserError:
        return None, 0
    return (digest(account.sources[-1]), account.saves) if account and account.sources else (None, 0)


def _has_new_result(folder: Path, seconds: int) -> bool:
    try:
        is_new = (folder / RESULT).stat().st_mtime > time.time() - seconds
    except FileNotFoundError:
        return False
    return is_new and not is_unfinished(folder)


def _signal_name(exit_code: int) -> str | None:
    """Return the signal that killed a command: the shell's exit code is 128 more than its number."""
    try:
        return signal.Signals(exit_code - 128).name
    except ValueError:
        return None


if __name__ == "__main__":
    code, seconds, folder = sys.argv[1:]
    sys.exit(record_failure(Path(folder), int(code), int(seconds)))
