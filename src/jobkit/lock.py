"""One process at a time per job: the kernel frees the lock of a process that dies."""

import contextlib
import fcntl
import json
import os
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import filelock

LOCK = ".lock"
OWNER = ".owner.json"
PATIENCE = 0.5
"""Seconds until the owner is named: `is_locked` of another process holds the lock for an instant."""


@contextlib.contextmanager
def job_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a job's folder; while another process holds it, wait, and say on stderr for whom.

    A killed Snakemake leaves its jobs running: the next one waits for them and finds their results.
    """
    folder.mkdir(parents=True, exist_ok=True)
    owner = folder / OWNER
    lock = filelock.FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=PATIENCE)
    except filelock.Timeout:
        print(f"{folder}: waiting for {_describe(owner)}, which works on this job", file=sys.stderr)
        lock.acquire()
    try:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        owner.write_text(json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": started}))
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


def is_locked(folder: Path) -> bool:
    """Whether a living process works on the job in a folder."""
    try:
        with (folder / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _describe(owner: Path) -> str:
    try:
        holder = json.loads(owner.read_text())
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"
