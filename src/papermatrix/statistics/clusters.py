"""One training on other clusters: a test that flips their signs, and a bootstrap of whole clusters."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from papermatrix.statistics.estimate import Estimate
from papermatrix.statistics.two_way import one_way

Array = NDArray[np.float64]

DRAWS = 10_000
SEED = 0
"""Of the draws: the same results have the same intervals and p-values."""
FEWEST_DRAWN = 10
"""Clusters for a bootstrap. With fewer its intervals are too short, and Student's takes its place."""
MOST_DRAWN = 1_000
"""Clusters from which on draws add nothing to the normal approximation but time."""


def sign_flip_p(contributions: Array) -> float:
    """Return the two-sided p-value of a difference being 0, from what each of P clusters adds to it.

    Flips the sign of each cluster's sum (E. J. G. Pitman 1937): all 2^P flips where they are fewer than the
    draws, else drawn ones, else their normal approximation.
    """
    if len(contributions) < 2 or not contributions.any():
        return 1.0
    if len(contributions) > MOST_DRAWN:
        z = abs(contributions.sum()) / np.sqrt((contributions**2).sum())
        return float(2 * stats.norm.sf(z))
    test = stats.permutation_test(
        (contributions,),
        np.sum,
        permutation_type="samples",
        vectorized=True,
        n_resamples=DRAWS - 1,
        batch=DRAWS,
        rng=np.random.default_rng(SEED),
    )
    return float(test.pvalue)


def least_sign_flip_p(clusters: int) -> float:
    """Return the least p-value that a sign-flip test over so many clusters can have."""
    if clusters > MOST_DRAWN:
        return 0.0
    return max(2.0 ** (1 - clusters), 2 / DRAWS if 2.0**clusters > DRAWS - 1 else 0.0)


def cluster_interval(estimate: Estimate, level: float) -> tuple[float, float]:
    """Return the interval of a number, the seeds' mean, over other clusters.

    A studentised bootstrap of whole clusters: sums divided by sums. B. Efron's BCa was too short here
    (docs/statistics.md).
    """
    estimate = estimate.over_seeds()
    spread = one_way(estimate.influence[0])
    if not FEWEST_DRAWN <= estimate.clusters <= MOST_DRAWN or spread.variance == 0:
        low, high = spread.interval(estimate.value, level)
        return float(low), float(high)
    t = _drawn_t(estimate)
    tail, error = (1 - level) / 2, np.sqrt(spread.variance)
    most, least = np.quantile(t[np.isfinite(t)], [1 - tail, tail])
    return float(estimate.value - most * error), float(estimate.value - least * error)


def _drawn_t(estimate: Estimate) -> Array:
    """Return the studentised number of each draw of clusters."""
    p, sums, counts = estimate.clusters, estimate.sums[:, 0], estimate.counts
    drawn = draws(p).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        totals = drawn @ counts.T
        means = drawn @ sums.T / totals
        shares = estimate.gradient(means) / totals
        residuals = sum(
            shares[:, [j]] * (sums[j] - means[:, [j]] * counts[j]) for j in range(len(estimate.weights))
        )
        errors = np.sqrt((drawn * residuals**2).sum(axis=1) * p / (p - 1))
        return np.asarray((estimate.at(means) - estimate.value) / errors)


@functools.lru_cache(maxsize=8)
def draws(count: int, stream: int = 0) -> NDArray[np.uint16]:
    """Return how often each draw (DRAWS,P) has each of so many clusters; another stream's are others."""
    random = np.random.default_rng([SEED, stream])
    return random.multinomial(count, np.full(count, 1 / count), size=DRAWS).astype(np.uint16)
