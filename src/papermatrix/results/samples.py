"""Scores by sample, which a job may leave beside its result for intervals and tests.

`samples.parquet` has a row a sample: `sample`, which names it in every job alike; a column for each score,
whose mean over the samples is the result's; `cluster`, where samples belong together, as windows of one pass
or images of one patient do; and `part`, where the result states scores of parts too: `flavour.cold` is the
mean of `flavour` where `part` is `cold`, unless there is a column of that name.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from papermatrix.config.metric import Metric
from papermatrix.config.score_pattern import OVERALL
from papermatrix.matrix.jobs import Job

SAMPLES = "samples.parquet"
SAMPLE, PART, CLUSTER = "sample", "part", "cluster"
_NAMES = ("string", "integer")
"""What samples and clusters are called by."""
_ROUNDING = 1e-6
"""Of a score, relative: how far the samples' mean may be from it."""


@dataclass(frozen=True, eq=False)
class Samples:
    """The scores of one job, in the order of the samples' names."""

    names: NDArray[Any]
    clusters: NDArray[Any]
    """The cluster of each; its own name where none is stated."""
    scores: NDArray[np.float64]
    has_clusters: bool

    def is_over_same_as(self, other: Samples) -> bool:
        """Return whether both are over the very same samples in the very same clusters."""
        return np.array_equal(self.names, other.names) and np.array_equal(self.clusters, other.clusters)

    def have_mean(self, number: float) -> bool:
        size = max(abs(number), float(np.abs(self.scores).mean()))
        return abs(float(self.scores.mean()) - number) <= _ROUNDING * size


def samples_of(job: Job, metric: Metric) -> Samples | str:
    """Return a score by sample, or why what the job left cannot be used: nothing where it left none."""
    path = (job.folder / SAMPLES).absolute()  # the key of what is kept, whatever the current folder
    try:
        stat = path.stat()
        return _samples(path, (stat.st_mtime_ns, stat.st_size), metric.path)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, pa.ArrowException):
        return "it cannot be read"


@functools.lru_cache(maxsize=4096)
def _samples(path: Path, version: tuple[int, int], names: tuple[str, ...]) -> Samples | str:
    frame = _frame(path, version)
    score, *part = names
    if (whole := ".".join(names)) in frame:
        score, part = whole, []
    if part and part != [OVERALL]:
        if PART not in frame:
            return f"it has no column {whole}, nor {PART}"
        frame = frame[frame[PART] == ".".join(part)]
    if score not in frame or not pd.api.types.is_numeric_dtype(frame[score]):
        return f"it has no column {score} of numbers"
    frame = frame[np.isfinite(frame[score].astype(float))]
    if frame.empty:
        return f"it has no number of {whole}"
    for column in (SAMPLE, *([CLUSTER] if CLUSTER in frame else [])):
        if not _are_names(frame, column):
            return f"its column {column} has other values than texts or whole numbers"
    if not frame[SAMPLE].is_unique:
        return f"its column {SAMPLE} names some samples twice"
    frame = frame.sort_values(SAMPLE)
    clusters = frame[CLUSTER if CLUSTER in frame else SAMPLE]
    scores = np.asarray(frame[score], dtype=np.float64)
    return Samples(frame[SAMPLE].to_numpy(), clusters.to_numpy(), scores, CLUSTER in frame)


def _are_names(frame: pd.DataFrame, column: str) -> bool:
    return column in frame and pd.api.types.infer_dtype(frame[column], skipna=False) in _NAMES


@functools.lru_cache(maxsize=256)
def _frame(path: Path, version: tuple[int, int]) -> pd.DataFrame:
    """Return a file's content; `version` tells it from what stood there before."""
    table = parquet.read_table(path)
    plain = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    frame: pd.DataFrame = table.cast(pa.schema(plain)).to_pandas(ignore_metadata=True)
    return frame
