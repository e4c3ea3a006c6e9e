"""How far an average rank may be off: the rank in draws of whole clusters, and of seeds if they vary too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from papermatrix.statistics.clusters import draws

Array = NDArray[np.float64]


def rank_interval(
    columns: list[tuple[Array, Array]], signs: list[int], own: list[int], level: float, *, with_seeds: bool
) -> tuple[float, float]:
    """Return the percentile interval of an average rank over columns.

    A column is the sums (R,S,P) and counts (P,) of R rivals, with the sign of what is better; `own` is the
    position of the ranked one in each. Seeds and clusters are drawn apart: A. B. Owen's pigeonhole bootstrap.
    """
    clusters, seeds = columns[0][0].shape[2], columns[0][0].shape[1]
    of_clusters = draws(clusters).astype(np.float64)
    of_seeds = draws(seeds, stream=1).astype(np.float64) if with_seeds else np.ones((1, seeds))
    ranks = []
    for (sums, counts), sign, position in zip(columns, signs, own, strict=True):
        totals = of_clusters @ counts
        drawn = np.stack([((of_clusters @ rival.T) * of_seeds).sum(axis=1) for rival in sums])
        with np.errstate(divide="ignore", invalid="ignore"):
            means = sign * drawn / (totals * of_seeds.sum(axis=1))
        better = (means > means[position]).sum(axis=0)
        equal = (means == means[position]).sum(axis=0)
        ranks.append(np.where(totals > 0, better + (1 + equal) / 2, np.nan))
    average = np.mean(ranks, axis=0)
    tail = (1 - level) / 2
    low, high = np.quantile(average[np.isfinite(average)], [tail, 1 - tail])
    return float(low), float(high)
