"""`--version` of both command lines."""

import argparse
from typing import Any


class ShowVersion(argparse.Action):
    """Prints the installed version and leaves; what reads it is imported only then."""

    def __init__(self, option_strings: list[str], dest: str, **_: Any):
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help="print the version")

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version

        print(f"{parser.prog} {version('papermatrix')}")
        parser.exit()
