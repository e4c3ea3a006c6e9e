"""The two-way analysis: seeds and clusters both vary, and what is asked is about others of both.

A mean over S seeds and P clusters, crossed (A. B. Owen, Annals of Applied Statistics 1(2), 2007: the
pigeonhole design), with the degrees of freedom of F. E. Satterthwaite (Biometrics Bulletin 2(6), 1946). All
functions take leading axes, so that many tables can be analysed at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spread:
    """The variance of a number, with its degrees of freedom (at least 1)."""

    variance: Array
    freedom: Array

    def interval(self, value: Array | float, level: float) -> tuple[Array, Array]:
        """Return the two ends of Student's interval."""
        half = stats.t.ppf((1 + level) / 2, self.freedom) * np.sqrt(self.variance)
        return np.asarray(value - half), np.asarray(value + half)

    def p_value(self, value: Array | float) -> Array:
        """Return the two-sided p-value of the number being 0; 1 where it is 0 and does not vary."""
        error = np.sqrt(self.variance)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(error > 0, np.abs(value) / error, np.where(np.asarray(value) == 0, 0.0, np.inf))
        return np.asarray(2 * stats.t.sf(t, self.freedom))


@dataclass(frozen=True, eq=False)
class MeanSquares:
    """Of U (...,S,P): between seeds, between clusters, and what is left."""

    seeds: Array
    clusters: Array
    rest: Array
    shape: tuple[int, int]
    """S and P."""


def mean_squares(influence: Array) -> MeanSquares:
    """Return the mean squares of U (...,S,P) with at least two seeds and two clusters."""
    s, p = influence.shape[-2:]
    by_seed, by_cluster = influence.mean(axis=-1, keepdims=True), influence.mean(axis=-2, keepdims=True)
    whole = influence.mean(axis=(-2, -1), keepdims=True)
    rest = influence - by_seed - by_cluster + whole
    return MeanSquares(
        p * ((by_seed - whole) ** 2).sum(axis=(-2, -1)) / (s - 1),
        s * ((by_cluster - whole) ** 2).sum(axis=(-2, -1)) / (p - 1),
        (rest**2).sum(axis=(-2, -1)) / ((s - 1) * (p - 1)),
        (s, p),
    )


def two_way(influence: Array) -> Spread:
    """Return the spread of a number from U (...,S,P): of other seeds on other clusters."""
    squares = mean_squares(influence)
    s, p = squares.shape
    terms = np.stack([squares.seeds, squares.clusters, -squares.rest])
    freedoms = np.array([s - 1, p - 1, (s - 1) * (p - 1)])
    return _satterthwaite(terms / (s * p), freedoms)


def two_way_unpaired(ours: Array, theirs: Array) -> Spread:
    """Return the spread of the difference of two methods, each with its own seeds and U (...,S,P)."""
    terms, freedoms = [], []
    for influence in (ours, theirs):
        squares = mean_squares(influence)
        s, p = squares.shape
        terms += [squares.seeds / (s * p), -squares.rest / (s * p)]
        freedoms += [s - 1, (s - 1) * (p - 1)]
    difference = ours.mean(axis=-2) - theirs.mean(axis=-2)
    p = difference.shape[-1]
    terms.append(difference.var(axis=-1, ddof=1) / p)
    return _satterthwaite(np.stack(terms), np.array([*freedoms, p - 1]), never_below_largest=True)


def one_way(influence: Array) -> Spread:
    """Return the spread of a number from U (...,P): of other clusters, or of other seeds."""
    p = influence.shape[-1]
    variance = np.asarray(influence.var(axis=-1, ddof=1) / p)
    return Spread(variance, np.full(variance.shape, p - 1.0))


def welch(ours: Array, theirs: Array) -> Spread:
    """Return the spread of the difference of two means over seeds of their own (B. L. Welch 1947)."""
    spreads = one_way(ours), one_way(theirs)
    terms = np.stack([spread.variance for spread in spreads])
    return _satterthwaite(terms, np.array([len(ours) - 1, len(theirs) - 1]))


def _satterthwaite(terms: Array, freedoms: Array, *, never_below_largest: bool = False) -> Spread:
    """Add up terms (T,...), with the degrees of freedom of the sum.

    Where the sum is not positive, the largest term stands alone, whatever its sign; or the largest positive
    one, where the sum shall never be below that.
    """
    total = terms.sum(axis=0)
    shape = (-1, *[1] * (terms.ndim - 1))
    weight = (terms**2 / freedoms.reshape(shape)).sum(axis=0)
    rivals = terms if never_below_largest else np.abs(terms)
    largest, of_largest = rivals.max(axis=0), freedoms[rivals.argmax(axis=0)]
    alone = total < largest if never_below_largest else total <= 0
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = np.where(weight > 0, total**2 / weight, 1.0)
    return Spread(np.where(alone, largest, total), np.maximum(1.0, np.where(alone, of_largest, freedom)))
