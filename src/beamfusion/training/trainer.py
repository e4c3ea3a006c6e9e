"""The training loop: epochs, validation, the best epoch, and a state that a killed run resumes from."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from beamfusion.data.dataset import Batch, WindowDataset
from beamfusion.device import peak_memory
from beamfusion.distributed.workers import SINGLE_PROCESS, Workers
from beamfusion.models.checkpoint import CHECKPOINT, read_tensors, save_checkpoint, write_tensors
from beamfusion.training.interrupt import Stop, stop_signal
from beamfusion.training.record import Record
from jobkit.errors import UserError
from jobkit.files import move
from jobkit.job import resident_peak
from jobkit.ledger import Ledger
from jobkit.progress import Meter

STATE = "state.pt"
SAVE_SECONDS = 60.0
"""Seconds between two saves, which a killed run loses at most, or one batch where that takes longer."""
SAVE_BEFORE_VALIDATION = 3.0
"""Seconds of training since the last save that are worth another before a validation, which may be long."""


class Task(Protocol):
    """The networks that are trained, their loss and their score."""

    @property
    def network(self) -> nn.Module:
        """Every parameter that is trained, for clipping."""

    def start_epoch(self, epoch: int) -> None:
        """Put every module into the mode that this epoch, from 0, trains it in."""

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Compute the scalar terms of one batch's loss; `total` is the one to minimise."""

    def after_step(self) -> None:
        """Do what follows an optimiser step."""

    def validate(self) -> float:
        """Score the validation part, higher is better, by the weights of `networks`."""

    def networks(self) -> dict[str, nn.Module]:
        """Return what `validate` scored, by the names in the checkpoint."""

    def state(self) -> dict[str, Any]: ...

    def load_state(self, state: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class Plan:
    """Length, learning rates and precision of a training."""

    epochs: int
    batch_size: int
    rates: Callable[[float], list[float]]
    """The learning rate of each parameter group, by epochs from 0 and their datasets."""
    clip: float | None
    dtype: torch.dtype
    """Dtype of matrix products."""
    weights: torch.dtype
    """Dtype of the parameters, and so of the inputs."""
    seed: int


@dataclass(frozen=True)
class TrainingResult:
    """The end of a training; epochs count from 1."""

    epochs: int
    """Started, the last of them perhaps not finished."""
    best_epoch: int | None = None
    best_score: float | None = None
    diverged_in: int | None = None


@dataclass
class _Progress:
    """Complete epochs, batches of the current one, and the best epoch so far."""

    epoch: int = 0
    batch: int = 0
    best_epoch: int | None = None
    best_score: float | None = None

    def end(self, *, diverged: bool = False) -> TrainingResult:
        epochs = self.epoch + diverged
        return TrainingResult(epochs, self.best_epoch, self.best_score, epochs if diverged else None)


class Trainer:
    """Trains one task; a killed run resumes from its folder's state, to the bit on a CPU.

    Several workers each have a trainer on their own device: every batch is divided among them, they decide
    together what comes next, and the leader writes.
    """

    def __init__(
        self,
        task: Task,
        optimizer: torch.optim.Optimizer,
        data: WindowDataset,
        plan: Plan,
        *,
        folder: Path,
        device: torch.device,
        ledger: Ledger | None,
        workers: Workers = SINGLE_PROCESS,
    ):
        self._task, self._optimizer, self._data, self._plan = task, optimizer, data, plan
        self._device, self._ledger, self._workers = device, ledger, workers
        self._folder, self._path = folder, folder / STATE
        self._record = Record(folder if workers.is_leader else None)
        self._progress = _Progress()
        self._saved_at = time.monotonic()

    def fit(self) -> TrainingResult:
        torch.manual_seed(worker_seed(self._plan.seed, self._workers.rank))
        if self._path.exists():
            self._restore()
        if any(progress != self._progress for progress in self._workers.gather(self._progress)):
            raise UserError(f"{self._path}: not the same on all machines yet; run the job again")
        self._meter = self._new_meter()
        with self._record, stop_signal() as stop:
            while self._progress.epoch < self._plan.epochs:
                if not self._train_epoch(stop):
                    return self._end(diverged=True)
                if self._decide(time.monotonic() - self._saved_at > SAVE_BEFORE_VALIDATION):
                    self._save()
                with stop.at_once():
                    score = self._task.validate()
                if not math.isfinite(score):
                    return self._end(diverged=True)
                self._end_epoch(score)
            with stop.at_once():  # saved, and what follows does not look for signals
                return self._end()

    def _new_meter(self) -> Meter:
        """Return what says how far the training is."""
        progress, plan = self._progress, self._plan
        batches = len(epoch_order(len(self._data), plan.batch_size, plan.seed, progress.epoch))
        done = progress.epoch + (progress.batch / batches if batches else 0)
        folder = self._folder if self._workers.is_leader else None
        return Meter(folder, "epoch", plan.epochs, done=done, items="windows")

    def _train_epoch(self, stop: Stop) -> bool:
        """Train on what is left of an epoch's batches; False where the loss stopped being finite."""
        progress, plan, workers = self._progress, self._plan, self._workers
        self._task.start_epoch(progress.epoch)
        self._data.start_epoch(progress.epoch)
        order = epoch_order(len(self._data), plan.batch_size, plan.seed, progress.epoch)
        if not order:
            raise UserError(f"the training part has {len(self._data)} windows; expected 2 or more")
        title = f"epoch {progress.epoch + 1}/{plan.epochs}"
        quiet = None if workers.is_leader else True  # None: quiet when not on a terminal
        with tqdm(total=len(order), initial=progress.batch, desc=title, disable=quiet, leave=False) as bar:
            for rows in order[progress.batch :]:
                rates = plan.rates(progress.epoch + progress.batch / len(order))
                for group, rate in zip(self._optimizer.param_groups, rates, strict=True):
                    group["lr"] = rate
                own, part = workers.share(rows)
                terms = self._step(self._data.batch(own).to(self._device, plan.weights), part)
                if terms is None:
                    return False
                self._record.step(rates[0], terms)
                progress.batch += 1
                bar.update()
                self._meter.at(progress.epoch + progress.batch / len(order), len(rows))
                stopped = self._decide(bool(stop.signal))
                if stopped or self._decide(time.monotonic() - self._saved_at > SAVE_SECONDS):
                    self._save()
                if stopped:
                    raise SystemExit(128 + stop.signal)
        return True

    def _decide(self, yes: bool) -> bool:
        """Return whether any worker says yes, so that all do the same."""
        return yes if self._workers.world_size == 1 else bool(self._workers.sum(torch.tensor(int(yes))))

    def _step(self, batch: Batch, part: float) -> dict[str, float] | None:
        """Do one optimiser step and return its loss terms; None, and no step, where one is not finite.

        `part` is how much of the whole batch this worker's is: the terms are means over the whole.
        """
        mixed = self._plan.dtype == torch.bfloat16
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=mixed):
            losses = self._task.losses(batch)
        values = torch.stack([loss.detach().double() * part for loss in losses.values()]).cpu()
        means = self._workers.sum(values).tolist()
        if not all(map(math.isfinite, means)):
            return None
        self._optimizer.zero_grad(set_to_none=True)
        # Gradients are averaged over the workers, whose datasets may differ.
        (losses["total"] * (part * self._workers.world_size)).backward()  # type: ignore[no-untyped-call]
        if self._plan.clip is not None:
            nn.utils.clip_grad_norm_(self._task.network.parameters(), self._plan.clip)
        self._optimizer.step()
        self._task.after_step()
        return dict(zip(losses, means, strict=True))

    def _end_epoch(self, score: float) -> None:
        progress = self._progress
        if progress.best_score is None or score > progress.best_score:
            progress.best_epoch, progress.best_score = progress.epoch + 1, score
            if self._workers.is_leader:
                save_checkpoint(self._best, self._task.networks())
        self._record.epoch(progress.epoch + 1, score)
        progress.epoch, progress.batch = progress.epoch + 1, 0
        self._meter.at(progress.epoch)
        self._save()
        if self._workers.is_leader:
            self._remove_others()

    @property
    def _best(self) -> Path:
        """The best epoch's networks, named by epoch so that a repeated epoch does not overwrite another's."""
        return self._folder / f"best-{self._progress.best_epoch}.pt"

    def _end(self, *, diverged: bool = False) -> TrainingResult:
        if self._workers.is_leader:
            self._remove_others()
            if self._best.exists():
                move(self._best, self._folder / CHECKPOINT)
        return self._progress.end(diverged=diverged)

    def _remove_others(self) -> None:
        for path in self._folder.glob("best-*.pt"):
            if path != self._best:
                path.unlink()

    def _save(self) -> None:
        """Write what every worker needs to resume."""
        random = {"cpu": torch.get_rng_state()}
        if self._device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self._device)
        randoms = self._workers.gather(random)
        if self._workers.is_leader:
            state = {
                "task": self._task.state(),
                "optimizer": self._optimizer.state_dict(),
                "random": randoms,
                "progress": asdict(self._progress),
                "record": self._record.state(),
            }
            write_tensors(self._path, state)
        if self._ledger is not None:
            self._ledger.save(peak_memory(self._device) or resident_peak())
        self._meter.write()
        self._saved_at = time.monotonic()

    def _restore(self) -> None:
        state = read_tensors(self._path)
        try:
            self._task.load_state(state["task"])
            self._optimizer.load_state_dict(state["optimizer"])
            random = state["random"][self._workers.rank]
            torch.set_rng_state(random["cpu"])
            if self._device.type == "cuda" and "cuda" in random:
                torch.cuda.set_rng_state(random["cuda"], self._device)
            self._progress = _Progress(**state["progress"])
            self._record.restore(state["record"])
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:300]
            raise UserError(
                f"{self._path}: is not a state of this training ({reason}); remove it to start over"
            ) from None
        if self._workers.is_leader:
            print(
                f"resumed in epoch {self._progress.epoch + 1} after {self._progress.batch} batches",
                file=sys.stderr,
            )


def worker_seed(seed: int, rank: int) -> int:
    """Return the seed that dropout is drawn from: the training's, and for followers one of their own."""
    return seed if rank == 0 else int(np.random.SeedSequence([seed, rank]).generate_state(1)[0])


def epoch_order(windows: int, batch_size: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    """Return the batches of one epoch, by index, without a last one of one window, too few for BatchNorm."""
    shuffled = np.random.default_rng([seed, epoch]).permutation(windows)
    datasets = [shuffled[start : start + batch_size] for start in range(0, windows, batch_size)]
    return [part for part in datasets if len(part) > 1]
