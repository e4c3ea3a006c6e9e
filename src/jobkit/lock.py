"""One process at a time per job: the kernel frees the lock of a process that dies."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import filelock

from jobkit.errors import UserError


@contextlib.contextmanager
def job_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a job's folder; a `UserError` naming the owner where another process holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    owner = folder / ".owner.json"
    lock = filelock.FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise UserError(f"{folder}: another process works on this job ({_describe(owner)})") from None
    try:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        owner.write_text(json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": started}))
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


def _describe(owner: Path) -> str:
    try:
        holder = json.loads(owner.read_text())
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, KeyError):
        return "its owner is unknown"
