"""`papermatrix experiments`: what every table's experiments are, as a document."""

from __future__ import annotations

import argparse

from papermatrix.commands.options import Commands, add_out, new_parser, overrides, write_out


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "experiments", _run, "write down every table's experiments")
    add_out(parser)


def _run(options: argparse.Namespace) -> None:
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.render.experiments import experiments

    given = overrides(options)
    text = experiments(load_matrix(given), lambda scale: load_matrix({**given, "scale": scale}))
    write_out(text, options.out)
