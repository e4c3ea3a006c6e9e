"""The job `evaluate`: predictions of the reported part, and what they score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from beamfusion.data.dataset import open_datasets
from beamfusion.data.prepared import Windows
from beamfusion.device import describe_device, peak_memory
from beamfusion.evaluation.metrics import scores_by_sample
from beamfusion.evaluation.predict import Predictions, predict
from beamfusion.models.networks import load_networks_of
from beamfusion.settings import Settings
from jobkit.files import whole_file
from jobkit.job import Outcome

PREDICTIONS = "predictions.parquet"
SAMPLES = "samples.parquet"
"""The scores by sample, for intervals and tests."""


def evaluate(
    folder: Path,
    prepared: Path,
    training: Path,
    rebuilding: Path | None,
    settings: Settings,
    device: torch.device,
) -> Outcome:
    """Score a predictor on the test part, missing modalities filled, or rebuilt if a job rebuilds them."""
    datasets = open_datasets(prepared, settings)
    predictions = predict(
        load_networks_of(training, rebuilding, settings, device),
        datasets.test,
        device,
        missing=settings.missing,
        seed=settings.seed,
        batch_size=settings.evaluate.batch_size,
    )
    window, copy = datasets.test.windows, datasets.test.copies
    with whole_file(folder / PREDICTIONS) as temporary:
        pq.write_table(_table(predictions, window.tolist(), copy.tolist()), temporary)
    with whole_file(folder / SAMPLES) as temporary:
        pq.write_table(_samples(predictions, datasets.prepared.windows, window, copy), temporary)
    counts = {"windows": len(datasets.test), **datasets.left_out}
    return Outcome(
        scores={**predictions.scores, **counts} if predictions.finite else counts,
        status="done" if predictions.finite else "diverged",
        device=describe_device(device),
        peak_memory=peak_memory(device),
    )


def _table(predictions: Predictions, windows: list[int], copies: list[int]) -> pa.Table:
    """Make a row of each window.

    It has the window's index among the job's, which altered copy it is (0: none), scenario, zero-based truth
    and three best beams, and logits; of a forecast each step's, named `_step1` and so on.
    """
    columns: dict[str, Any] = {"window": windows, "copy": copies, "scenario": predictions.scenario}
    if predictions.truth.ndim == 1:
        return pa.table(columns | _beams(predictions.truth, predictions.top3, predictions.logits))
    for step in range(predictions.truth.shape[1]):
        beams = _beams(predictions.truth[:, step], predictions.top3[:, step], predictions.logits[:, step])
        columns |= {f"{name}_step{step + 1}": column for name, column in beams.items()}
    return pa.table(columns)


def _samples(
    predictions: Predictions, windows: Windows, window: NDArray[np.int64], copy: NDArray[np.int64]
) -> pa.Table:
    """Make a row of each window: the name that it has in every job on its data, its pass, its scores."""
    names = zip(windows.subset[window], windows.line[window], copy, strict=True)
    return pa.table(
        {
            "sample": [f"{subset}-{line}-{number}" for subset, line, number in names],
            "cluster": windows.pass_id[window],
            "part": [f"scenario{number}" for number in predictions.scenario],
            **scores_by_sample(predictions.top3, predictions.truth),
        }
    )


def _beams(truth: NDArray[np.int64], top3: NDArray[np.int64], logits: NDArray[np.float32]) -> dict[str, Any]:
    ranked = {f"beam{k + 1}": top3[:, k] for k in range(top3.shape[1])}
    return {"truth": truth, **ranked, "logits": list(logits)}
