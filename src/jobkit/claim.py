"""Claims free devices of this machine: each is one process's at a time, until that ends, however it ends."""

import contextlib
import fcntl
import hashlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.5
"""Seconds between two looks at devices that are all taken."""


CLAIMS = Path("/tmp/device-claims")
"""Of all users of this machine, whatever temporary folder each job has."""


@contextlib.contextmanager
def claimed(devices: Sequence[str], count: int, folder: Path | None = None) -> Iterator[list[int]]:
    """Take `count` of the devices, named so that all processes agree; wait while too few are free.

    Yield their indices in `devices`. None is kept while waiting, so that two processes that want several do
    not block each other.
    """
    folder = folder or CLAIMS
    waiting = False
    while True:
        with contextlib.suppress(FileExistsError):  # created again where temporary files were cleared away
            folder.mkdir(parents=True)
            folder.chmod(0o1777)
        with contextlib.ExitStack() as claims:
            claimed_indices: list[int] = []
            for index, device in enumerate(devices):
                if len(claimed_indices) < count and (claim := _claim(folder, device)) is not None:
                    claims.enter_context(claim)
                    claimed_indices.append(index)
            if len(claimed_indices) == count:
                yield claimed_indices
                return
        if not waiting:
            print(f"waiting for {count} free of {len(devices)} devices", file=sys.stderr, flush=True)
            waiting = True
        time.sleep(POLL_SECONDS)


def _claim(folder: Path, device: str) -> IO[bytes] | None:
    """Return an open file whose lock is the claim; None where another process has it."""
    path = folder / hashlib.sha256(device.encode()).hexdigest()[:16]
    while True:
        file = os.fdopen(_open(path), "rb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(path.stat(), os.fstat(file.fileno())):
                    return file
        except BlockingIOError:
            file.close()
            return None
        file.close()  # temporary files were cleared away meanwhile


def _open(path: Path) -> int:
    """Open a file to lock; another user's may be read, but neither written nor opened with O_CREAT."""
    while True:
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CREAT | os.O_EXCL)
            os.fchmod(descriptor, 0o444)
            return descriptor
