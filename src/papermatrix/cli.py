"""The command line: what there is to do, and how far it is."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from jobkit import VERSION
from jobkit.errors import exit_code, expect_command

COMMANDS = (
    *("plan", "validate", "diff", "estimate", "status", "explain", "power", "check"),
    *("render", "run", "rerun", "accept", "migrate"),
    *("figure", "audit", "fact", "numbers", "paper", "experiments", "rename", "prune", "schema"),
)
"""Modules of `papermatrix.commands`, in the order of the help."""


def main(arguments: list[str] | None = None) -> int:
    return exit_code(lambda: _run(arguments))


def _run(arguments: list[str] | None) -> int | None:
    parser = argparse.ArgumentParser(prog="papermatrix", description=__doc__)
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in COMMANDS:
        import_module(f"papermatrix.commands.{name}").add_parser(commands)
    arguments = sys.argv[1:] if arguments is None else arguments
    end = arguments.index("--") if "--" in arguments else len(arguments)
    expect_command(arguments[:1], COMMANDS)
    options = parser.parse_args(arguments[:end])
    options.passed = arguments[end + 1 :]
    code: int | None = options.command(options)
    return code
