"""How often the tests find a difference where there is none, and how often intervals hold the truth.

Simulates both nulls: the same networks on other clusters, and other trainings on other clusters. A sample's
score is a cluster's effect with variance ICC, a seed's, and noise of its own with variance 1 - ICC.
`python -m tests.papermatrix.statistics.rates docs/statistics.md` writes the tables between its marks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from papermatrix.statistics.clusters import cluster_interval, sign_flip_p
from papermatrix.statistics.estimate import Estimate
from papermatrix.statistics.two_way import two_way, two_way_unpaired

Array = NDArray[np.float64]

ALPHA, LEVEL = 0.05, 0.95
CLUSTERS = (10, 20, 30, 60, 100)
CORRELATIONS = (0.0, 0.3, 0.7)
"""Of two samples of a cluster."""
SEED_DEVIATIONS = (0.0, 0.5, 1.0, 2.0)
"""Of seeds, in the clusters' standard errors of the mean."""


@dataclass(frozen=True)
class Case:
    """What is simulated."""

    clusters: int
    correlation: float
    seeds: int = 1
    seed_deviation: float = 0.0
    effects: str = "normal"
    """Of clusters: `normal`; `t` with 4 degrees of freedom; `far`, where a tenth is 6 deviations off."""


@dataclass(frozen=True)
class Rates:
    false_positives: float
    coverage: float


def two_way_rates(case: Case, tries: int, seed: int = 0) -> Rates:
    """Simulate differences of two methods trained with the same seeds."""
    random = np.random.default_rng(seed)
    influence, values = _simulated(case, tries, random)
    spread = two_way(influence)
    low, high = spread.interval(values, LEVEL)
    return Rates(float(np.mean(spread.p_value(values) <= ALPHA)), float(np.mean((low <= 0) & (high >= 0))))


def unpaired_rates(case: Case, tries: int, seed: int = 0) -> Rates:
    """Simulate two methods, each with seeds of its own, on the same clusters."""
    random = np.random.default_rng(seed)
    counts = _counts(case, tries, random)
    effects = _effects(case, tries, random)
    ours, theirs = (_of_effects(case, counts, effects + _effects(case, tries, random), random) for _ in "ab")
    values = ours[1] - theirs[1]
    spread = two_way_unpaired(ours[0], theirs[0])
    low, high = spread.interval(values, LEVEL)
    return Rates(float(np.mean(spread.p_value(values) <= ALPHA)), float(np.mean((low <= 0) & (high >= 0))))


def one_seed_rates(case: Case, tries: int, seed: int = 0) -> Rates:
    """Simulate differences of two trained networks: sign flips, and the bootstrap of clusters."""
    random = np.random.default_rng(seed)
    counts = _counts(case, tries, random)
    sums = _sums(case, counts, _effects(case, tries, random), random)
    estimates = [Estimate(sums[i][None], counts[i][None], np.ones(1)) for i in range(tries)]
    positives = [sign_flip_p(estimate.contributions) <= ALPHA for estimate in estimates]
    intervals = [cluster_interval(estimate, LEVEL) for estimate in estimates]
    return Rates(float(np.mean(positives)), float(np.mean([low <= 0 <= high for low, high in intervals])))


def _simulated(case: Case, tries: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Return U (tries,S,P), and the means (tries,)."""
    counts = _counts(case, tries, random)
    return _of_effects(case, counts, _effects(case, tries, random), random)


def _of_effects(
    case: Case, counts: Array, effects: Array, random: np.random.Generator
) -> tuple[Array, Array]:
    sums = _sums(case, counts, effects, random)
    total = counts.sum(axis=1)
    values = sums.mean(axis=1).sum(axis=1) / total
    residuals = sums - values[:, None, None] * counts[:, None]
    return case.clusters * residuals / total[:, None, None], values


def _counts(case: Case, tries: int, random: np.random.Generator) -> Array:
    """Return samples of each cluster (tries,P): 3 to 40."""
    return random.integers(3, 41, (tries, case.clusters)).astype(np.float64)


def _effects(case: Case, tries: int, random: np.random.Generator) -> Array:
    """Return effects of clusters (tries,P) with mean 0 and variance `correlation`."""
    shape = (tries, case.clusters)
    if case.effects == "normal":
        effects = random.normal(size=shape)
    elif case.effects == "t":
        effects = random.standard_t(4, size=shape) / np.sqrt(2)
    else:
        effects = random.normal(size=shape) + 6 * (random.random(shape) < 0.1) - 0.6
        effects /= np.sqrt(1 + 36 * 0.09)
    return effects * np.sqrt(case.correlation)


def _sums(case: Case, counts: Array, effects: Array, random: np.random.Generator) -> Array:
    """Return the sums (tries,S,P) of the scores of each seed and cluster."""
    tries, clusters = counts.shape
    shares = counts / counts.sum(axis=1, keepdims=True)
    error = np.sqrt((shares**2 * case.correlation + shares**2 / counts * (1 - case.correlation)).sum(axis=1))
    of_seeds = random.normal(size=(tries, case.seeds)) * (case.seed_deviation * error)[:, None]
    noise = (
        random.normal(size=(tries, case.seeds, clusters)) * np.sqrt(counts * (1 - case.correlation))[:, None]
    )
    return (of_seeds[:, :, None] + effects[:, None]) * counts[:, None] + noise
