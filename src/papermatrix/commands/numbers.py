"""`papermatrix numbers`: the numbers of the paper's text, as LaTeX macros."""

from __future__ import annotations

import argparse
from pathlib import Path

from jobkit.files import write_text
from papermatrix.commands.options import Commands, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "numbers", _run, "write the numbers of the paper's text as LaTeX macros")
    parser.add_argument("--out", type=Path, metavar="FILE", help="printed, if not given")
    parser.add_argument("--partial", action="store_true", help="also where results are missing")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.render.macros import macros

    text = macros(load_matrix(overrides(options)), is_partial=options.partial)
    if options.out is None:
        print(text, end="")
    else:
        write_text(options.out, text)
