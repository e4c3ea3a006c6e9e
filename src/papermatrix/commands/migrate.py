"""`papermatrix migrate`: carries results of older forms and ids over to today's, and computes nothing."""

from __future__ import annotations

import argparse

from papermatrix.commands.options import Commands, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "migrate", _run, "carry older results over to today's form and ids")
    parser.add_argument("--yes", action="store_true", help="do it; without, only list")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.results.migration import migrate, plan_migration

    matrix = load_matrix(overrides(options))
    migration = plan_migration(matrix)
    for left in migration.left:
        print(f"stays: {left.folder}: {left.reason}")
    for move in migrate(migration, matrix) if options.yes else migration.moves:
        print(f"{'carried over' if options.yes else 'carries over'}: {move.folder} -> {move.job.id}")
    count = len(migration.moves)
    if options.yes:
        print(f"{count} jobs carried over")
    else:
        print(f"{count} jobs to carry over{'; to do it: papermatrix migrate --yes' if count else ''}")
