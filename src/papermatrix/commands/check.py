"""`papermatrix check`: whether tables are complete, or agree with what was reported."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from papermatrix.commands.options import Commands, add_tables, new_parser, overrides, warn

if TYPE_CHECKING:
    from papermatrix.analysis.checks import Disagreement, ReportedCheck
    from papermatrix.matrix.expand import Matrix


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "check", _run, "exit 1 where a cell is no value, or not as reported")
    add_tables(parser)
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        choices=("diverged", "stale"),
        help="let cells pass that are diverged, or stale; may be given twice",
    )
    parser.add_argument(
        "--reported",
        action="store_true",
        help="compare with what was reported instead; what is stale or out of tolerance does not pass",
    )


def _run(options: argparse.Namespace) -> int:
    from papermatrix.commands.slips import slips
    from papermatrix.matrix.expand import load_matrix

    matrix = load_matrix(overrides(options), options.tables or None)
    warn(slips(matrix))
    check = _check_reported if options.reported else _check_values
    return int(check(matrix, options))


def _check_values(matrix: Matrix, options: argparse.Namespace) -> bool:
    """Print every cell that is no value, and return whether there is one."""
    from papermatrix.analysis.checks import expected_values, missing_values
    from papermatrix.results.store import Store

    store, fails = Store(matrix), False
    for name in matrix.cells:
        values = expected_values(matrix, name, store)
        failures = missing_values(values, store, options.allow)
        present = len(values) - len(failures)
        print(*failures, f"{name}: {present} of {len(values)} values are there", sep="\n")
        fails |= bool(failures)
    return fails


def _check_reported(matrix: Matrix, options: argparse.Namespace) -> bool:
    """Print every number outside its tolerance, stale or not there, and return whether there is one."""
    from papermatrix.analysis.checks import check_reported
    from papermatrix.config.load import reported_without_table
    from papermatrix.results.store import Store

    warn(reported_without_table(matrix.project))
    names = options.tables or [name for name in matrix.cells if name in matrix.project.reported]
    checks = check_reported(matrix, names, Store(matrix), options.allow)
    for check in checks:
        print(*map(_disagreement, check.disagreements), f"{check.table}: {_counts(check)}", sep="\n")
    return any(check.disagreements for check in checks)


def _counts(check: ReportedCheck) -> str:
    """Write `12 compared, 3 out of tolerance, 7 cells without a reported value`."""
    of, without = check.disagreements, check.without_reported
    outside = sum(one.comparison.is_outside for one in of)
    reasons = ", ".join(f"{count} {reason}" for reason, count in check.skipped.items())
    counts = {
        "stale": sum(one.is_stale for one in of),
        "not there": sum(one.comparison.ours is None for one in of),
        f"skipped ({reasons})": check.skipped.total(),
        f"{'cell' if without == 1 else 'cells'} without a reported value": without,
    }
    words = [f"{count} {name}" for name, count in counts.items() if count]
    return ", ".join([f"{check.compared} compared", f"{outside} out of tolerance", *words])


def _disagreement(disagreement: Disagreement) -> str:
    from papermatrix.render.text import cell_name, difference_text, number_text, reported_text

    result, comparison = disagreement.result, disagreement.comparison
    name, number_format = cell_name(result.cell), result.cell.number_format
    reported = reported_text(result.cell)
    if comparison.ours is None:
        return f"{name}: ours is {result.status}, reported {reported}"
    stale = " (stale)" if disagreement.is_stale else ""
    tolerance = comparison.reported.tolerance
    width = f" = {comparison.reported.width:.3g}" if tolerance and tolerance.unit else ""
    return (
        f"{name}: ours {number_text(comparison.ours, number_format)}{stale}, reported {reported},"
        f" difference {difference_text(comparison.difference, number_format)},"
        f" tolerance {tolerance}{width}"
    )
