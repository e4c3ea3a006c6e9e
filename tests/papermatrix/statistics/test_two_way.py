"""The two-way analysis of seeds and clusters against formulas by hand, SciPy and a mixed model."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from statsmodels.formula.api import mixedlm

from papermatrix.statistics.estimate import Estimate, combine
from papermatrix.statistics.two_way import one_way, two_way, two_way_unpaired, welch

RANDOM = np.random.default_rng(7)


def estimate(sums: np.ndarray, counts: np.ndarray) -> Estimate:
    """Make one mean of sums (S,P) and counts (P,)."""
    return Estimate(sums[None].astype(float), counts[None].astype(float), np.ones(1))


def test_the_influence_is_that_of_a_mean_over_samples() -> None:
    counts = np.array([3, 40, 11, 7])
    means = RANDOM.normal(size=(3, 4))
    one = estimate(means * counts, counts)
    weights = counts / counts.sum()
    assert one.value == pytest.approx((means @ weights).mean())
    assert_allclose(one.influence, (means - one.value) * weights / weights.mean())
    assert_allclose(one.value + one.influence.mean(axis=1), means @ weights)
    assert one.contributions.sum() == pytest.approx(one.value)


def test_two_seeds_on_three_clusters_by_hand() -> None:
    """U = [[1, 2, 3], [2, 5, 5]]: seeds' means 2 and 4, clusters' 1.5, 3.5 and 4, all 3."""
    u = np.array([[1.0, 2.0, 3.0], [2.0, 5.0, 5.0]])
    squares_of_seeds = 3 * (1 + 1) / 1
    squares_of_clusters = 2 * (1.5**2 + 0.5**2 + 1**2) / 2
    rest = (0.5**2 + 0.5**2 + 0**2) * 2 / 2
    total = squares_of_seeds + squares_of_clusters - rest
    freedom = total**2 / (squares_of_seeds**2 / 1 + squares_of_clusters**2 / 2 + rest**2 / 2)
    spread = two_way(u)
    assert spread.variance == pytest.approx(total / 6)
    assert spread.freedom == pytest.approx(freedom)
    low, high = spread.interval(3.0, 0.95)
    half = stats.t.ppf(0.975, freedom) * np.sqrt(total / 6)
    assert (low, high) == (pytest.approx(3 - half), pytest.approx(3 + half))
    assert spread.p_value(3.0) == pytest.approx(2 * stats.t.sf(3 / np.sqrt(total / 6), freedom))


def test_where_the_sum_is_not_positive_the_largest_mean_square_stands_alone() -> None:
    u = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]])
    spread = two_way(u)
    assert spread.variance == pytest.approx(2 / 6)
    assert spread.freedom == 2


def test_seeds_and_clusters_have_the_variance_of_a_mixed_model() -> None:
    seeds, clusters = 6, 25
    scores = (
        0.5
        + RANDOM.normal(0, 0.05, (seeds, 1))
        + RANDOM.normal(0, 0.1, (1, clusters))
        + RANDOM.normal(0, 0.08, (seeds, clusters))
    )
    one = estimate(scores, np.ones(clusters))
    seed, cluster = np.indices(scores.shape)
    frame = pd.DataFrame({"score": scores.ravel(), "seed": seed.ravel(), "cluster": cluster.ravel()})
    crossed = {"seed": "0 + C(seed)", "cluster": "0 + C(cluster)"}
    model = mixedlm("score ~ 1", frame, groups=np.ones(len(frame)), vc_formula=crossed).fit(reml=True)
    assert one.value == pytest.approx(model.fe_params["Intercept"], rel=1e-6)
    assert np.sqrt(two_way(one.influence).variance) == pytest.approx(model.bse_fe["Intercept"], rel=2e-3)


def test_without_clusters_it_is_student_s_paired_test() -> None:
    ours, theirs = RANDOM.normal(size=(2, 5))
    differences = ours - theirs
    expected = stats.ttest_rel(ours, theirs)
    spread = one_way(differences)
    assert spread.p_value(differences.mean()) == pytest.approx(expected.pvalue)
    assert_allclose(spread.interval(differences.mean(), 0.95), expected.confidence_interval(0.95))


def test_with_seeds_of_their_own_it_is_welch_s_test() -> None:
    ours, theirs = RANDOM.normal(size=4), RANDOM.normal(1, 3, size=7)
    expected = stats.ttest_ind(ours, theirs, equal_var=False)
    spread = welch(ours, theirs)
    assert spread.freedom == pytest.approx(expected.df)
    assert spread.p_value(ours.mean() - theirs.mean()) == pytest.approx(expected.pvalue)


def test_the_unpaired_variance_adds_each_method_s_seeds_to_the_clusters_of_the_difference() -> None:
    ours, theirs = RANDOM.normal(size=(3, 8)), RANDOM.normal(size=(5, 8))
    spread = two_way_unpaired(ours, theirs)
    terms, freedoms = [], []
    for u in (ours, theirs):
        s, p = u.shape
        of_seeds = p * u.mean(axis=1).var(ddof=1)
        rest = (u - u.mean(axis=1, keepdims=True) - u.mean(axis=0) + u.mean()) ** 2
        terms += [of_seeds / (s * p), -rest.sum() / ((s - 1) * (p - 1)) / (s * p)]
        freedoms += [s - 1, (s - 1) * (p - 1)]
    terms.append(np.var(ours.mean(axis=0) - theirs.mean(axis=0), ddof=1) / 8)
    freedoms.append(7)
    total = sum(terms)
    largest = max(terms)
    assert spread.variance == pytest.approx(max(total, largest))
    if total >= largest:
        assert spread.freedom == pytest.approx(
            total**2 / sum(t**2 / f for t, f in zip(terms, freedoms, strict=True))
        )


def test_a_number_that_does_not_vary_is_certain() -> None:
    spread = two_way(np.zeros((3, 4)))
    assert spread.p_value(0.0) == 1
    assert spread.p_value(0.1) == 0


def test_a_mean_of_means_over_the_same_samples_is_one_mean() -> None:
    counts = np.array([5, 9, 2, 7])
    first, second = (estimate(RANDOM.normal(size=(3, 4)), counts) for _ in range(2))
    both = combine([first, second], (0.5, 0.5))
    assert both.sums.shape == (1, 3, 4)
    assert both.value == pytest.approx((first.value + second.value) / 2)
    assert_allclose(both.influence, (first.influence + second.influence) / 2)


def test_means_over_other_samples_keep_their_own_denominators() -> None:
    first = estimate(RANDOM.normal(size=(2, 4)), np.array([4, 6, 0, 0]))
    first.sums[..., 2:] = 0
    second = estimate(RANDOM.normal(size=(2, 4)), np.array([0, 0, 3, 5]))
    second.sums[..., :2] = 0
    both = combine([first, second], (0.5, 0.5))
    assert both.value == pytest.approx((first.value + second.value) / 2)
    assert both.contributions.sum() == pytest.approx(both.value)


def test_the_influence_of_a_ratio_is_its_derivative() -> None:
    counts = np.array([5, 9, 2, 7])
    top, bottom = (
        estimate(RANDOM.normal(size=(1, 4)), counts),
        estimate(RANDOM.normal(30, 1, size=(1, 4)), counts),
    )
    whole = Estimate(
        np.concatenate([top.sums, bottom.sums]),
        np.concatenate([top.counts, bottom.counts]),
        np.array([1.0, 0.0]),
        np.array([0.0, 1.0]),
    )
    assert whole.value == pytest.approx(top.value / bottom.value)
    expected = (top.influence - whole.value * bottom.influence) / bottom.value
    assert_allclose(whole.influence, expected)
