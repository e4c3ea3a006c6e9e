"""Start the processes of a training over several devices.

The leader is the process that was called: it holds the job's lock and is the only one that writes. Its
followers end with it, and it with them; the job resumes from its state when it is run again.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess

import torch
import torch.distributed as dist
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from beamfusion.device import free_devices
from beamfusion.distributed.process_group import NO_MEMORY, Work, join, lost_another
from beamfusion.distributed.torchrun import lead_torchrun, torchrun_rank
from beamfusion.distributed.workers import SINGLE_PROCESS, Workers
from jobkit.errors import UserError
from jobkit.job import Outcome
from jobkit.ledger import Ledger

GRACE_SECONDS = 10.0
"""Time that the leader may take to end by itself, with a message of its own, after a follower failed."""
EXIT_NO_MEMORY = 3
"""Exit code of a process that ran out of its GPU's memory."""


def run_on_devices(work: Work, device_name: str, world_size: int, threads: int, ledger: Ledger) -> Outcome:
    """Do the work on devices that are free, as the leader of followers started here or by torchrun."""
    threads = max(1, threads // world_size)
    torch.set_num_threads(threads)
    if world_size > 1 and torchrun_rank() is not None:
        return lead_torchrun(work, device_name, world_size, ledger)
    with free_devices(device_name, world_size) as devices, leading(devices, threads, work) as workers:
        ledger.begin()
        return work(devices[0], ledger, workers)


@contextlib.contextmanager
def leading(devices: Sequence[torch.device], threads: int, work: Work) -> Iterator[Workers]:
    """Start a follower for each device but the first, which is the caller's; they do `work` meanwhile."""
    if len(devices) == 1:
        yield SINGLE_PROCESS
        return
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    followers = _start(devices, store.port, threads, work)
    over = threading.Event()
    threading.Thread(target=_end_with, args=(followers, over), daemon=True).start()
    try:
        with _interrupted_by(signal.SIG_DFL):  # Python's own handler would wait until all have joined
            join(devices[0], store=store, rank=0, world_size=len(devices))
        yield Workers(0, len(devices))
    except RuntimeError:  # what a group says that lost one of its processes
        _wait_for(followers)
        if lost := [follower for follower in followers if follower.exitcode]:
            raise UserError(_describe_lost(lost[0])) from None
        raise
    except BaseException:  # they would wait for this process, and have nothing to save
        for follower in followers:
            follower.kill()
        raise
    finally:
        over.set()
        _wait_for(followers)
        if dist.is_initialized():
            dist.destroy_process_group()


def _start(devices: Sequence[torch.device], port: int, threads: int, work: Work) -> list[BaseProcess]:
    context = multiprocessing.get_context("spawn")
    followers: list[BaseProcess] = [
        context.Process(target=_follow, args=(rank, len(devices), port, device, threads, work), daemon=True)
        for rank, device in enumerate(devices[1:], start=1)
    ]
    with _interrupted_by(signal.SIG_IGN):  # they inherit it: Ctrl-C is for the leader to pass on
        for follower in followers:
            follower.start()
    return followers


def _follow(rank: int, world_size: int, port: int, device: torch.device, threads: int, work: Work) -> None:
    """Be a follower: exit code 2 for what the leader reports too, 1 where it lost another process."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_die_with, args=(parent.sentinel,), daemon=True).start()
    torch.set_num_threads(threads)
    store = TCPStore("127.0.0.1", port, is_master=False)
    join(device, store=store, rank=rank, world_size=world_size)
    try:
        work(device, None, Workers(rank, world_size))
    except UserError:
        sys.exit(2)
    except torch.cuda.OutOfMemoryError:
        sys.exit(EXIT_NO_MEMORY)
    except RuntimeError as error:
        if not lost_another(error):
            raise
        sys.exit(1)
    finally:
        dist.destroy_process_group()


@contextlib.contextmanager
def _interrupted_by(handler: signal.Handlers) -> Iterator[None]:
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _wait_for(followers: Sequence[BaseProcess]) -> None:
    """Wait until each has an exit code: join() would not, while the watching thread is fetching it."""
    deadline = time.monotonic() + GRACE_SECONDS
    while any(follower.exitcode is None for follower in followers) and time.monotonic() < deadline:
        time.sleep(0.01)


def _die_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _end_with(followers: Sequence[BaseProcess], over: threading.Event) -> None:
    """End the leader, which would wait for a lost follower, unless it notices by itself and sets `over`."""
    alive = list(followers)
    while alive:
        multiprocessing.connection.wait([follower.sentinel for follower in alive])
        for follower in [follower for follower in alive if not follower.is_alive()]:
            alive.remove(follower)
            if follower.exitcode and not over.wait(2 * GRACE_SECONDS):
                print(f"error: {_describe_lost(follower)}", file=sys.stderr, flush=True)
                os._exit(1)


def _describe_lost(follower: BaseProcess) -> str:
    code = follower.exitcode
    fate = NO_MEMORY if code == EXIT_NO_MEMORY else f"ended with {code}; run the job again to resume"
    return f"process {follower.pid} of this training {fate}"
