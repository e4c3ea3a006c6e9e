"""`papermatrix validate`: every diagnostic of the YAML files."""

from __future__ import annotations

import argparse

from papermatrix.commands.options import Commands, new_parser, overrides, warn


def add_parser(commands: Commands) -> None:
    new_parser(commands, "validate", _run, "list everything wrong with the YAML files")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.commands.slips import slips
    from papermatrix.config.load import load, reported_without_table
    from papermatrix.matrix.expand import expand

    matrix = expand(load(overrides(options), thorough=True))
    warn([*slips(matrix), *reported_without_table(matrix.project)])
    print(f"{len(matrix.cells)} tables, {len(matrix.jobs)} jobs, no errors")
