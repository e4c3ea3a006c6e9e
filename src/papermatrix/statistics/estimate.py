"""A number that is made of means over samples, with what each seed and cluster adds to it.

Samples come in clusters (windows of one pass, images of one patient); S seeds were scored on the same
samples, in P clusters. A number is one such mean, a linear combination of J, or a ratio of two combinations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Estimate:
    """`weights @ means`, or that over `divisor @ means`; a mean is a sum over samples by their count."""

    sums: Array
    """(J,S,P): of the scores of each cluster's samples."""
    counts: Array
    """(J,P): samples of each cluster; none of some where the J means are over different samples."""
    weights: Array
    """(J,)"""
    divisor: Array | None = None
    """(J,)"""

    @property
    def seeds(self) -> int:
        return self.sums.shape[1]

    @property
    def clusters(self) -> int:
        return self.sums.shape[2]

    @cached_property
    def _means(self) -> Array:
        """The J means over samples and seeds."""
        return self.sums.mean(axis=1).sum(axis=-1) / self.counts.sum(axis=-1)

    @property
    def value(self) -> float:
        return float(self.at(self._means))

    def at(self, means: Array) -> Array:
        """Return the number that J means (...,J) would make."""
        top = means @ self.weights
        return top if self.divisor is None else top / (means @ self.divisor)

    def gradient(self, means: Array) -> Array:
        """Return what the number grows by with each of J means (...,J)."""
        if self.divisor is None:
            return np.broadcast_to(self.weights, means.shape)
        bottom = (means @ self.divisor)[..., None]
        return (self.weights - self.at(means)[..., None] * self.divisor) / bottom

    @cached_property
    def influence(self) -> Array:
        """U (S,P): `U.mean(axis=1)` is what each seed's number differs by from the value, linearised.

        For one mean it is (D - m) w / mean(w): D the mean of seed and cluster, m the value, w the cluster's
        share of the samples.
        """
        residuals = self.sums - (self._means[:, None] * self.counts)[:, None, :]
        shares = self.gradient(self._means) / self.counts.sum(axis=-1)
        return self.clusters * np.tensordot(shares, residuals, axes=1)

    @property
    def contributions(self) -> Array:
        """(P,): what each cluster adds to a linear number, the seeds' mean; their sum is the value."""
        shares = self.weights / self.counts.sum(axis=-1)
        return np.asarray(shares @ self.sums.mean(axis=1))

    def over_seeds(self) -> Estimate:
        """Return the same number with the seeds' mean in place of the seeds."""
        return Estimate(self.sums.mean(axis=1, keepdims=True), self.counts, self.weights, self.divisor)


def combine(estimates: Sequence[Estimate], weights: Sequence[float]) -> Estimate:
    """Return a linear combination of linear numbers over the same seeds and clusters."""
    scaled = np.concatenate([w * one.weights for w, one in zip(weights, estimates, strict=True)])
    sums = np.concatenate([one.sums for one in estimates])
    counts = np.concatenate([one.counts for one in estimates])
    if (counts == counts[0]).all():  # over the same samples a weighted sum of means is one mean
        return Estimate(np.tensordot(scaled, sums, axes=1)[None], counts[:1], np.ones(1))
    return Estimate(sums, counts, scaled)
