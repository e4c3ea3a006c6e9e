"""Write the simulated rates into docs/statistics.md, between its marks: `make statistics`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tabulate import tabulate

from tests.papermatrix.statistics.rates import (
    CLUSTERS,
    CORRELATIONS,
    SEED_DEVIATIONS,
    Case,
    Rates,
    one_seed_rates,
    two_way_rates,
    unpaired_rates,
)

MARK = re.compile(r"(<!-- rates -->\n).*(<!-- end of rates -->)", re.DOTALL)
MANY, FEW = 20_000, 2_000
"""Simulations of a case: of closed formulas, and of what draws."""


def main() -> None:
    path = Path(sys.argv[1])
    text = "\n\n".join(_sections())
    path.write_text(MARK.sub(lambda match: f"{match[1]}\n{text}\n\n{match[2]}", path.read_text()))


def _sections() -> Iterator[str]:
    yield (
        "### One seed: other clusters\n\n"
        f"{FEW:,} simulations of each; the standard error of a rate of 0.05 is {_error(FEW)}."
    )
    cases = [(f"{c:g}", c, "normal") for c in CORRELATIONS] + [("0.7, t", 0.7, "t"), ("0.7, far", 0.7, "far")]
    yield _table(
        ["correlation"],
        [((name,), [one_seed_rates(Case(k, c, effects=e), FEW) for k in CLUSTERS]) for name, c, e in cases],
    )
    for title, simulate in (
        ("Several seeds: other trainings on other clusters, paired", two_way_rates),
        ("Several seeds: other trainings on other clusters, each method's own seeds", unpaired_rates),
    ):
        error = f"the standard error of a rate of 0.05 is {_error(MANY)}"
        yield f"### {title}\n\n{MANY:,} simulations of each; {error}."
        yield _table(["seeds", "correlation", "seeds' deviation"], list(_of_seeds(simulate)))
    yield (
        "### Skewed clusters, paired\n\n"
        "`t`: effects of clusters by Student's t with 4 degrees of freedom; `far`: a tenth of the clusters 6"
        " standard deviations off. Without a bound: notes warn below 60 clusters."
    )
    skewed = [(s, c, e) for s in (3, 5) for c in CORRELATIONS[1:] for e in ("t", "far")]
    yield _table(
        ["seeds", "correlation", "effects"],
        [
            ((str(s), f"{c:g}", e), [two_way_rates(Case(k, c, s, 0.5, e), MANY) for k in CLUSTERS])
            for s, c, e in skewed
        ],
    )


def _of_seeds(simulate: Callable[[Case, int], Rates]) -> Iterator[tuple[tuple[str, ...], list[Rates]]]:
    for seeds in (3, 5):
        for correlation in CORRELATIONS:
            for deviation in SEED_DEVIATIONS:
                cases = [Case(k, correlation, seeds, deviation) for k in CLUSTERS]
                labels = (str(seeds), f"{correlation:g}", f"{deviation:g}")
                yield labels, [simulate(case, MANY) for case in cases]


def _table(heads: list[str], rows: list[tuple[tuple[str, ...], list[Rates]]]) -> str:
    """Write `false positives / coverage` for each number of clusters."""
    columns = [*heads, *(f"{count} clusters" for count in CLUSTERS)]
    lines = [
        [*labels, *(f"{r.false_positives:.3f} / {r.coverage:.3f}" for r in rates)] for labels, rates in rows
    ]
    return tabulate(lines, columns, tablefmt="github", disable_numparse=True)


def _error(tries: int) -> str:
    return f"{(0.05 * 0.95 / tries) ** 0.5:.4f}"


if __name__ == "__main__":
    main()
