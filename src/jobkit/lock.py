"""One process at a time per job, on one machine by the kernel's lock and across machines by a lease.

The kernel frees the lock of a process that dies. A shared disk may keep such locks to each machine, so the
owner also renews a file there; one that no longer changes was left by a machine that is gone.
"""

import contextlib
import errno
import fcntl
import json
import os
import re
import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobkit.files import write_text
from jobkit.start import START, machine

LOCK = ".lock"
OWNER = ".owner.json"
ANNOUNCE_AFTER_SECONDS = 0.5
"""Seconds until the owner is named: `is_locked` of another process holds the lock for an instant."""
HEARTBEAT_SECONDS = 10.0
"""Seconds between two renewals of the lease."""
LEASE_SECONDS = 60.0
"""Seconds without a renewal after which another machine's process is taken for dead."""
POLL_SECONDS = 0.2
EXIT_LOCK_LOST = 75
"""Exit code of a process whose job was taken over while it was suspended or cut off: EX_TEMPFAIL."""


@contextlib.contextmanager
def job_lock(
    folder: Path, *, heartbeat: float = HEARTBEAT_SECONDS, lease: float = LEASE_SECONDS
) -> Iterator[None]:
    """Hold the lock of a job's folder; while another process holds it, wait, and say on stderr for whom.

    A killed Snakemake leaves its jobs running: the next one waits for them and finds their results.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _kernel_lock(folder) as has_lock, _Lease(folder / OWNER, heartbeat, lease, has_lock):
        yield


def is_locked(folder: Path) -> bool:
    """Return whether a living process works on the job in a folder, here or on another machine."""
    return _is_held(folder / LOCK, folder / OWNER)


def is_started(folder: Path) -> bool:
    """Return whether the shell of the job in a folder lives: its process may not have the lock yet."""
    return _is_held(folder / START, folder / START)


def held_since(folder: Path) -> float:
    """Return since when the job's owner, which may be gone, has had its lock; 0 where nobody has."""
    try:
        return datetime.fromisoformat((_read_owner(folder / OWNER) or {})["since"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return 0.0


def _is_held(lock: Path, owner_path: Path) -> bool:
    """Return whether a process of this machine has the lock, or one of another has renewed its lease."""
    is_free_here = False
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        is_free_here = True
    except BlockingIOError:
        return True
    except OSError:  # no lock file, or a file system without locks
        pass
    owner = _read_owner(owner_path)
    if owner is None or (is_free_here and owner.get("machine") == machine()):
        return False
    try:
        return time.time() - owner_path.stat().st_mtime < LEASE_SECONDS
    except OSError:
        return False


@contextlib.contextmanager
def _kernel_lock(folder: Path) -> Iterator[bool]:
    """Take the kernel's lock; yield whether there is one: without it, the lease alone decides."""
    begin, named = time.monotonic(), False
    with (folder / LOCK).open("ab") as file:
        while (has_lock := _lock(file.fileno())) is False:
            if not named and time.monotonic() - begin > ANNOUNCE_AFTER_SECONDS:
                _announce(folder / OWNER)
                named = True
            time.sleep(POLL_SECONDS)
        yield bool(has_lock)


def _lock(descriptor: int) -> bool | None:
    """Try to take the lock; return whether that succeeded, or None where the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK):
            raise
        return None
    return True


class _Lease:
    """The owner's file: of one process at a time, renewed while that lives, removed when it ends."""

    def __init__(self, path: Path, heartbeat: float, lease: float, has_lock: bool):
        self._path, self._heartbeat, self._lease, self._has_lock = path, heartbeat, lease, has_lock
        self._token = uuid.uuid4().hex
        self._blocked: dict[Path, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def __enter__(self) -> None:
        while not (self._create() or self._succeed()):
            time.sleep(POLL_SECONDS)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._is_ours():
            self._path.unlink(missing_ok=True)

    def _create(self) -> bool:
        try:
            file = self._path.open("x")  # by one process only, over NFS too
        except FileExistsError:
            return False
        try:
            with file:
                file.write(self._text())
        except OSError:
            self._path.unlink()
            raise
        return True

    def _text(self) -> str:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        owner = {"host": socket.gethostname(), "machine": machine(), "pid": os.getpid(), "since": started}
        return json.dumps({**owner, "token": self._token})

    def _succeed(self) -> bool:
        """Wait until another owner is gone, and become the owner; False where another process was quicker."""
        watched, since = _stamp(self._path), time.monotonic()
        owner, announced = _read_owner(self._path), False
        while not self._is_gone(owner) and time.monotonic() - since <= self._lease:
            if not announced:
                _announce(self._path)
                announced = True
            time.sleep(POLL_SECONDS)
            if (stamp := _stamp(self._path)) != watched:  # by this clock alone: those of two machines differ
                watched, since = stamp, time.monotonic()
                owner = _read_owner(self._path)
        if owner is None:
            return False
        succession = self._path.with_name(f"{OWNER}.{_token(owner)}")
        try:
            succession.open("x").close()  # one successor for each owner
        except FileExistsError:
            self._forget(succession)
            return False
        try:
            if _stamp(self._path) != watched:
                return False
            write_text(self._path, self._text())
        finally:
            succession.unlink(missing_ok=True)
        return True

    def _is_gone(self, owner: dict[str, Any] | None) -> bool:
        """Return whether no lease need run out: on this machine an owner is gone where its lock was free."""
        return owner is None or (self._has_lock and owner.get("machine") == machine())

    def _forget(self, succession: Path) -> None:
        """Remove the mark of a successor that was itself killed before it became the owner."""
        since = self._blocked.setdefault(succession, time.monotonic())
        if time.monotonic() - since > self._lease:
            succession.unlink(missing_ok=True)

    def _renew(self) -> None:
        while not self._ended.wait(self._heartbeat):
            owner = _read_owner(self._path)
            with contextlib.suppress(OSError):
                if owner is not None and owner.get("token", self._token) == self._token:
                    os.utime(self._path)
                elif not self._ended.is_set():
                    _announce(self._path, "taken over by")
                    os._exit(EXIT_LOCK_LOST)

    def _is_ours(self) -> bool:
        owner = _read_owner(self._path)
        return owner is not None and owner.get("token") == self._token


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        with path.open("rb") as file:  # opened, since NFS answers a mere stat from its memory
            status = os.fstat(file.fileno())
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _read_owner(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _token(owner: dict[str, Any]) -> str:
    token = str(owner.get("token"))
    return token if re.fullmatch("[0-9a-f]{32}", token) else "unreadable"


def _announce(owner: Path, what: str = "waiting for") -> None:
    print(f"{owner.parent}: {what} {_describe(owner)}, which works on this job", file=sys.stderr, flush=True)


def _describe(path: Path) -> str:
    owner = _read_owner(path) or {}
    try:
        return f"process {owner['pid']} on {owner['host']} since {owner['since']}"
    except KeyError:
        return "another process"
