"""`papermatrix render`: tables from their jobs' results."""

from __future__ import annotations

import argparse
from pathlib import Path

from jobkit.errors import Diagnostic, UserError
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
    from papermatrix.analysis.audit import footnotes
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.render.table import render

    matrix = load_matrix(overrides(options), options.tables or None)
    out = options.out or (PARTIAL if options.partial else WHOLE)
    diagnostics: list[Diagnostic] = []
    for table in matrix.cells:
        try:
            notes = footnotes(matrix, table, is_partial=options.partial)
            for path in render(matrix, table, out, is_partial=options.partial, notes=notes):
                print(path)
        except UserError as error:
            diagnostics += error.diagnostics
    if diagnostics:
        raise UserError(dict.fromkeys(diagnostics))
