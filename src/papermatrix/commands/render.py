"""`papermatrix render`: tables from their jobs' results."""

from __future__ import annotations

import argparse
from pathlib import Path

from papermatrix.commands.options import Commands, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "render", _run, "write tables from their jobs' results")
    parser.add_argument("tables", nargs="+", metavar="TABLE")
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("results"), help="default: results")
    parser.add_argument("--partial", action="store_true", help="also where results are missing")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.expand import load_matrix
    from papermatrix.render import render

    matrix = load_matrix(overrides(options), options.tables)
    for table in options.tables:
        for path in render(matrix, table, options.out, is_partial=options.partial):
            print(path)
