"""The training loop: epochs, validation, the best epoch, and a state that a killed run goes on from."""

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

from beamfusion.data.dataset import Batch, WindowDataset, batches
from beamfusion.device import peak_memory
from beamfusion.training.interrupt import stop_signal
from beamfusion.training.record import Record
from jobkit.errors import UserError
from jobkit.files import whole_file
from jobkit.job import resident_peak
from jobkit.ledger import Ledger

STATE = "state.pt"
SAVE_SECONDS = 60.0
"""A killed run loses at most this much work, or one batch where that takes longer."""


class Task(Protocol):
    """What is trained, by which loss, and how it is scored."""

    @property
    def network(self) -> nn.Module:
        """Every parameter that is trained, for clipping."""

    def start_epoch(self, epoch: int) -> None:
        """Put every module into the mode that this epoch, from 0, trains it in."""

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The scalar terms of one batch's loss; `total` is the one to minimise."""

    def after_step(self) -> None:
        """What follows an optimiser step."""

    def validate(self) -> float:
        """The score of the validation part, higher is better, by the weights that `save` keeps."""

    def save(self) -> None:
        """Write the checkpoint of the epoch just validated."""

    def state(self) -> dict[str, Any]: ...

    def load_state(self, state: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class Plan:
    """How long and how fast a task is trained."""

    epochs: int
    batch_size: int
    rates: Callable[[float], list[float]]
    """The learning rate of each parameter group, by epochs from 0 and their parts."""
    clip: float | None
    dtype: torch.dtype
    seed: int


@dataclass(frozen=True)
class Fit:
    """How a training ended; epochs count from 1."""

    best_epoch: int | None = None
    best_score: float | None = None
    diverged_in: int | None = None


@dataclass
class _Progress:
    """Where a run is: complete epochs, batches of the one under way, and the best so far."""

    epoch: int = 0
    batch: int = 0
    best_epoch: int | None = None
    best_score: float | None = None

    def end(self, *, diverged: bool = False) -> Fit:
        return Fit(self.best_epoch, self.best_score, self.epoch + 1 if diverged else None)


class Loop:
    """Trains one task on one device; a killed run goes on from its folder's state, to the bit on a CPU."""

    def __init__(
        self,
        task: Task,
        optimizer: torch.optim.Optimizer,
        data: WindowDataset,
        plan: Plan,
        *,
        folder: Path,
        device: torch.device,
        ledger: Ledger,
    ):
        self._task, self._optimizer, self._data, self._plan = task, optimizer, data, plan
        self._device, self._ledger = device, ledger
        self._path = folder / STATE
        self._record = Record(folder)
        self._progress = _Progress()
        self._saved_at = time.monotonic()

    def fit(self) -> Fit:
        torch.manual_seed(self._plan.seed)
        if self._path.exists():
            self._restore()
        with self._record, stop_signal() as stopped:
            while self._progress.epoch < self._plan.epochs:
                if not self._train_epoch(stopped):
                    return self._progress.end(diverged=True)
                score = self._task.validate()
                if not math.isfinite(score):
                    return self._progress.end(diverged=True)
                self._end_epoch(score)
        return self._progress.end()

    def _train_epoch(self, stopped: Callable[[], int]) -> bool:
        """One epoch's batches, or what is left of them; False where the loss stopped being finite."""
        progress, plan = self._progress, self._plan
        self._task.start_epoch(progress.epoch)
        self._data.start_epoch(progress.epoch)
        order = epoch_order(len(self._data), plan.batch_size, plan.seed, progress.epoch)
        if not order:
            raise UserError(f"the training part has {len(self._data)} windows; expected 2 or more")
        title = f"epoch {progress.epoch + 1}/{plan.epochs}"
        with tqdm(
            total=len(order), initial=progress.batch, desc=title, disable=None, leave=False
        ) as bar:  # quiet when not on a terminal
            for batch in batches(self._data, order=order[progress.batch :]):
                rates = plan.rates(progress.epoch + progress.batch / len(order))
                for group, rate in zip(self._optimizer.param_groups, rates, strict=True):
                    group["lr"] = rate
                terms = self._step(batch.to(self._device))
                if terms is None:
                    return False
                self._record.step(terms)
                progress.batch += 1
                bar.update()
                if stopped() or time.monotonic() - self._saved_at > SAVE_SECONDS:
                    self._save()
                if stopped():
                    raise SystemExit(128 + stopped())
        return True

    def _step(self, batch: Batch) -> dict[str, float] | None:
        """One optimiser step's loss terms; None, and no step, where one of them is not finite."""
        mixed = self._plan.dtype == torch.bfloat16
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=mixed):
            losses = self._task.losses(batch)
        values = torch.stack([loss.detach().double() for loss in losses.values()]).tolist()
        if not all(map(math.isfinite, values)):
            return None
        self._optimizer.zero_grad(set_to_none=True)
        losses["total"].backward()  # type: ignore[no-untyped-call]
        if self._plan.clip is not None:
            nn.utils.clip_grad_norm_(self._task.network.parameters(), self._plan.clip)
        self._optimizer.step()
        self._task.after_step()
        return dict(zip(losses, values, strict=True))

    def _end_epoch(self, score: float) -> None:
        progress = self._progress
        if progress.best_score is None or score > progress.best_score:
            progress.best_epoch, progress.best_score = progress.epoch + 1, score
            self._task.save()
        self._record.epoch(progress.epoch + 1, self._plan.rates(progress.epoch)[0], score)
        progress.epoch, progress.batch = progress.epoch + 1, 0
        self._save()

    def _save(self) -> None:
        random = {"cpu": torch.get_rng_state()}
        if self._device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self._device)
        state = {
            "task": self._task.state(),
            "optimizer": self._optimizer.state_dict(),
            "random": random,
            "progress": asdict(self._progress),
            "record": self._record.state(),
        }
        with whole_file(self._path) as temporary:
            torch.save(state, temporary)
        self._ledger.save(peak_memory(self._device) or resident_peak())
        self._saved_at = time.monotonic()

    def _restore(self) -> None:
        state = torch.load(self._path, map_location="cpu", weights_only=True)
        self._task.load_state(state["task"])
        self._optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"]["cpu"])
        if self._device.type == "cuda" and "cuda" in state["random"]:
            torch.cuda.set_rng_state(state["random"]["cuda"], self._device)
        self._progress = _Progress(**state["progress"])
        self._record.restore(state["record"])
        print(
            f"resumed in epoch {self._progress.epoch + 1} after {self._progress.batch} batches",
            file=sys.stderr,
        )


def epoch_order(windows: int, batch_size: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    """The batches of one epoch, by index; a last batch of one window, too few for BatchNorm, is left out."""
    shuffled = np.random.default_rng([seed, epoch]).permutation(windows)
    parts = [shuffled[start : start + batch_size] for start in range(0, windows, batch_size)]
    return [part for part in parts if len(part) > 1]
