"""The record of a training: history.csv, steps.csv, TensorBoard events, a line per epoch."""

from __future__ import annotations

import csv
import io
import math
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from jobkit.files import write_text

HISTORY = "history.csv"
STEPS = "steps.csv"


class Record:
    """Rate and losses of every step, and scores of every epoch; restored with the training's state."""

    def __init__(self, folder: Path | None):
        """Write in `folder`; nothing is written where it is None, as in a follower."""
        self._folder = folder
        self._steps: list[dict[str, float]] = []
        self._rates: list[float] = []
        """The learning rate of every step."""
        self._epochs: list[dict[str, float]] = []
        self._epoch_start = 0
        self._writer: SummaryWriter | None = None

    def __enter__(self) -> Record:
        if self._folder is not None:
            events = str(self._folder / "tensorboard")
            self._writer = SummaryWriter(events, purge_step=len(self._steps) + 1)  # a killed run went further
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
        self._write()

    def step(self, rate: float, terms: dict[str, float]) -> None:
        self._rates.append(rate)
        self._steps.append(terms)
        self._plot("lr", rate)
        for name, value in terms.items():
            self._plot(f"loss/{name}", value)

    def epoch(self, epoch: int, score: float) -> None:
        """Add a row to history.csv, epochs from 1: last step and its rate, mean losses, score."""
        steps = self._steps[self._epoch_start :]
        means = {f"loss_{name}": sum(step[name] for step in steps) / len(steps) for name in steps[0]}
        self._epochs.append(
            {
                "epoch": epoch,
                "step": len(self._steps),
                "lr": self._rates[-1],
                **means,
                "validation_dba": score,
            }
        )
        self._epoch_start = len(self._steps)
        self._plot("validation_dba", score)
        if self._folder is not None:
            line = f"epoch {epoch}: loss {means['loss_total']:.4f}, validation DBA {score:.4f}"
            print(line, file=sys.stderr)
        self._write()

    def state(self) -> dict[str, Any]:
        return {
            "steps": self._steps,
            "rates": self._rates,
            "epochs": self._epochs,
            "epoch_start": self._epoch_start,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._steps = list(state["steps"])
        self._rates = list(state.get("rates", [math.nan] * len(self._steps)))  # an older state has none
        self._epochs = list(state["epochs"])
        self._epoch_start = state["epoch_start"]

    def _plot(self, name: str, value: float) -> None:
        if self._writer is not None:
            self._writer.add_scalar(name, value, len(self._steps))

    def _write(self) -> None:
        if self._folder is None:
            return
        numbered = [
            {"step": number, "lr": rate, **terms}
            for number, (rate, terms) in enumerate(zip(self._rates, self._steps, strict=True), start=1)
        ]
        for name, rows in ((HISTORY, self._epochs), (STEPS, numbered)):
            if rows:
                write_text(self._folder / name, _csv(rows))


def _csv(rows: list[dict[str, float]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
