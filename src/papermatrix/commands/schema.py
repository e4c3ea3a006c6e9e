"""`papermatrix schema`: the JSON Schemas of the YAML files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from papermatrix.commands.options import Commands, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "schema", _run, "print the JSON Schema of tables.yaml")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write those of all YAML files there instead")


def _run(options: argparse.Namespace) -> None:
    from jobkit.files import write_json
    from papermatrix.config.json_schema import FILES, json_schema
    from papermatrix.config.load import load_settings_schema

    settings = load_settings_schema(overrides(options))
    if options.out is None:
        print(json.dumps(json_schema("tables", settings), indent=2))
        return
    for file in FILES:
        write_json(options.out / f"{file}.json", json_schema(file, settings))
