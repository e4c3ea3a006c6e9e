"""What a number of a table is made of: means over samples, for each seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from papermatrix.config.stages import SampleNames, counted
from papermatrix.results.samples import Samples, samples_of
from papermatrix.results.values import CellResult, Value
from papermatrix.statistics.estimate import Estimate


@dataclass(frozen=True, eq=False)
class Part:
    """One mean, with its weight in the number, or in what that is divided by."""

    samples: tuple[Samples, ...]
    """For each seed, all over the same samples."""
    weight: float = 1.0
    divisor: float = 0.0


@dataclass(frozen=True, eq=False)
class Evidence:
    """A number as a combination of means, or a ratio of two."""

    seeds: tuple[int | None, ...]
    """None alone where the number depends on no seed."""
    parts: tuple[Part, ...]

    @property
    def is_linear(self) -> bool:
        return not any(part.divisor for part in self.parts)

    @cached_property
    def sample_count(self) -> int:
        """The number of different samples."""
        return len(np.unique(np.concatenate([part.samples[0].names.astype(str) for part in self.parts])))

    @cached_property
    def cluster_count(self) -> int:
        clusters = [part.samples[0].clusters.astype(str) for part in self.parts]
        return len(np.unique(np.concatenate(clusters)))

    @property
    def has_clusters(self) -> bool:
        return all(part.samples[0].has_clusters for part in self.parts)

    def text(self, names: SampleNames) -> str:
        """Write how many samples it is over: `613 windows in 20 passes`."""
        text = counted(self.sample_count, names.samples)
        return f"{text} in {counted(self.cluster_count, names.clusters)}" if self.has_clusters else text

    @property
    def is_seedless(self) -> bool:
        return self.seeds == (None,)

    def with_seeds(self, seeds: tuple[int | None, ...]) -> Evidence:
        """Return the same for these seeds, in this order; what depends on none is the same in each."""
        positions = [0 if self.is_seedless else self.seeds.index(seed) for seed in seeds]
        parts = (replace(part, samples=tuple(part.samples[i] for i in positions)) for part in self.parts)
        return Evidence(seeds, tuple(parts))

    def is_over_same_as(self, other: Evidence) -> bool:
        """Return whether both are of the very same samples in the very same clusters."""
        return len(self.parts) == len(other.parts) and all(
            ours.samples[0].is_over_same_as(theirs.samples[0])
            for ours, theirs in zip(self.parts, other.parts, strict=True)
        )

    def has_same_samples_as(self, other: Evidence) -> bool:
        """Return whether both are of the very same samples, in whatever clusters."""
        return len(self.parts) == len(other.parts) and all(
            np.array_equal(ours.samples[0].names, theirs.samples[0].names)
            for ours, theirs in zip(self.parts, other.parts, strict=True)
        )

    def estimate(self) -> Estimate:
        """Return sums and counts by cluster."""
        names = [part.samples[0].clusters for part in self.parts]
        codes, known = pd.factorize(np.concatenate(names))
        counts, sums, start = [], [], 0
        for part, clusters in zip(self.parts, names, strict=True):
            own = codes[start : start + len(clusters)]
            start += len(clusters)
            counts.append(np.bincount(own, minlength=len(known)).astype(np.float64))
            sums.append([np.bincount(own, samples.scores, len(known)) for samples in part.samples])
        weights, divisors = (np.array([getattr(part, name) for part in self.parts]) for name in _WEIGHTS)
        return Estimate(np.array(sums), np.array(counts), weights, divisors if divisors.any() else None)


_WEIGHTS = ("weight", "divisor")


def combined(evidence: Sequence[Evidence], weights: Sequence[float]) -> Evidence:
    """Return a linear combination of linear numbers with the same seeds."""
    parts = (
        replace(part, weight=weight * part.weight)
        for one, weight in zip(evidence, weights, strict=True)
        for part in one.parts
    )
    return Evidence(evidence[0].seeds, tuple(parts))


def ratio(top: Evidence, bottom: Evidence) -> Evidence:
    """Return the ratio of two linear numbers with the same seeds."""
    below = (replace(part, weight=0.0, divisor=part.weight) for part in bottom.parts)
    return Evidence(top.seeds, (*top.parts, *below))


def evidence_of(result: CellResult) -> Evidence | None:
    """Return what a number is made of; None where jobs left no samples whose mean it is."""
    derivation = result.cell.derivation
    if derivation is None:
        return _measured(result)
    parts = [evidence_of(part) for part in result.parts]
    known = [part for part in parts if part is not None and part.is_linear]
    if not known or len(known) < len(parts) or derivation.kind == "rank":
        return None
    seeds = next((part.seeds for part in known if not part.is_seedless), (None,))
    if any(not part.is_seedless and set(part.seeds) != set(seeds) for part in known):
        return None
    aligned = [
        combined([part.with_seeds(seeds)], [of.cell.factor])
        for part, of in zip(known, result.parts, strict=True)
    ]
    if derivation.kind == "ratio":
        return ratio(*aligned)
    return combined(aligned, derivation.weights)


def _measured(result: CellResult) -> Evidence | None:
    metric = result.cell.metric
    values = [value for value in result.values if value.status.has_value]
    if metric is None or metric.is_cost or not values:
        return None
    if all(value.is_seedless for value in values):
        values = values[:1]
    samples = [samples_of(value.job, metric) for value in values if value.job]
    found = [one for one in samples if isinstance(one, Samples)]
    if len(found) < len(values) or not all(one.is_over_same_as(found[0]) for one in found):
        return None
    if not all(one.have_mean(value.number) for one, value in zip(found, values, strict=True)):
        return None
    seeds = (None,) if values[0].is_seedless else tuple(value.seed for value in values)
    return Evidence(seeds, (Part(tuple(found)),))


def why_unusable(result: CellResult) -> str:
    """Return why a measured number's samples cannot be used; nothing where they can, or none are there."""
    metric = result.cell.metric
    for value in result.values if metric is not None and not metric.is_cost else ():
        if value.job is None or metric is None or not value.status.has_value:
            continue
        samples = samples_of(value.job, metric)
        if isinstance(samples, str):
            if samples:
                return samples
        elif not samples.have_mean(value.number):
            return f"the mean of its samples is {samples.scores.mean():.6g}, the score {value.number:.6g}"
    return ""


def measured_values(result: CellResult) -> Iterator[Value]:
    """Yield the values of the measured cells that a number is made of."""
    for part in result.parts:
        yield from measured_values(part)
    if not result.parts:
        yield from result.values
