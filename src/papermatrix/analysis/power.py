"""How small a difference a table's seeds and clusters can show, between each best and its rivals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from papermatrix.analysis.best import find_best
from papermatrix.analysis.inference import ALPHA, Difference, Inference, Kind
from papermatrix.config.tables import Table
from papermatrix.results.values import CellResult, TableResults
from papermatrix.statistics.holm import fewest_clusters
from papermatrix.statistics.power import Variances, clusters_for, seeds_for, smallest_difference


@dataclass(frozen=True)
class Power:
    """What could be shown between a best number and one of its rivals, as their cells show them."""

    contest: str
    best: CellResult
    rival: CellResult
    found: Difference
    alpha: float
    """Of the harshest step of Holm's correction."""
    variances: Variances | None
    """None where nothing tells them."""
    smallest: float | None
    """None where no difference could be shown: the clusters are too few for so many rivals."""
    rivals: int

    @property
    def seeds(self) -> int:
        return min(self.found.test.seeds)

    @property
    def clusters(self) -> int | None:
        return self.found.test.clusters or None

    def seeds_for(self, difference: float) -> int | None:
        """Return how many seeds would show a difference on the present clusters; None: no number would."""
        if self.variances is None:
            return None
        return seeds_for(difference, self.variances, self.clusters or 1, self.alpha)

    def clusters_for(self, difference: float) -> int | None:
        """Return how many clusters would show it with the present seeds; None: no number would."""
        if self.variances is None:
            return None
        needed = clusters_for(difference, self.variances, self.seeds, self.alpha)
        if needed is None or self.found.test.kind is not Kind.SIGN_FLIPS:
            return needed
        return max(needed, fewest_clusters(ALPHA, self.rivals))


def powers(table: Table, results: TableResults, inference: Inference) -> Iterator[Power]:
    """Yield what could be shown in each contest of a table that has tests."""
    of_place = {
        (*result.cell.labels, index): result
        for labels in dict.fromkeys(result.cell.labels for result in results.cells)
        for index, result in enumerate(results.at(*labels))
    }
    for contest in find_best(table, results, inference).contests:
        for place, verdict in contest.verdicts.items():
            if not isinstance(verdict.difference, Difference):
                continue
            rival, alpha = of_place[place], ALPHA / verdict.rivals
            test, variances, smallest = verdict.difference.test, None, None
            if test.kind is Kind.T or test.clusters > 1:
                variances = inference.variances(verdict.best, rival, test)
            if variances is not None and not verdict.is_refused:
                smallest = smallest_difference(variances, min(test.seeds), test.clusters or 1, alpha)
            yield Power(
                contest.name,
                verdict.best,
                rival,
                verdict.difference,
                alpha,
                variances,
                smallest,
                verdict.rivals,
            )
