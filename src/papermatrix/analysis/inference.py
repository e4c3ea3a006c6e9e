"""Intervals of numbers and tests between two: which question the seeds and samples at hand can answer.

One seed: do these two trained networks differ on other clusters? Three seeds or more: do the two methods
differ, trained again, on other clusters? Without samples: do they, trained again, on the same data?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from jobkit.settings import value_of
from papermatrix.analysis.evidence import Evidence, combined, evidence_of, measured_values
from papermatrix.config.stages import SampleNames
from papermatrix.matrix.cells import Cell
from papermatrix.matrix.expand import Matrix
from papermatrix.results.store import Store
from papermatrix.results.values import CellResult
from papermatrix.statistics.clusters import (
    MOST_DRAWN,
    cluster_interval,
    least_sign_flip_p,
    sign_flip_p,
)
from papermatrix.statistics.estimate import Estimate, combine
from papermatrix.statistics.power import Variances, paired_variances, unpaired_variances
from papermatrix.statistics.ranks import rank_interval
from papermatrix.statistics.two_way import Spread, one_way, two_way, two_way_unpaired, welch

ALPHA = 0.05
LEVEL = 0.95
FEWEST_SEEDS = 3
"""For a question about trainings; with fewer it is about these trainings."""
FEWEST_CLUSTERS = 6
"""For an interval over clusters: with fewer no sign-flip test could reach alpha either."""


class Over(StrEnum):
    """What else could have been drawn."""

    BOTH = "seeds and clusters"
    CLUSTERS = "clusters"
    SEEDS = "seeds"


@dataclass(frozen=True)
class Interval:
    """Of a number as its cell shows it."""

    low: float
    high: float
    over: Over
    has_clusters: bool = True

    def over_text(self, names: SampleNames) -> str:
        """Write what else could have been drawn: `seeds and passes`."""
        return self.over.replace("clusters", names.clusters if self.has_clusters else names.samples)

    def text(self, number_format: str, names: SampleNames) -> str:
        """Write `95 % interval 0.4102 to 0.4578 over seeds and passes`."""
        ends = f"{self.low:{number_format}} to {self.high:{number_format}}"
        return f"{LEVEL * 100:.0f} % interval {ends} over {self.over_text(names)}"


class Kind(StrEnum):
    """A test, by what people call it."""

    TWO_WAY = "two-way test"
    SIGN_FLIPS = "sign-flip permutation test"
    T = "t-test"


@dataclass(frozen=True)
class Test:
    """How two numbers were compared."""

    kind: Kind
    seeds: tuple[int, int]
    """Of either side."""
    is_paired: bool
    """Whether both have the same seeds."""
    samples: int = 0
    clusters: int = 0
    has_clusters: bool = False
    has_one_data: bool = True
    """Whether all seeds have the same data."""

    @property
    def least_p(self) -> float:
        """The least p-value that it could have had."""
        return least_sign_flip_p(self.clusters) if self.kind is Kind.SIGN_FLIPS else 0.0


@dataclass(frozen=True)
class Difference:
    """One number less another, as their cells show them."""

    value: float
    interval: Interval | None
    p_value: float
    test: Test


class Untested(StrEnum):
    """Why two numbers are not compared."""

    SAME = "both are the same number"
    NO_SAMPLES = "neither scores by sample nor 3 seeds of both are there"
    OWN_DATA = "each seed has its own data, and fewer than 3 seeds are there"
    OTHER_DATA = "they are of other data"
    OTHER_SAMPLES = "they are over other samples"
    OTHER_CLUSTERS = "their samples are not in the same clusters"
    NOT_LINEAR = "there is no test for what is derived so"


class Inference:
    """Answers for the results of one matrix."""

    def __init__(self, matrix: Matrix, store: Store):
        self._store = store
        self._header = tuple(matrix.project.stages.header.values())
        self._evidence: dict[CellResult, Evidence | None] = {}
        self._intervals: dict[CellResult, Interval | None] = {}

    def evidence(self, result: CellResult) -> Evidence | None:
        """Return what a number is made of; None where no samples tell it, or data of several kinds."""
        if result not in self._evidence:
            found = evidence_of(result) if len(self._origins(result)) == 1 else None
            self._evidence[result] = found
        return self._evidence[result]

    def interval(self, result: CellResult) -> Interval | None:
        """Return the interval of a number of ours; None where nothing that was repeated gives one."""
        if not (result.has_value and result.cell.is_ours):
            return None
        if result not in self._intervals:
            self._intervals[result] = self._interval(result)
        return self._intervals[result]

    def _interval(self, result: CellResult) -> Interval | None:
        if result.rivals:
            return self._rank_interval(result)
        evidence, factor = self.evidence(result), result.cell.factor
        if evidence is None:
            return _seeds_interval(result)
        estimate = evidence.estimate()
        value = estimate.value
        if len(evidence.seeds) >= FEWEST_SEEDS and estimate.clusters > 1:
            low, high = two_way(estimate.influence).interval(value, LEVEL)
            return _interval(low, high, Over.BOTH, factor, evidence.has_clusters)
        if estimate.clusters >= FEWEST_CLUSTERS:
            ends = cluster_interval(estimate, LEVEL)
            return _interval(*ends, Over.CLUSTERS, factor, evidence.has_clusters)
        return _seeds_interval(result)

    def _rank_interval(self, result: CellResult) -> Interval | None:
        """Return the interval of an average rank; None where its rivals' samples or seeds do not tell."""
        rivals = [[one for one in of_part if one.has_value] for of_part in result.rivals]
        found = [self.evidence(one) for of_part in rivals for one in of_part]
        known = [one for one in found if one is not None]
        seeds = next((one.seeds for one in known if not one.is_seedless), (None,))
        if len(known) < len(found) or not all(set(one.seeds) in ({None}, set(seeds)) for one in known):
            return None
        if len({origin for of_part in rivals for one in of_part for origin in self._origins(one)}) > 1:
            return None
        if not all(self._are_over_the_same(of_part) for of_part in rivals):
            return None
        parts = tuple(part for one in known for part in one.with_seeds(seeds).parts)
        whole = Evidence(seeds, parts).estimate()
        columns, own, start = [], [], 0
        for part, of_part in zip(result.parts, rivals, strict=True):
            end = start + len(of_part)
            columns.append((whole.sums[start:end], whole.counts[start]))
            own.append(next(i for i, one in enumerate(of_part) if one.cell is part.cell))
            start = end
        if whole.clusters < FEWEST_CLUSTERS or whole.clusters > MOST_DRAWN:
            return None
        signs = [-1 if part.cell.better == "lower" else 1 for part in result.parts]
        has_seeds = len(seeds) >= FEWEST_SEEDS
        low, high = rank_interval(columns, signs, own, LEVEL, with_seeds=has_seeds)
        over = Over.BOTH if has_seeds else Over.CLUSTERS
        has_clusters = all(one.has_clusters for one in known)
        return _interval(low, high, over, result.cell.factor, has_clusters)

    def _are_over_the_same(self, results: Sequence[CellResult]) -> bool:
        known = [one for result in results if (one := self.evidence(result))]
        return all(one.is_over_same_as(known[0]) for one in known)

    def compare(self, ours: CellResult, theirs: CellResult) -> Difference | Untested:
        """Test whether one number less another is 0, two-sided."""
        if ours.is_same_as(theirs):
            return Untested.SAME
        if not (is_linear(ours.cell) and is_linear(theirs.cell)):
            return Untested.NOT_LINEAR
        if self._origins(ours) != self._origins(theirs):
            return Untested.OTHER_DATA
        first, second = self.evidence(ours), self.evidence(theirs)
        if first is None or second is None:
            without = Untested.OWN_DATA if len(self._origins(ours)) > 1 else Untested.NO_SAMPLES
            return self._over_seeds(ours, theirs) or without
        if not first.is_over_same_as(second):
            return Untested.OTHER_CLUSTERS if first.has_same_samples_as(second) else Untested.OTHER_SAMPLES
        scaled = combined([first], [ours.cell.factor]), combined([second], [theirs.cell.factor])
        by_sample = _over_samples(*scaled)
        if by_sample.test.clusters < 2:
            return self._over_seeds(ours, theirs) or by_sample
        return by_sample

    def _over_seeds(self, ours: CellResult, theirs: CellResult) -> Difference | None:
        return _over_seeds(ours, theirs, has_one_data=len(self._origins(ours)) == 1)

    def variances(self, ours: CellResult, theirs: CellResult, test: Test) -> Variances:
        """Return what varies in a difference that a test was made of."""
        first, second = self.evidence(ours), self.evidence(theirs)
        if test.kind is Kind.T or first is None or second is None:
            a, b = _shared_by_seed(ours, theirs)
            if test.is_paired:
                return Variances(float(np.var([a[seed] - b[seed] for seed in a], ddof=1)), None, 0.0)
            return Variances(float(sum(np.var([*one.values()], ddof=1) for one in (a, b))), None, 0.0)
        first, second = combined([first], [ours.cell.factor]), combined([second], [theirs.cell.factor])
        first, second = _with_shared_seeds(first, second)
        if test.kind is Kind.SIGN_FLIPS:
            means = combine([one.estimate().over_seeds() for one in (first, second)], (1.0, -1.0))
            return Variances(None, float(means.influence.var(ddof=1)), 0.0)
        if test.is_paired:
            return paired_variances(_paired(first, second).influence)
        return unpaired_variances(first.estimate().influence, second.estimate().influence)

    def _origins(self, result: CellResult) -> set[tuple[object, ...]]:
        """Return data and the settings of the header: what two numbers must share to be compared."""
        origins = set()
        for value in measured_values(result):
            if value.job is None:
                continue
            made = self._store.result(value.job)
            digest = made.provenance.get("data_digest") if made else None
            stated = (str(value_of(key, value.job.settings, None)) for key in self._header)
            origins.add((digest, *stated))
        return origins


