"""`papermatrix render`: tables from their jobs' results."""

from __future__ import annotations

import argparse
from pathlib import Path

from jobkit.errors import UserError
from papermatrix.commands.options import Commands, add_tables, new_parser, overrides

WHOLE, PARTIAL = Path("results"), Path("results/partial")


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "render", _run, "write tables from their jobs' results")
    add_tables(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help=f"default: {WHOLE}, or with --partial {PARTIAL}"
    )
    parser.add_argument("--partial", action="store_true", help="also where results are missing")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.audit import notes
    from papermatrix.expand import load_matrix
    from papermatrix.render import render

    matrix = load_matrix(overrides(options), options.tables or None)
    out = options.out or (PARTIAL if options.partial else WHOLE)
    faults: list[str] = []
    for table in matrix.cells:
        try:
            found = notes(matrix, table, is_partial=options.partial)
            for path in render(matrix, table, out, is_partial=options.partial, notes=found):
                print(path)
        except UserError as error:
            faults += error.lines
    if faults:
        raise UserError(dict.fromkeys(faults))
