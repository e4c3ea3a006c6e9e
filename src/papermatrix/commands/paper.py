"""`papermatrix paper`: the paper's PDF, from its rendered tables, figures and numbers."""

from __future__ import annotations

import argparse
from pathlib import Path

from papermatrix.commands.options import Commands, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "paper", _run, "build the paper's PDF from what is rendered")
    parser.add_argument("--results", type=Path, metavar="DIR", default=Path("results"))
    parser.add_argument("--out", type=Path, metavar="FILE", default=Path("results/paper.pdf"))


def _run(options: argparse.Namespace) -> None:
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.render.article import build

    build(load_matrix(overrides(options)), options.results, options.out)
    print(options.out)