def _over_samples(ours: Evidence, theirs: Evidence) -> Difference:
    """Compare two numbers over the same samples."""
    ours, theirs = _with_shared_seeds(ours, theirs)
    is_paired = set(ours.seeds) == set(theirs.seeds)
    seeds = len(ours.seeds), len(theirs.seeds)
    counts = (ours.sample_count, ours.cluster_count, ours.has_clusters)
    if min(seeds) >= FEWEST_SEEDS and ours.cluster_count > 1:
        value, spread = _two_way(ours, theirs, is_paired)
        low, high = spread.interval(value, LEVEL)
        test = Test(Kind.TWO_WAY, seeds, is_paired, *counts)
        interval = _interval(low, high, Over.BOTH, has_clusters=ours.has_clusters)
        return Difference(value, interval, float(spread.p_value(value)), test)
    means = [one.estimate().over_seeds() for one in (ours, theirs)]
    difference = combine(means, (1.0, -1.0))
    of_clusters = None
    if difference.clusters >= FEWEST_CLUSTERS:
        ends = cluster_interval(difference, LEVEL)
        of_clusters = _interval(*ends, Over.CLUSTERS, has_clusters=ours.has_clusters)
    test = Test(Kind.SIGN_FLIPS, seeds, is_paired, *counts)
    return Difference(difference.value, of_clusters, sign_flip_p(difference.contributions), test)


