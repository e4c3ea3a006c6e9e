"""`papermatrix estimate`: what tables will still cost, by the jobs that were finished so far."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from papermatrix.commands.options import TOTAL, Commands, add_tables, new_parser, overrides

if TYPE_CHECKING:
    from papermatrix.results.history import Amount
    from papermatrix.results.progress import Progress


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "estimate", _run, "say what tables will still cost")
    add_tables(parser)
    parser.add_argument("--json", action="store_true")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.results.progress import Tracker

    matrix = load_matrix(overrides(options), options.tables or None)
    tracker = Tracker(matrix)
    by_table = {table: tracker.of([table]) for table in matrix.cells}
    total = tracker.of(matrix.cells)
    if options.json:
        tables = {table: _as_json(progress) for table, progress in by_table.items()}
        scale = matrix.project.config.scale
        print(json.dumps({"scale": scale, "tables": tables, TOTAL: _as_json(total)}, indent=2))
        return
    width = max(map(len, [*by_table, TOTAL]))
    for name, progress in [*by_table.items(), (TOTAL, total)]:
        hours = _range(progress.rest.device_hours)
        print(f"{name:{width}}  {len(progress.to_run):4} jobs  {hours:>34}{_unknown(progress)}")
    print("Device-hours still to run: likely, and between the least and the most of up to five finished jobs")
    print("like each. The total counts once what tables share.")


def _range(hours: Amount) -> str:
    return f"{hours.likely:.4g} h ({hours.low:.4g} to {hours.high:.4g})"


def _unknown(progress: Progress) -> str:
    if not progress.without_history:
        return ""
    counts = ", ".join(f"{count} {stage}" for stage, count in progress.without_history.items())
    return f"  and without history {counts}"


def _as_json(progress: Progress) -> dict[str, Any]:
    import dataclasses

    return {
        "jobs": len(progress.to_run),
        "device_hours": dataclasses.asdict(progress.rest.device_hours),
        "seconds": dataclasses.asdict(progress.rest.seconds),
        "without_history": dict(progress.without_history),
    }
