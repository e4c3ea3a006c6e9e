"""`papermatrix power`: the smallest difference that a table's seeds and clusters can show."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from jobkit.numerals import positive_number
from papermatrix.commands.options import Commands, new_parser, overrides

if TYPE_CHECKING:
    from papermatrix.analysis.power import Power
    from papermatrix.matrix.cells import Cell


def add_parser(commands: Commands) -> None:
    parser = new_parser(
        commands, "power", _run, "say how small a difference a table can show, and at what cost"
    )
    parser.add_argument("table", metavar="TABLE")
    parser.add_argument(
        "--difference",
        type=positive_number,
        metavar="D",
        help="in the column's unit: how many seeds, or clusters, would show it",
    )
    parser.add_argument("--json", action="store_true")


def _run(options: argparse.Namespace) -> None:
    from tabulate import tabulate

    from papermatrix.analysis.inference import Inference
    from papermatrix.analysis.power import powers
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.results.store import Store
    from papermatrix.results.values import TableResults
    from papermatrix.statistics.power import POWER

    matrix = load_matrix(overrides(options), [options.table])
    store = Store(matrix)
    results = TableResults(matrix, options.table, store)
    table = matrix.project.tables[options.table]
    names = matrix.project.stages.sample_names
    rows = [_row(power, options.difference) for power in powers(table, results, Inference(matrix, store))]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    if not rows:
        print(f"{options.table}: no two numbers of it can be tested against each other")
        return
    heads = {"clusters": names.clusters, "more_clusters": f"{names.clusters} for {options.difference}"}
    heads |= {"more_seeds": f"seeds for {options.difference}", "smallest": "smallest difference"}
    shown = [{heads.get(name, name): _text(name, value) for name, value in row.items()} for row in rows]
    print(tabulate(shown, headers="keys", tablefmt="github", disable_numparse=True))
    print(
        f"\nsmallest difference: found {POWER:.0%} of the time, by the variances that were measured and a"
        " two-sided test at 0.05 by the number of rivals; with fewer than 3 seeds, between these trainings"
    )


def _row(power: Power, difference: float | None) -> dict[str, Any]:
    row = {
        "in": power.contest,
        "best": _name(power.best.cell, power.contest),
        "rival": _name(power.rival.cell, power.contest),
        "seeds": power.seeds,
        "clusters": power.clusters,
        "difference": power.found.value,
        "p": power.found.p_value,
        "smallest": power.smallest,
    }
    if difference is None:
        return row
    known = power.variances
    of_seeds = power.seeds_for(difference) if known and known.seeds is not None else "unknown"
    of_clusters = power.clusters_for(difference) if known and known.clusters is not None else "unknown"
    return row | {"more_seeds": of_seeds, "more_clusters": of_clusters}


def _name(cell: Cell, contest: str) -> str:
    """Name a cell by what tells it from others of its contest."""
    column = cell.column.shown
    is_said = contest == column or contest.startswith(f"{column} (")
    labels = (cell.row.shown, *([] if is_said else [column]), *([cell.variant.shown] if cell.variant else []))
    return ", ".join(labels)


def _text(name: str, value: Any) -> str:
    if value is None:
        words = {"more_seeds": "no number is enough", "more_clusters": "no number is enough"}
        return words.get(name, "none: too few" if name == "smallest" else "-")
    if isinstance(value, float):
        return f"{value:.3g}" if name == "p" else f"{abs(value):.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
