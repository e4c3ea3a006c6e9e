"""`papermatrix status`: how far tables are, and when they will be there."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from math import nan
from typing import TYPE_CHECKING, Any

from papermatrix.commands.options import TOTAL, Commands, add_tables, new_parser, overrides

if TYPE_CHECKING:
    from papermatrix.matrix.expand import Matrix

MOST_CORES = 1_000_000
BEGINNING_OF_LINES_ABOVE, CLEAR_BELOW = "\x1b[{}F", "\x1b[J"


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "status", _run, "say how far tables are")
    add_tables(parser)
    parser.add_argument(
        "--watch",
        action="store_true",
        help="again and again, until all is there, or of what is not some failed and nothing can run",
    )
    parser.add_argument(
        "--every", type=_seconds, default=2.0, metavar="SECONDS", help="with --watch; default: 2"
    )
    parser.add_argument(
        "--cores", type=_count, default=os.cpu_count() or 1, metavar="N", help="jobs at a time; default: all"
    )
    parser.add_argument("--json", action="store_true")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = nan
    if not 0.1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError("expected seconds from 0.1 to 86400")
    return seconds


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > len(str(MOST_CORES)) or not 1 <= int(text) <= MOST_CORES:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to {MOST_CORES}")
    return int(text)


def _run(options: argparse.Namespace) -> int:
    from papermatrix.matrix.expand import load_matrix

    matrix = load_matrix(overrides(options), options.tables or None)
    height = 0
    while True:
        document = _status(matrix, options.cores)
        lines = (
            [json.dumps(document, indent=None if options.watch else 2)] if options.json else _lines(document)
        )
        if height and sys.stdout.isatty() and not options.json:
            print(BEGINNING_OF_LINES_ABOVE.format(height), CLEAR_BELOW, sep="", end="")
        print("\n".join(lines), flush=True)
        height = len(lines)
        if not options.watch or not document[TOTAL]["to_run"]:
            return 0
        if document[TOTAL]["is_stuck"]:
            return 1
        time.sleep(options.every)


def _status(matrix: Matrix, cores: int) -> dict[str, Any]:
    from papermatrix.results.progress import Tracker
    from papermatrix.results.status import JobStatus
    from papermatrix.results.store import LOG

    tracker = Tracker(matrix)

    def of(tables: list[str]) -> dict[str, Any]:
        progress = tracker.of(tables)
        return {
            **{status.value: progress.statuses[status] for status in JobStatus},
            "jobs": progress.statuses.total(),
            "to_run": len(progress.to_run),
            "is_stuck": progress.is_stuck,
            "arrival": progress.arrival(cores).isoformat(timespec="seconds") if progress.to_run else None,
            "without_history": dict(progress.without_history),
        }

    return {
        "scale": matrix.project.config.scale,
        "cores": cores,
        "tables": {table: of([table]) for table in matrix.cells},
        TOTAL: of(list(matrix.cells)),
        "failed": {job.id: str(job.folder / LOG) for job in tracker.failed(matrix.cells)},
    }


def _lines(document: dict[str, Any]) -> list[str]:
    from papermatrix.results.status import JobStatus

    rows = {**document["tables"], TOTAL: document[TOTAL]}
    width = max(map(len, rows))
    lines = [f"{'':{width}}  {' '.join(f'{status:>8}' for status in JobStatus)}  done at"]
    for name, row in rows.items():
        counts = " ".join(f"{row[status] or '.':>8}" for status in JobStatus)
        lines.append(f"{name:{width}}  {counts}  {_arrival(row)}")
    lines += [f"failed: see {log}" for log in document["failed"].values()]
    return lines


def _arrival(row: dict[str, Any]) -> str:
    from datetime import datetime

    if not row["to_run"]:
        return "now"
    time_of_day = f"{datetime.fromisoformat(row['arrival']).astimezone():%d %b %H:%M}"
    unknown = ", ".join(row["without_history"])
    return f"after {time_of_day}, no history of {unknown}" if unknown else time_of_day
