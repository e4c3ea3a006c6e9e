"""The command line: `beamfusion job` runs one job of the matrix, the other commands serve people.

What a command needs is imported when it runs, so that Ctrl-C ends it without a traceback meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from jobkit import VERSION
from jobkit.errors import UserError, exit_code, expect_command, reason
from jobkit.numerals import whole_number


def main(arguments: list[str] | None = None) -> int:
    # Idle threads that spin starve the jobs beside them; OpenMP reads this when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    return exit_code(lambda: _run(arguments))


def _run(arguments: list[str] | None) -> int | None:
    arguments = sys.argv[1:] if arguments is None else arguments
    parser, commands = _parser()
    expect_command(arguments, commands)
    options = parser.parse_args(arguments)
    code: int | None = options.command(options)
    return code


def _parser() -> tuple[argparse.ArgumentParser, list[str]]:
    """Return the command line's parser, and the names of the commands."""
    parser = argparse.ArgumentParser(prog="beamfusion", description=__doc__)
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    job = commands.add_parser("job", help="run one job in its folder, or resume it")
    job.add_argument("stage", metavar="STAGE")
    job.add_argument("--settings", required=True, metavar="JSON", help="settings, as one JSON object")
    job.add_argument("--out", required=True, type=Path, metavar="DIR", help="the job's folder")
    job.add_argument("--needs", type=Path, metavar="DIR", help="folder of its upstream job")
    job.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    job.add_argument("--threads", type=_threads, default=1, help="threads of one job on a CPU (default: 1)")
    job.add_argument(
        "--data-root", metavar="DIR", help="folder of the recorded data, which holds Multi_Modal"
    )
    job.set_defaults(command=_job)

    simulate = commands.add_parser("simulate", help="write a simulated DeepSense 6G tree")
    simulate.add_argument("--out", required=True, type=Path, metavar="DIR", help="a new folder")
    simulate.add_argument("--seed", type=whole_number, default=0)
    simulate.add_argument("--full-size", action="store_true", help="frames of the data set's own sizes")
    simulate.add_argument("--threads", type=_threads, default=1, help="processes (default: 1)")
    _add_set(simulate, "simulation settings, such as passes=3")
    simulate.set_defaults(command=_simulate)

    validate = commands.add_parser(
        "validate", help="list every problem of a data set's files; exit 1 where there is one"
    )
    validate.add_argument("root", type=Path, metavar="DIR", help="the folder that holds Multi_Modal")
    validate.set_defaults(command=_validate)

    street = commands.add_parser(
        "street", help="write facts of the simulated street beside the recorded one's into a Markdown page"
    )
    street.add_argument(
        "page", type=Path, metavar="FILE", help="with marks for the table: docs/simulation.md"
    )
    street.set_defaults(command=_street)

    describe = commands.add_parser("describe", help="count a network's parameters and tokens")
    describe.add_argument("--scale", metavar="NAME", help="start from config/scales/NAME.yaml")
    describe.add_argument("--json", action="store_true", help="as JSON, with the settings used")
    _add_set(describe, "settings, such as model.modalities=[image,gps]")
    describe.set_defaults(command=_describe)

    importer = commands.add_parser("import-checkpoint", help="convert a checkpoint of the authors' code")
    importer.add_argument("file", type=Path, metavar="FILE", help="a file of torch.save")
    importer.add_argument("--out", required=True, type=Path, metavar="DIR", help="a new folder")
    _add_set(importer, "settings that the tensors do not tell, such as model.feature_fusion=bimamba")
    importer.set_defaults(command=_import_checkpoint)

    schema = commands.add_parser("schema", help="print the JSON Schema of all settings")
    schema.add_argument("--out", type=Path, metavar="FILE", help="write it there instead")
    schema.set_defaults(command=_schema)
    return parser, list(commands.choices)


def _threads(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,3}", text):
        raise argparse.ArgumentTypeError("expected a number from 1 to 9999")
    return int(text)


def _add_set(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides", help=text
    )


