"""The smallest difference that can be shown, against SciPy and against simulated tests."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from papermatrix.statistics.power import (
    Variances,
    clusters_for,
    paired_variances,
    seeds_for,
    smallest_difference,
)
from papermatrix.statistics.two_way import two_way


def test_on_clusters_alone_it_is_that_of_student_s_test() -> None:
    expected = TTestPower().solve_power(nobs=20, alpha=0.05, power=0.8)
    smallest = smallest_difference(Variances(None, 4.0, 0.0), 1, 20, 0.05)
    assert smallest == pytest.approx(2 * expected, rel=1e-4)
    needed = TTestPower().solve_power(effect_size=0.5, alpha=0.05, power=0.8)
    assert clusters_for(1.0, Variances(None, 4.0, 0.0), 1, 0.05) == np.ceil(needed)


def test_what_it_says_can_be_shown_is_found_in_four_of_five_cases() -> None:
    random, seeds, clusters = np.random.default_rng(5), 5, 40
    variances = Variances(0.3, 4.0, 2.0)
    smallest = smallest_difference(variances, seeds, clusters, 0.05)
    tries = 4000
    u = (
        random.normal(0, np.sqrt(0.3), (tries, seeds, 1))
        + random.normal(0, 2, (tries, 1, clusters))
        + random.normal(0, np.sqrt(2), (tries, seeds, clusters))
        + smallest
    )
    values = u.mean(axis=(1, 2))
    found = two_way(u - values[:, None, None]).p_value(values) <= 0.05
    assert np.mean(found) == pytest.approx(0.8, abs=0.04)


def test_variances_are_found_again() -> None:
    random = np.random.default_rng(6)
    parts = [
        paired_variances(
            random.normal(0, 1, (8, 1)) + random.normal(0, 2, (1, 60)) + random.normal(0, 0.5, (8, 60))
        )
        for _ in range(300)
    ]
    assert np.mean([part.seeds for part in parts]) == pytest.approx(1, rel=0.1)
    assert np.mean([part.clusters for part in parts]) == pytest.approx(4, rel=0.1)
    assert np.mean([part.rest for part in parts]) == pytest.approx(0.25, rel=0.05)


def test_the_least_number_of_seeds_is_the_least() -> None:
    variances = Variances(1.0, 0.5, 0.1)
    seeds = seeds_for(1.0, variances, 50, 0.05)
    assert seeds is not None
    assert smallest_difference(variances, seeds, 50, 0.05) <= 1.0
    assert smallest_difference(variances, seeds - 1, 50, 0.05) > 1.0


def test_no_number_of_seeds_makes_up_for_few_clusters() -> None:
    assert seeds_for(0.1, Variances(1.0, 5.0, 0.1), 10, 0.05) is None
    assert stats.t.ppf(0.975, 9) * np.sqrt(5 / 10) > 0.1
