"""Let SIGTERM and SIGINT end a training at a batch border, saved, or after a grace period, unsaved."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

GRACE_SECONDS = 7.0
"""How long a process may take to reach a batch border and save; senders often kill after some 10."""
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """The signal that has arrived, if one has, and whether it may end the process at once."""

    def __init__(self) -> None:
        self.signal = 0
        self._at_once = False

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Let a signal end the process where it is, while nothing would be lost."""
        self._at_once = True
        try:
            self._exit_if_signalled()
            yield
        finally:
            self._at_once = False

    def note(self, number: int, frame: FrameType | None = None) -> None:
        self.signal = number
        self._exit_if_signalled()

    def _exit_if_signalled(self) -> None:
        if self.signal and self._at_once:
            raise SystemExit(128 + self.signal)


@contextlib.contextmanager
def stop_signal(grace: float = GRACE_SECONDS) -> Iterator[Stop]:
    """Note signals instead of dying of them, but end the process `grace` seconds after the first."""
    stop = Stop()
    before = {number: signal.signal(number, stop.note) for number in SIGNALS}
    receiver, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    old_wakeup = signal.set_wakeup_fd(wakeup.fileno())
    watch = threading.Thread(target=_watch, args=(receiver, grace), daemon=True)
    watch.start()
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(old_wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        wakeup.close()
        watch.join()
        receiver.close()


def _watch(receiver: socket.socket, grace: float) -> None:
    """Wait in a thread, which hears of a signal at once: Python's handler waits for long operations."""
    number = 0
    while not number:
        numbers = receiver.recv(16)
        if not numbers:
            return
        number = next((byte for byte in numbers if byte in SIGNALS), 0)
    deadline = time.monotonic() + grace
    with contextlib.suppress(TimeoutError):
        while (left := deadline - time.monotonic()) > 0:
            receiver.settimeout(left)
            if not receiver.recv(16):
                return
    print(f"left by signal {number} without a save; the last one is kept", file=sys.stderr, flush=True)
    os._exit(128 + number)