def _job(options: argparse.Namespace) -> None:
    from beamfusion.stages.start import run_stage  # imports torch only where the stage needs it
    from jobkit.validation import show

    try:
        document = json.loads(options.settings)
    except (ValueError, RecursionError) as error:
        raise UserError(f"--settings: not JSON ({reason(error)})") from None
    if not isinstance(document, dict):
        raise UserError(f"--settings: expected a mapping, found {show(document)}")
    run_stage(
        options.stage,
        options.out,
        document,
        needs=options.needs,
        device=options.device,
        threads=options.threads,
        data_root=Path(options.data_root) if options.data_root else None,
    )


def _simulate(options: argparse.Namespace) -> None:
    from beamfusion.new_folder import new_folder
    from beamfusion.settings import Simulation
    from beamfusion.simulation.tree import simulate
    from jobkit.validation import parse
    from jobkit.yaml12 import Document, parse_pairs

    sizes = Simulation.FULL_SIZE if options.full_size else {}
    values = {**sizes, "seed": options.seed, **parse_pairs(options.overrides, "--set")}
    settings = parse(Simulation, Document("", values))
    with new_folder(options.out) as folder:
        simulate(folder, settings, processes=options.threads, progress=True)


def _validate(options: argparse.Namespace) -> int:
    from beamfusion.data.validate import list_findings

    found = list_findings(options.root, progress=True)
    for line in (*found.problems, *(f"warning: {warning}" for warning in found.warnings)):
        print(line)
    counts = f"{len(found.problems) or 'no'} problem{'' if len(found.problems) == 1 else 's'}"
    if found.warnings:
        counts += f", {len(found.warnings)} warning{'' if len(found.warnings) == 1 else 's'}"
    print(f"{options.root}: {counts}", file=sys.stderr)
    return 1 if found.problems else 0


def _street(options: argparse.Namespace) -> None:
    from beamfusion.evaluation.street import write_street

    write_street(options.page)


def _describe(options: argparse.Namespace) -> None:
    from beamfusion.scales import read_scale
    from beamfusion.settings import Settings, parse_settings
    from jobkit.settings import merged, nested
    from jobkit.validation import parse
    from jobkit.yaml12 import Document, parse_pairs

    scale = Document("", {}) if options.scale is None else read_scale(options.scale)
    parse(Settings, scale)  # by itself, since a diagnostic of the scale names its file and line
    settings = parse_settings(merged(scale.content, nested(parse_pairs(options.overrides, "--set"))))
    from beamfusion.evaluation.describe import describe  # imports torch, and settings are checked without it

    description = describe(settings)
    if options.json:
        print(json.dumps(description, indent=2))
        return
    counts = {**description["parameters"], "tokens": description["tokens"]}
    for name, count in counts.items():
        print(f"{name:<18}{count:>14,}")


def _import_checkpoint(options: argparse.Namespace) -> None:
    from beamfusion.new_folder import new_folder
    from jobkit.settings import nested
    from jobkit.yaml12 import parse_pairs

    overrides = nested(parse_pairs(options.overrides, "--set"))
    from beamfusion.evaluation.import_checkpoint import import_checkpoint  # settings are checked without it

    with new_folder(options.out) as folder:
        settings, remarks = import_checkpoint(options.file, folder, overrides)
    for remark in remarks:
        print(remark, file=sys.stderr)
    model, data = settings.model, settings.data
    print(
        f"{options.out}: FFM {model.feature_fusion}, TFM {model.time_fusion},"
        f" history {data.history}, horizon {data.horizon}"
    )


def _schema(options: argparse.Namespace) -> None:
    from jobkit.files import write_text

    text = json.dumps(settings_schema(), indent=2) + "\n"
    if options.out:
        write_text(options.out, text)
    else:
        print(text, end="")


def settings_schema() -> dict[str, Any]:
    """Return the JSON Schema of all settings, with their defaults and `x-published` values."""
    from beamfusion.settings import Settings

    made_by = {"command": ["beamfusion", "schema"], "again": "make schema"}
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": draft, "x-made-by": made_by, **Settings.model_json_schema()}
