"""Processes that share the work of one job, whose results are the same however many there are."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2
"""Items a process that are begun before the first of them has been taken."""


class Workers:
    """Processes that share this one's modules but not its state; 1 is this process itself."""

    def __init__(self, processes: int, pool: ProcessPoolExecutor | None = None):
        self._processes, self._pool = processes, pool

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield the function of each item in order, and raise what it raises; both are pickled."""
        if self._pool is None:
            yield from map(function, items)
            return
        begun: deque[Future[Result]] = deque()
        for item in items:
            begun.append(self._pool.submit(function, item))
            if len(begun) >= AHEAD * self._processes:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()


@contextlib.contextmanager
def workers(processes: int) -> Iterator[Workers]:
    """Yield so many workers; they end with the block, or with this process, whatever ends it."""
    if processes == 1:
        yield Workers(1)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_end_with_parent)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # they inherit it: Ctrl-C is for this process
    try:
        pool.submit(int)  # starts them all
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        yield Workers(processes, pool)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_die_with, args=(parent.sentinel,), daemon=True).start()


def _die_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)
