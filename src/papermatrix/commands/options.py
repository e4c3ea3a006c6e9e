"""What several commands are given."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Commands = Any
"""What `add_parser` adds to: argparse's subparsers, whose own type is private."""
Command = Callable[[argparse.Namespace], int | None]
"""Runs a command; its exit code, where that is not 0."""


TOTAL = "total"
"""What all tables together are called."""


def new_parser(commands: Commands, name: str, run: Command, description: str) -> argparse.ArgumentParser:
    """Add a command's parser, with `--config`."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=description, description=description)
    parser.add_argument(
        "--config",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="values in place of config.yaml's, as for snakemake",
    )
    parser.set_defaults(command=run)
    return parser


def add_tables(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="all tables, if none is given")


def add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, metavar="FILE", help="printed, if not given")


def write_out(text: str, out: Path | None) -> None:
    """Write a text to `--out`, or print it."""
    from jobkit.files import write_text  # imports pydantic, which help needs not

    if out is None:
        print(text, end="")
    else:
        write_text(out, text)


def warn(lines: Iterable[object]) -> None:
    """Print what is probably a slip, but no error."""
    for line in lines:
        print(f"warning: {line}", file=sys.stderr)


def overrides(options: argparse.Namespace) -> dict[str, Any]:
    """Return the values of `--config`."""
    from jobkit.yaml12 import parse_pairs  # imports pydantic, which help needs not

    return parse_pairs(options.config, "--config")
