"""`papermatrix render`: tables from their jobs' results."""

from __future__ import annotations

import argparse
from pathlib import Path

from jobkit.errors import Diagnostic, UserError
from papermatrix.commands.options import Commands, add_tables, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "render", _run, "write tables from their jobs' results")
    add_tables(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="default: the scale's, in results; with --partial its partial"
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="also where results are missing; without TABLE, of each that is incomplete",
    )


def _run(options: argparse.Namespace) -> None:
    from papermatrix.analysis.audit import footnotes
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.render.table import render
    from papermatrix.results.partial import incomplete_tables, remove_complete
    from papermatrix.results.store import Store

    matrix = load_matrix(overrides(options), options.tables or None)
    outputs = matrix.project.outputs
    out = options.out or (outputs.partial if options.partial else outputs.tables)
    tables = list(matrix.cells)
    if options.partial and not options.tables:
        store = Store(matrix)
        remove_complete(matrix, store, out)
        tables = incomplete_tables(matrix, store)
    diagnostics: list[Diagnostic] = []
    for table in tables:
        try:
            notes = footnotes(matrix, table, is_partial=options.partial)
            for path in render(matrix, table, out, is_partial=options.partial, notes=notes):
                print(path)
        except UserError as error:
            diagnostics += error.diagnostics
    if diagnostics:
        raise UserError(dict.fromkeys(diagnostics))