def _with_shared_seeds(ours: Evidence, theirs: Evidence) -> tuple[Evidence, Evidence]:
    """Give a number that depends on no seed the other's seeds."""
    if ours.is_seedless:
        return ours.with_seeds(theirs.seeds), theirs
    return ours, theirs.with_seeds(ours.seeds) if theirs.is_seedless else theirs


def _paired(ours: Evidence, theirs: Evidence) -> Estimate:
    return combine([ours.estimate(), theirs.with_seeds(ours.seeds).estimate()], (1.0, -1.0))


def _two_way(ours: Evidence, theirs: Evidence, is_paired: bool) -> tuple[float, Spread]:
    if is_paired:
        paired = _paired(ours, theirs)
        return paired.value, two_way(paired.influence)
    first, second = ours.estimate(), theirs.estimate()
    return first.value - second.value, two_way_unpaired(first.influence, second.influence)


def _over_seeds(ours: CellResult, theirs: CellResult, *, has_one_data: bool) -> Difference | None:
    """Compare two numbers by their seeds alone; None where there are too few."""
    first, second = _shared_by_seed(ours, theirs)
    seeds = len(first), len(second)
    if min(seeds) < FEWEST_SEEDS:
        return None
    is_paired = first.keys() == second.keys()
    a, b = np.array([*first.values()]), np.array([*second.values()])
    if is_paired:
        differences = a - np.array([second[seed] for seed in first])
        value, spread = float(differences.mean()), one_way(differences)
    else:
        value, spread = float(a.mean() - b.mean()), welch(a, b)
    low, high = spread.interval(value, LEVEL)
    test = Test(Kind.T, seeds, is_paired, has_one_data=has_one_data)
    return Difference(value, _interval(low, high, Over.SEEDS), float(spread.p_value(value)), test)


def _shared_by_seed(
    ours: CellResult, theirs: CellResult
) -> tuple[dict[int | None, float], dict[int | None, float]]:
    """Return the numbers of both by seed; what depends on no seed is the same in each of the other's."""
    first, second = _by_seed(ours), _by_seed(theirs)
    if _depends_on_no_seed(ours):
        first = dict.fromkeys(second, next(iter(first.values()), 0.0)) if first else {}
    elif _depends_on_no_seed(theirs):
        second = dict.fromkeys(first, next(iter(second.values()), 0.0)) if second else {}
    return first, second


def _depends_on_no_seed(result: CellResult) -> bool:
    return result.cell.metric is not None and all(value.is_seedless for value in result.values)


def is_linear(cell: Cell) -> bool:
    """Return whether a cell's number is a sum of measured means, each with a weight."""
    derivation = cell.derivation
    return derivation is None or (
        derivation.kind in ("mean", "difference") and all(map(is_linear, cell.parts))
    )


def _seeds_interval(result: CellResult) -> Interval | None:
    numbers = np.array([*_by_seed(result).values()])
    if len(numbers) < FEWEST_SEEDS or not is_linear(result.cell):
        return None
    low, high = one_way(numbers).interval(numbers.mean(), LEVEL)
    return _interval(low, high, Over.SEEDS)


def _by_seed(result: CellResult) -> dict[int | None, float]:
    """Return a number for each seed, as the cell shows it; one alone where all come from one job."""
    if result.cell.derivation is not None and result.spread is None:
        return {}
    ids = {value.job.id if value.job else value.seed for value in result.values}
    values = result.values if len(ids) > 1 else result.values[:1]
    return {v.seed: v.number * result.cell.factor for v in values if v.status.has_value}


def _interval(
    low: float | NDArray[np.float64],
    high: float | NDArray[np.float64],
    over: Over,
    factor: float = 1.0,
    has_clusters: bool = True,
) -> Interval:
    ends = sorted((float(low) * factor, float(high) * factor))
    return Interval(ends[0], ends[1], over, has_clusters)
