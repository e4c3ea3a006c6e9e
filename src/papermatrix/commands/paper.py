"""`papermatrix paper`: the paper's PDF, from its rendered tables, figures and numbers."""

from __future__ import annotations

import argparse
from pathlib import Path

from papermatrix.commands.options import Commands, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "paper", _run, "build the paper's PDF from what is rendered")
    parser.add_argument("--results", type=Path, metavar="DIR", help="default: the scale's, results or in it")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="default: paper.pdf of the scale, in results"
    )


def _run(options: argparse.Namespace) -> None:
    import dataclasses

    from papermatrix.matrix.expand import load_matrix
    from papermatrix.render.article import build

    matrix = load_matrix(overrides(options))
    outputs = matrix.project.outputs
    out = options.out or outputs.paper
    build(matrix, dataclasses.replace(outputs, tables=options.results or outputs.tables), out)
    print(out)
