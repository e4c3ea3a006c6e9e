"""Paired tests between two numbers of a table: over their seeds, or else over samples.

One-sided: whether what is better on average is better than chance would make it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from papermatrix.matrix.jobs import Job
from papermatrix.results.samples import sample_scores
from papermatrix.results.values import CellResult, Value

ALPHA = 0.05
FEWEST_SEEDS = 3
"""For a test over the seeds; with fewer, over the samples."""
FEWEST_SAMPLES = 5
"""With fewer, no difference would be significant."""

Origin = Callable[[Job], object]
"""What two jobs must share for their numbers to be compared."""


@dataclass(frozen=True)
class Test:
    name: str
    pairs: int
    of: str
    """What the pairs are of."""


@dataclass(frozen=True)
class TestResult:
    test: Test | None
    """None where the two are one and the same number."""
    is_worse: bool


def compare(best: CellResult, other: CellResult, sign: int, origin: Origin) -> TestResult | None:
    """Test whether the other is significantly worse; None where no test can. `sign`: -1 if lower is best."""
    if best.is_same_as(other):
        return TestResult(None, is_worse=False)
    theirs = {value.seed: value for value in other.values}
    pairs = [(ours, theirs[ours.seed]) for ours in best.values if ours.seed in theirs]
    if not pairs or any(_origin(ours, origin) != _origin(other, origin) for ours, other in pairs):
        return None
    if len(pairs) >= FEWEST_SEEDS:
        differences = sign * np.array([ours.number - other.number for ours, other in pairs])
        return TestResult(Test("paired t-test", len(pairs), "seeds"), _seeds_differ(differences))
    by_sample = _differences_by_sample(pairs)
    if by_sample is None:
        return None
    test = Test("Wilcoxon signed-rank test", len(by_sample), "samples, taken as independent")
    return TestResult(test, _samples_differ(sign * by_sample))


def _origin(value: Value, origin: Origin) -> object:
    return origin(value.job) if value.job else None


def _differences_by_sample(pairs: Sequence[tuple[Value, Value]]) -> NDArray[np.float64] | None:
    """Return per sample the difference of the means over the seeds; None where the samples differ."""
    ours, theirs = (_mean_by_sample([pair[side] for pair in pairs]) for side in (0, 1))
    if ours is None or theirs is None or len(ours) < FEWEST_SAMPLES or set(ours.index) != set(theirs.index):
        return None
    return np.asarray(ours - theirs.reindex(ours.index), dtype=np.float64)


def _mean_by_sample(values: Sequence[Value]) -> pd.Series[float] | None:
    by_seed = []
    for value in values:
        if value.job is None or value.cell.metric is None:
            return None
        scores = sample_scores(value.job, value.cell.metric)
        if scores is None:
            return None
        by_seed.append(scores)
    if any(set(scores.index) != set(by_seed[0].index) for scores in by_seed):
        return None
    return sum(scores.reindex(by_seed[0].index) for scores in by_seed) / len(by_seed)  # type: ignore[return-value]


def _seeds_differ(differences: NDArray[np.float64]) -> bool:
    if np.ptp(differences) <= 1e-12 * np.abs(differences).max():
        return bool(differences.max() > 0)  # without spread there is no t
    return bool(stats.ttest_1samp(differences, 0.0, alternative="greater").pvalue < ALPHA)


def _samples_differ(differences: NDArray[np.float64]) -> bool:
    if not differences.any():
        return False
    test = stats.wilcoxon(differences, zero_method="zsplit", alternative="greater")
    return bool(test.pvalue < ALPHA)
