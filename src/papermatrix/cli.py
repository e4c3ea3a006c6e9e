"""The command line: what there is to do, and how far it is."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from jobkit.errors import UserError, exit_code
from jobkit.files import write_json


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    return exit_code(lambda: options.command(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="papermatrix", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--config",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="values in place of config.yaml's, as for snakemake",
    )

    plan = commands.add_parser("plan", parents=[shared], help="list the jobs that tables need")
    plan.add_argument("tables", nargs="*", metavar="TABLE", help="all tables, if none is given")
    plan.add_argument("--json", action="store_true", help="with settings, as a JSON list")
    plan.set_defaults(command=_plan)

    validate = commands.add_parser("validate", parents=[shared], help="list every fault of the YAML files")
    validate.set_defaults(command=_validate)

    render = commands.add_parser("render", parents=[shared], help="write tables from their jobs' results")
    render.add_argument("tables", nargs="+", metavar="TABLE")
    render.add_argument("--out", type=Path, metavar="DIR", default=Path("results"), help="default: results")
    render.add_argument("--partial", action="store_true", help="also where results are missing")
    render.set_defaults(command=_render)

    schema = commands.add_parser("schema", parents=[shared], help="print the JSON Schema of tables.yaml")
    schema.add_argument("--out", type=Path, metavar="DIR", help="write those of all YAML files there instead")
    schema.set_defaults(command=_schema)
    return parser


def _overrides(options: argparse.Namespace) -> dict[str, Any]:
    from papermatrix.yamlfile import parse_yaml

    values = {}
    for pair in options.config:
        key, separator, text = pair.partition("=")
        if not separator:
            raise UserError(f"--config {pair}: expected KEY=VALUE")
        values[key] = parse_yaml(text, f"--config {key}").content
    return values


def _plan(options: argparse.Namespace) -> None:
    from papermatrix.expand import load_matrix
    from papermatrix.store import Store

    matrix = load_matrix(_overrides(options), options.tables or None)
    store = Store(matrix)
    if options.json:
        jobs = [
            {
                "id": job.id,
                "stage": job.stage,
                "needs": [job.needs.id] if job.needs else [],
                "settings": job.settings,
                "tables": list(matrix.tables_of[job.id]),
                "state": store.state(job),
            }
            for job in matrix.jobs.values()
        ]
        print(json.dumps(jobs, indent=2))
        return
    for job in matrix.jobs.values():
        print(f"{store.state(job):9} {job.stage:10} {job.id}")
    counts = Counter(store.state(job) for job in matrix.jobs.values())
    print(f"{len(matrix.jobs)} jobs: {', '.join(f'{count} {state}' for state, count in counts.items())}")


def _validate(options: argparse.Namespace) -> None:
    from papermatrix.expand import load_matrix

    matrix = load_matrix(_overrides(options))
    print(f"{len(matrix.cells)} tables, {len(matrix.jobs)} jobs, no fault")


def _render(options: argparse.Namespace) -> None:
    from papermatrix.expand import load_matrix
    from papermatrix.render import render

    matrix = load_matrix(_overrides(options), options.tables)
    for table in options.tables:
        for path in render(matrix, table, options.out, is_partial=options.partial):
            print(path)


def _schema(options: argparse.Namespace) -> None:
    from papermatrix.json_schema import FILES, json_schema
    from papermatrix.project import load_settings_schema

    settings = load_settings_schema(_overrides(options))
    if options.out is None:
        print(json.dumps(json_schema("tables", settings), indent=2))
        return
    for file in FILES:
        write_json(options.out / f"{file}.json", json_schema(file, settings))
