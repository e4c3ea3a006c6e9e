"""Scores by sample, which a job may leave beside its result for paired tests.

`samples.parquet` has a row a sample: `sample`, which names it in every job alike; a column for each score,
whose mean over the samples is the result's; and `part`, where the result states scores of parts too:
`flavour.cold` is the mean of `flavour` where `part` is `cold`, unless there is a column of that name.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from papermatrix.config.metric import Metric
from papermatrix.config.score_pattern import OVERALL
from papermatrix.matrix.jobs import Job

SAMPLES = "samples.parquet"
SAMPLE, PART = "sample", "part"


def sample_scores(job: Job, metric: Metric) -> pd.Series[float] | None:
    """Return a score by sample; None where the job left none that can be used."""
    try:
        table = parquet.read_table(job.folder / SAMPLES)
        frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    except (OSError, ValueError, pa.ArrowException):
        return None
    score, *part = metric.path
    if (whole := ".".join(metric.path)) in frame:
        score, part = whole, []
    if part and part != [OVERALL]:
        if PART not in frame:
            return None
        frame = frame[frame[PART] == ".".join(part)]
    if score not in frame or SAMPLE not in frame or not pd.api.types.is_numeric_dtype(frame[score]):
        return None
    if pd.api.types.infer_dtype(frame[SAMPLE]) not in ("string", "integer"):
        return None
    scores = frame.set_index(SAMPLE)[score].astype(float)
    scores = scores[np.isfinite(scores)]
    return scores if scores.index.is_unique and len(scores) else None
