"""Starts the processes of a training over several devices, or joins those that torchrun has started.

The process that was called leads: it holds the job's lock and is the only one that writes. Started here, the
others die with it, and it with them; the job goes on from its state when it is run again.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed import Store, TCPStore  # type: ignore[attr-defined]

from beamfusion.device import devices_of_group, free_devices
from beamfusion.settings import Settings
from beamfusion.training.train import train
from beamfusion.training.workers import ALONE, Workers
from jobkit.errors import UserError
from jobkit.job import Outcome
from jobkit.ledger import Ledger

FAREWELL = 5.0
"""Seconds in which the leader may end by itself, with a message of its own, after another process failed."""
SILENCE = timedelta(minutes=30)
"""How long a process may be busy by itself, such as reading the first frames."""

Follow = Callable[[Workers, torch.device], object]
"""What every process but the leader does; it can be pickled."""
WORK, NOTHING = "work", "nothing"
"""What the leader tells the processes that torchrun started beside it."""
FULL = 3
"""Exit code of a process that ran out of its GPU's memory."""
NO_MEMORY = "ran out of its GPU's memory; expected a smaller train.batch_size"


def torchrun_rank() -> int | None:
    """The number of this process among those that torchrun has started, if it has."""
    return int(os.environ["RANK"]) if dist.is_torchelastic_launched() else None


def train_together(
    folder: Path, prepared: Path, settings: Settings, device_name: str, threads: int, ledger: Ledger
) -> Outcome:
    """Lead a training over `train.devices` devices."""
    size = settings.train.devices
    threads = max(1, threads // size)
    torch.set_num_threads(threads)
    if torchrun_rank() is not None:
        with _torchrun_group(device_name, size) as (device, workers):
            workers.gather(WORK)
            ledger.begin()
            return train(folder, prepared, settings, device, ledger, workers)
    follow = functools.partial(_train, folder, prepared, settings)
    with free_devices(device_name, size) as devices, leading(devices, threads, follow) as workers:
        ledger.begin()
        return train(folder, prepared, settings, devices[0], ledger, workers)


def follow_torchrun(folder: Path, prepared: Path, settings: Settings, device_name: str, threads: int) -> None:
    """Do what the leader says, as another process that torchrun started."""
    size = settings.train.devices
    torch.set_num_threads(max(1, threads // size))
    with _torchrun_group(device_name, size) as (device, workers):
        if workers.gather(NOTHING)[0] == WORK:
            _train(folder, prepared, settings, workers, device)


def dismiss_torchrun(settings: Settings, device_name: str) -> None:
    """Tell the other processes that the job is complete without them."""
    with _torchrun_group(device_name, settings.train.devices) as (_, workers):
        workers.gather(NOTHING)


def _train(folder: Path, prepared: Path, settings: Settings, workers: Workers, device: torch.device) -> None:
    train(folder, prepared, settings, device, None, workers)


@contextlib.contextmanager
def leading(devices: Sequence[torch.device], threads: int, follow: Follow) -> Iterator[Workers]:
    """Start a process for each device but the first, which is the caller's; they do `follow` meanwhile."""
    if len(devices) == 1:
        yield ALONE
        return
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    context = multiprocessing.get_context("spawn")
    size = len(devices)
    followers = [
        context.Process(target=_follow, args=(rank, size, store.port, device, threads, follow), daemon=True)
        for rank, device in enumerate(devices[1:], start=1)
    ]
    with _interrupted_by(signal.SIG_IGN):  # they inherit it: Ctrl-C is for the leader to pass on
        for follower in followers:
            follower.start()
    over = threading.Event()
    threading.Thread(target=_end_with, args=(followers, over), daemon=True).start()
    try:
        with _interrupted_by(signal.SIG_DFL):  # Python's own handler would wait until all have joined
            _join(store, 0, size, devices[0])
        yield Workers(0, size)
    except RuntimeError:  # what a group says that lost one of its processes
        _wait_for(followers)
        if lost := [follower for follower in followers if follower.exitcode]:
            raise UserError(_lost(lost[0])) from None
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


@contextlib.contextmanager
def _interrupted_by(handler: signal.Handlers) -> Iterator[None]:
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _wait_for(followers: Sequence[BaseProcess]) -> None:
    deadline = time.monotonic() + FAREWELL
    for follower in followers:
        follower.join(max(0.0, deadline - time.monotonic()))


@contextlib.contextmanager
def _torchrun_group(device_name: str, size: int) -> Iterator[tuple[torch.device, Workers]]:
    """This process's device, and the group of all processes that torchrun started, on all its machines."""
    started, rank = int(os.environ["WORLD_SIZE"]), int(os.environ["RANK"])
    if started != size:
        raise UserError(f"torchrun: started {started} processes, expected {size} as train.devices says")
    place, count = int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"])
    try:
        with devices_of_group(device_name, place, count) as device:
            if device.type == "cuda":
                torch.cuda.set_device(device)
            dist.init_process_group(_backend(device), timeout=SILENCE)
            try:
                yield device, Workers(rank, size)
            finally:
                dist.destroy_process_group()
    except torch.cuda.OutOfMemoryError:
        raise UserError(f"process {os.getpid()} of this training {NO_MEMORY}") from None
    except RuntimeError as error:
        if not lost_another(error):
            raise
        raise UserError("torchrun: another process of this training ended or stayed away") from None


def _follow(rank: int, size: int, port: int, device: torch.device, threads: int, follow: Follow) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_die_with, args=(parent.sentinel,), daemon=True).start()
    torch.set_num_threads(threads)
    store = TCPStore("127.0.0.1", port, is_master=False)
    _join(store, rank, size, device)
    try:
        follow(Workers(rank, size), device)
    except UserError:  # the leader met the same, and says so
        sys.exit(2)
    except torch.cuda.OutOfMemoryError:
        sys.exit(FULL)
    except RuntimeError as error:
        if not lost_another(error):
            raise
        sys.exit(1)  # the leader says why it leaves, if it can
    finally:
        dist.destroy_process_group()


def lost_another(error: RuntimeError) -> bool:
    """Whether a process waited for another that is gone; gloo's errors have no class of their own."""
    return isinstance(error, dist.DistError) or "gloo" in str(error)


def _join(store: Store, rank: int, size: int, device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group(_backend(device), store=store, rank=rank, world_size=size, timeout=SILENCE)


def _backend(device: torch.device) -> str:
    """Scores and random states are gathered on the CPU, gradients where they are."""
    return "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"


def _die_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _end_with(followers: Sequence[BaseProcess], over: threading.Event) -> None:
    """A group that lost a process would wait for it: end, and leave the state for the next run.

    The leader that notices by itself sets `over` in time.
    """
    alive = list(followers)
    while alive:
        multiprocessing.connection.wait([follower.sentinel for follower in alive])
        for follower in [follower for follower in alive if not follower.is_alive()]:
            alive.remove(follower)
            if follower.exitcode and not over.wait(2 * FAREWELL):
                print(f"error: {_lost(follower)}", file=sys.stderr, flush=True)
                os._exit(1)


def _lost(follower: BaseProcess) -> str:
    code = follower.exitcode
    fate = NO_MEMORY if code == FULL else f"ended with {code}; run the job again to go on"
    return f"process {follower.pid} of this training {fate}"
