"""`papermatrix check`: whether tables are complete, or agree with what was reported."""

from __future__ import annotations

import argparse

from papermatrix.commands.options import Commands, add_tables, new_parser, overrides, warn


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
        help="compare with what was reported, within the tolerances, instead",
    )


def _run(options: argparse.Namespace) -> int:
    from papermatrix.expand import load_matrix
    from papermatrix.gate import check_reported, check_values
    from papermatrix.project import reported_without_table
    from papermatrix.store import Store

    matrix = load_matrix(overrides(options), options.tables or None)
    store = Store(matrix)
    if options.reported:
        warn(reported_without_table(matrix.project))
        names = options.tables or [name for name in matrix.cells if name in matrix.project.reported]
        verdicts = check_reported(matrix, names, store)
    else:
        verdicts = [check_values(matrix, name, store, options.allow) for name in matrix.cells]
    for verdict in verdicts:
        for fault in verdict.faults:
            print(fault)
        print(verdict.summary)
    return int(any(verdict.faults for verdict in verdicts))
