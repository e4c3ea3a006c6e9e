"""`papermatrix figure`: figures from what their jobs recorded."""

from __future__ import annotations

import argparse
from pathlib import Path

from papermatrix.commands.options import Commands, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "figure", _run, "draw figures from what their jobs recorded")
    parser.add_argument("figures", nargs="+", metavar="FIGURE")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: the scale's, in results")
    parser.add_argument("--partial", action="store_true", help="also where results are missing")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.render.figures import draw

    matrix = load_matrix(overrides(options))
    out = options.out or matrix.project.outputs.figures
    for figure in options.figures:
        for path in draw(matrix, figure, out, is_partial=options.partial):
            print(path)
