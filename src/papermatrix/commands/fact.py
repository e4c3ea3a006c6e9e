"""`papermatrix fact`: computes facts that the audit needs."""

from __future__ import annotations

import argparse

from jobkit.errors import UserError, did_you_mean
from papermatrix.commands.options import Commands, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "fact", _run, "compute facts that the audit needs, by their ids")
    parser.add_argument("facts", nargs="+", metavar="FACT")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.analysis.facts import all_facts
    from papermatrix.matrix.expand import load_matrix

    known = all_facts(load_matrix(overrides(options)))
    if unknown := [name for name in options.facts if name not in known]:
        raise UserError(f"{name}: no such fact{did_you_mean(name, list(known))}" for name in unknown)
    for name in options.facts:
        known[name].compute()
