"""`.start`: the shell of a job holds it, so that a job is seen to run before its process has the job's lock.

python -m jobkit.start 9, after `exec 9> FOLDER/.start`: the kernel's lock on that open file lasts until the
shell and all that it has started with it have ended. Every job waits for this: it imports nothing slow.
"""

import contextlib
import fcntl
import functools
import json
import os
import socket
import sys
import time
from pathlib import Path

START = ".start"
TRIES, TRY_SECONDS = 20, 0.05
"""Whoever asks whether a job runs holds its locks for an instant."""


@functools.cache
def machine() -> str:
    """Return a name that processes share if they share a kernel, and so its locks."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return socket.gethostname()


def hold_start(descriptor: int) -> None:
    """Lock an open file, and write into it where that is."""
    for _ in range(TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(TRY_SECONDS)
        else:
            break
    os.write(descriptor, json.dumps({"host": socket.gethostname(), "machine": machine()}).encode())


if __name__ == "__main__":
    with contextlib.suppress(OSError):  # a file system without locks
        hold_start(int(sys.argv[1]))
