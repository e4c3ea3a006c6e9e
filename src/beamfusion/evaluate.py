"""The job `evaluate`: predictions of the reported part, and what they score."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from beamfusion.data.dataset import WindowDataset
from beamfusion.data.prepared import open_prepared
from beamfusion.data.splits import split
from beamfusion.device import describe_device, peak_memory
from beamfusion.networks import load_networks_of
from beamfusion.predict import Predictions, predict
from beamfusion.settings import Settings
from jobkit.files import whole_file
from jobkit.job import Outcome

PREDICTIONS = "predictions.parquet"


def evaluate(
    folder: Path,
    prepared: Path,
    training: Path,
    rebuilding: Path | None,
    settings: Settings,
    device: torch.device,
) -> Outcome:
    """Score a predictor on the test part, with what is missing filled, or rebuilt where a job rebuilds it."""
    frames = open_prepared(prepared)
    parts = split(frames.windows, settings.data)
    predictions = predict(
        load_networks_of(training, rebuilding, settings, device),
        WindowDataset(frames, parts.test),
        device,
        missing=settings.missing,
        seed=settings.seed,
        batch_size=settings.evaluate.batch_size,
    )
    with whole_file(folder / PREDICTIONS) as temporary:
        pq.write_table(_table(predictions, parts.test.tolist()), temporary)
    counts = {"windows": len(parts.test), "dropped": parts.dropped, "crossing": parts.crossing}
    return Outcome(
        scores={**predictions.scores, **counts} if predictions.finite else counts,
        status="done" if predictions.finite else "diverged",
        device=describe_device(device),
        peak_memory=peak_memory(device),
    )


def _table(predictions: Predictions, windows: list[int]) -> pa.Table:
    """A row a window: index in the prepared data, scenario, zero-based truth and three best beams, logits."""
    return pa.table(
        {
            "window": windows,
            "scenario": predictions.scenario,
            "truth": predictions.truth,
            **{f"beam{k + 1}": predictions.top3[:, k] for k in range(3)},
            "logits": list(predictions.logits),
        }
    )
