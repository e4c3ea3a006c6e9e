"""The smallest difference that some seeds and clusters can show, by the variances that were measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from papermatrix.statistics.two_way import mean_squares

Array = NDArray[np.float64]

POWER = 0.8
"""How often the smallest difference is found."""
MOST_SEEDS, MOST_CLUSTERS = 1_000, 1_000_000
"""Beyond what anybody would train or record."""


@dataclass(frozen=True)
class Variances:
    """What of a difference varies with the seed, with the cluster, and with both together."""

    seeds: float | None
    """None with too few seeds to tell: differences are then of these trainings."""
    clusters: float | None
    """None without samples: differences are then on the same data."""
    rest: float

    def error(self, seeds: int, clusters: int) -> tuple[float, float]:
        """Return the standard error that so many seeds and clusters would have, and its freedom."""
        if self.seeds is None:
            return float(np.sqrt((self.clusters or 0) / clusters)), clusters - 1
        if self.clusters is None:
            return float(np.sqrt(self.seeds / seeds)), seeds - 1
        between = np.array([self.rest + clusters * self.seeds, self.rest + seeds * self.clusters, self.rest])
        freedoms = np.array([seeds - 1, clusters - 1, (seeds - 1) * (clusters - 1)])
        total = between[0] + between[1] - between[2]
        freedom = total**2 / (between**2 / freedoms).sum() if total > 0 else 1.0
        return float(np.sqrt(total / (seeds * clusters))), max(1.0, float(freedom))


def paired_variances(influence: Array) -> Variances:
    """Return the variances of a difference from U (S,P) of at least two seeds and two clusters."""
    squares, (s, p) = mean_squares(influence), influence.shape
    return Variances(
        max(0.0, float(squares.seeds - squares.rest) / p),
        max(0.0, float(squares.clusters - squares.rest) / s),
        float(squares.rest),
    )


def unpaired_variances(ours: Array, theirs: Array) -> Variances:
    """Return those of a difference of two methods with seeds of their own, from U (S,P) of each."""
    first, second = paired_variances(ours), paired_variances(theirs)
    of_means = float((ours.mean(axis=0) - theirs.mean(axis=0)).var(ddof=1))
    clusters = of_means - first.rest / len(ours) - second.rest / len(theirs)
    return Variances((first.seeds or 0) + (second.seeds or 0), max(0.0, clusters), first.rest + second.rest)


def smallest_difference(variances: Variances, seeds: int, clusters: int, alpha: float) -> float:
    """Return the least true difference that a two-sided test finds with the probability `POWER`."""
    error, freedom = variances.error(seeds, clusters)
    critical = stats.t.ppf(1 - alpha / 2, freedom)

    def lack(shift: float) -> float:  # to find it on the wrong side is next to impossible
        return float(POWER - stats.nct.sf(critical, freedom, shift))

    return error * float(optimize.brentq(lack, 0, 3 * critical))


def seeds_for(difference: float, variances: Variances, clusters: int, alpha: float) -> int | None:
    """Return how many seeds would show a difference on so many clusters; None where no number would."""
    if variances.seeds is None:
        return None
    return _fewest(
        lambda seeds: smallest_difference(variances, seeds, clusters, alpha) <= difference, 3, MOST_SEEDS
    )


def clusters_for(difference: float, variances: Variances, seeds: int, alpha: float) -> int | None:
    """Return how many clusters would show a difference with so many seeds; None where no number would."""
    if variances.clusters is None:
        return None
    return _fewest(
        lambda clusters: smallest_difference(variances, seeds, clusters, alpha) <= difference,
        6,
        MOST_CLUSTERS,
    )


def _fewest(is_enough: Callable[[int], bool], least: int, most: int) -> int | None:
    """Return the least number that is enough, of those from which on all are."""
    if not is_enough(most):
        return None
    low, high = least, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle + 1, high)
    return low
