"""`papermatrix numbers`: the numbers of the paper's text, as LaTeX macros."""

from __future__ import annotations

import argparse

from papermatrix.commands.options import Commands, add_out, new_parser, overrides, write_out


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "numbers", _run, "write the numbers of the paper's text as LaTeX macros")
    add_out(parser)
    parser.add_argument("--partial", action="store_true", help="also where results are missing")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.render.macros import macros

    text = macros(load_matrix(overrides(options)), is_partial=options.partial)
    write_out(text, options.out)
