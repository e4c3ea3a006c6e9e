"""`papermatrix experiments`: what every table's experiments are, as a document."""

from __future__ import annotations

import argparse
from pathlib import Path

from jobkit.files import write_text
from papermatrix.commands.options import Commands, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "experiments", _run, "write down every table's experiments")
    parser.add_argument("--out", type=Path, metavar="FILE", help="printed, if not given")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.render.experiments import experiments

    given = overrides(options)
    text = experiments(load_matrix(given), lambda scale: load_matrix({**given, "scale": scale}))
    if options.out is None:
        print(text, end="")
    else:
        write_text(options.out, text)
