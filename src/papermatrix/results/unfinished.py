"""Jobs without a result: whether they run, were stopped or failed, how far they are, what their logs say."""

from __future__ import annotations

import os
import re
from pathlib import Path

from jobkit.errors import one_line
from jobkit.failure import read_failure
from jobkit.folder import LOG, NEXT_RUN
from jobkit.ledger import LEDGER, is_unfinished
from jobkit.lock import is_locked, is_started
from jobkit.progress import read_position
from jobkit.result import RESULT, SETTINGS
from jobkit.start import START
from papermatrix.matrix.jobs import Job
from papermatrix.results.status import JobStatus

TAIL_BYTES, TAIL_LINES = 65536, 20
"""Of a log, in which the error is looked for."""
LONGEST = 200
"""Characters of a log's line that are quoted."""
_ERROR = re.compile(r"(fatal|error|[\w.]*(Error|Exception|Exit))\b", re.IGNORECASE)
"""Begins the line that says what is wrong."""
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def status_of_unfinished(folder: Path) -> JobStatus:
    """Return the status of a job that has no result, by what can be seen in its folder.

    It runs while a process holds its lock, or its shell has begun and not ended. It has failed where its
    process is known to have ended by itself; what was stopped, or went with its machine, is interrupted.
    """
    if is_locked(folder):
        return JobStatus.RUNNING
    failure = read_failure(folder)
    if failure is None and is_started(folder):
        return JobStatus.RUNNING
    if _is_broken(folder) or (failure and not failure.was_stopped):
        return JobStatus.FAILED
    has_begun = any((folder / name).exists() for name in (START, LEDGER, SETTINGS, LOG))
    return JobStatus.INTERRUPTED if has_begun else JobStatus.PENDING


def failure_hint(job: Job) -> str:
    """Return why a job failed, as far as that is known, and where to look."""
    if _is_broken(job.folder):
        return f"remove {job.folder / RESULT}, which is broken"
    return joined(failure_cause(job), f"see {job.folder / LOG}")


def failure_cause(job: Job) -> str:
    """Return the signal that killed a failed job and what its log says, as far as there are such."""
    line = log_line(job.folder)
    return joined(killed_by(job), f'"{line}"' if line else "")


def interruption(job: Job) -> str:
    """Return what stopped an interrupted job, as far as that is known, and what becomes of it."""
    return joined(killed_by(job), "the next run takes it up")


def killed_by(job: Job) -> str:
    """Return `killed by SIGABRT` where a signal ended the last run of a job, or nothing."""
    failure = read_failure(job.folder)
    return failure.cause if failure and failure.signal else ""


def position_text(job: Job) -> str:
    """Return `epoch 3 of 50`; nothing where the job does not say how far it is."""
    position = read_position(job.folder)
    if position is None:
        return ""
    current = min(int(position.done) + 1, int(position.total))
    return f"{one_line(position.unit)[:LONGEST]} {current:,} of {position.total:,.0f}"


def log_line(folder: Path) -> str:
    """Return the line of a job's log that says what is wrong with its last run, else its last, if any."""
    try:
        with (folder / LOG).open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - TAIL_BYTES, 0))
            tail = file.read().decode(errors="replace")
    except OSError:
        return ""
    last_run = tail.rpartition(f"{NEXT_RUN}\n")[2]
    lines = [line for part in re.split(r"[\r\n]", last_run) if (line := one_line(_COLOURS.sub("", part)))]
    errors = [line for line in lines[-TAIL_LINES:] if _ERROR.match(line)]
    line = (errors or lines or [""])[-1].replace('"', "'")
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def joined(*texts: str) -> str:
    """Return what there is of several texts, with commas."""
    return ", ".join(filter(None, texts))


def _is_broken(folder: Path) -> bool:
    """Return whether there is a result that is none, and no rerun of it has begun."""
    return (folder / RESULT).exists() and not is_unfinished(folder)
