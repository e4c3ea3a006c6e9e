"""The interval of an average rank, against plain draws in a loop."""

import numpy as np
import pytest

from papermatrix.statistics.ranks import rank_interval

RANDOM = np.random.default_rng(2)


def by_hand(sums: np.ndarray, counts: np.ndarray, own: int, *, with_seeds: bool) -> tuple[float, float]:
    """Draw clusters and seeds one by one, and rank."""
    _, seeds, clusters = sums.shape
    ranks = []
    for _ in range(4000):
        of_clusters = RANDOM.integers(0, clusters, clusters)
        of_seeds = RANDOM.integers(0, seeds, seeds) if with_seeds else np.arange(seeds)
        drawn = sums[:, of_seeds][:, :, of_clusters].sum(axis=(1, 2)) / counts[of_clusters].sum()
        ranks.append(1 + (drawn > drawn[own]).sum())
    low, high = np.quantile(ranks, [0.025, 0.975])
    return float(low), float(high)


@pytest.mark.parametrize("with_seeds", [False, True])
def test_ranks_are_those_of_draws_of_clusters_and_seeds(with_seeds: bool) -> None:
    counts = RANDOM.integers(3, 20, 15).astype(float)
    scores = (
        RANDOM.normal(0, 0.3, (5, 4, 15))
        + RANDOM.normal(0, 0.1, (5, 4, 1))
        + np.linspace(0, 0.4, 5)[:, None, None]
    )
    sums = scores * counts
    found = rank_interval([(sums, counts)], [1], [2], 0.95, with_seeds=with_seeds)
    assert found == pytest.approx(by_hand(sums, counts, 2, with_seeds=with_seeds), abs=0.51)
    assert found[0] < found[1]


def test_the_lower_may_be_the_better() -> None:
    counts = np.ones(10)
    sums = np.stack([np.full((1, 10), value) for value in (1.0, 2.0, 3.0)])
    assert rank_interval([(sums, counts)], [1], [0], 0.95, with_seeds=False) == (3, 3)
    assert rank_interval([(sums, counts)], [-1], [0], 0.95, with_seeds=False) == (1, 1)


def test_the_average_is_over_columns() -> None:
    counts = np.ones(10)
    sums = np.stack([np.full((1, 10), value) for value in (1.0, 2.0, 3.0)])
    columns = [(sums, counts), (sums, counts)]
    assert rank_interval(columns, [1, 1], [0, 1], 0.95, with_seeds=False) == (2.5, 2.5)
