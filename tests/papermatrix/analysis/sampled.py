"""Results with scores by sample, in clusters and for several seeds."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from tests.papermatrix.tea import CellRun, Paper, finish, runs

ONE_COLUMN = """
tables:
  cups:
    title: Tea
    metric: flavour
    better: higher
    rows:
      - label: plain
      - {label: black, with: {leaf.kind: black}}
      - {label: steeped, with: {steep.enabled: true}}
    columns:
      - label: cup
"""
KINDLESS = """
scores: taste
sample_names: {samples: sips, clusters: pots}
stages:
  dry: {uses: [leaf, seed], slug: "{{ leaf.kind }}"}
  steep: {needs: dry, uses: [steep], when: {steep.enabled: true}}
  taste: {needs: steep, uses: [cup]}
"""
Sips = Callable[[CellRun], Sequence[float]]


def write_samples(job: Job, flavour: Sequence[float], **columns: object) -> None:
    """Leave the flavour of each sip beside the job's result."""
    frame = pd.DataFrame({"sample": range(len(flavour)), "flavour": flavour, **columns})
    frame.to_parquet(job.folder / "samples.parquet")


def with_sips(
    paper: Paper, text: str, sips: Sips, cluster: Sequence[object] | None = None, **fields: object
) -> Matrix:
    """Give each run the flavours of its sips, whose mean is its score."""
    matrix = paper.tables(text)
    for job in matrix.jobs.values():
        finish(job, **fields)
    for run in runs(matrix):
        if run.job and run.metric and run.metric.stage == "taste":
            flavours = list(sips(run))
            finish(run.job, {"flavour": float(np.mean(flavours))}, **fields)
            clusters: Mapping[str, object] = {} if cluster is None else {"cluster": list(cluster)}
            write_samples(run.job, flavours, **clusters)
    return matrix


def pots(count: int, each: int = 5) -> list[int]:
    """Return clusters of equal size, in order."""
    return [pot for pot in range(count) for _ in range(each)]
