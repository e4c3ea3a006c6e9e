"""The test that flips clusters' signs, and the interval that draws clusters, against other ways to them."""

import itertools

import numpy as np
import pytest
from scipy import stats

from papermatrix.statistics.clusters import cluster_interval, least_sign_flip_p, sign_flip_p
from papermatrix.statistics.estimate import Estimate
from papermatrix.statistics.holm import fewest_clusters, holm

RANDOM = np.random.default_rng(3)


def mean_of(sums: np.ndarray, counts: np.ndarray) -> Estimate:
    return Estimate(sums[None, None].astype(float), counts[None].astype(float), np.ones(1))


def by_hand(contributions: np.ndarray) -> float:
    """Try every flip of signs."""
    flips = np.array(list(itertools.product((-1, 1), repeat=len(contributions))))
    sums = np.abs(flips @ contributions)
    return float(np.mean(sums >= abs(contributions.sum()) - 1e-12))


@pytest.mark.parametrize("clusters", [2, 6, 9, 12])
def test_with_few_clusters_every_flip_is_tried(clusters: int) -> None:
    contributions = RANDOM.normal(0.3, 1, clusters)
    assert sign_flip_p(contributions) == pytest.approx(by_hand(contributions))


def test_clusters_that_all_say_the_same_have_the_least_p_value() -> None:
    for clusters in (5, 6, 9):
        assert sign_flip_p(np.ones(clusters)) == pytest.approx(2 / 2**clusters)
        assert least_sign_flip_p(clusters) == pytest.approx(2 / 2**clusters)


def test_one_cluster_says_nothing_of_others() -> None:
    assert sign_flip_p(np.array([0.7])) == least_sign_flip_p(1) == 1


def test_with_many_clusters_drawn_flips_come_near_to_all_of_them() -> None:
    contributions = RANDOM.normal(0.5, 1, 16)
    assert sign_flip_p(contributions) == pytest.approx(by_hand(contributions), abs=0.01)


def test_beyond_that_the_normal_approximation_comes_near_to_drawn_flips() -> None:
    contributions = RANDOM.normal(0.05, 1, 1500)
    drawn = stats.permutation_test(
        (contributions,), np.sum, permutation_type="samples", vectorized=True, n_resamples=4999, rng=1
    )
    assert sign_flip_p(contributions) == pytest.approx(drawn.pvalue, abs=0.03)
    assert least_sign_flip_p(1500) == 0


def test_the_same_results_have_the_same_interval_and_p_value() -> None:
    counts = RANDOM.integers(3, 41, 30)
    one = mean_of(RANDOM.normal(size=30) * counts, counts)
    assert cluster_interval(one, 0.95) == cluster_interval(one, 0.95)
    assert sign_flip_p(one.contributions) == sign_flip_p(one.contributions)


def test_the_interval_comes_near_to_scipy_s_bootstrap_of_the_same_ratio() -> None:
    """SciPy's BCa of sums by sums: the two agree to second order, so on many clusters closely."""
    counts = RANDOM.integers(3, 41, 300).astype(float)
    sums = RANDOM.normal(0.5, 0.2, 300) * counts
    expected = stats.bootstrap(
        (sums, counts), lambda s, n, axis: s.sum(axis) / n.sum(axis), paired=True, vectorized=True, rng=1
    ).confidence_interval
    low, high = cluster_interval(mean_of(sums, counts), 0.95)
    width = expected.high - expected.low
    assert low == pytest.approx(expected.low, abs=0.04 * width)
    assert high == pytest.approx(expected.high, abs=0.04 * width)


def test_few_clusters_have_student_s_interval() -> None:
    values = RANDOM.normal(size=7)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert cluster_interval(mean_of(values, np.ones(7)), 0.95) == pytest.approx(expected)


def test_holm_s_correction_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_ten_methods_take_nine_clusters() -> None:
    assert fewest_clusters(0.05, 9) == 9
    assert fewest_clusters(0.05, 1) == 6
