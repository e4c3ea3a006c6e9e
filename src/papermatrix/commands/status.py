"""`papermatrix status`: how far tables are, and when they will be done."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from math import nan
from typing import TYPE_CHECKING, Any

from papermatrix.commands.options import TOTAL, Commands, add_tables, new_parser, overrides

if TYPE_CHECKING:
    from papermatrix.matrix.expand import Matrix
    from papermatrix.results.progress import Tracker
    from papermatrix.results.status import JobStatus

FAR_DAYS = 300
"""A date so far away is given with its year, without the time of day."""
BEGINNING_OF_LINES_ABOVE, CLEAR_BELOW = "\x1b[{}F", "\x1b[J"


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "status", _run, "say how far tables are")
    add_tables(parser)
    parser.add_argument(
        "--watch",
        action="store_true",
        help="print it again until all is done, or the rest waits for failed jobs",
    )
    parser.add_argument(
        "--every",
        type=_number(float, 0.1, 86400),
        default=2.0,
        metavar="SECONDS",
        help="with --watch; default: 2",
    )
    parser.add_argument(
        "--cores",
        type=_number(int, 1, 1000000),
        default=os.cpu_count() or 1,
        metavar="N",
        help="jobs at a time; default: all",
    )
    parser.add_argument("--json", action="store_true")


def _number(kind: type[int] | type[float], least: float, most: float) -> Callable[[str], float]:
    """Return what reads a number of an option; one that is out of bounds is refused."""

    def read(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = nan
        if not least <= number <= most:
            whole = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"expected {whole} from {least} to {most}")
        return number

    return read


def _run(options: argparse.Namespace) -> int:
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.results.progress import Tracker

    matrix = load_matrix(overrides(options), options.tables or None)
    height = 0
    while True:
        tracker = Tracker(matrix)
        document = _status(matrix, tracker, options.cores)
        if options.json:
            lines = [json.dumps(document, indent=None if options.watch else 2)]
        else:
            lines = _lines(document, tracker)
        if height and sys.stdout.isatty() and not options.json:
            print(BEGINNING_OF_LINES_ABOVE.format(height), CLEAR_BELOW, sep="", end="")
        print("\n".join(lines), flush=True)
        height = len(lines)
        if not options.watch or not document[TOTAL]["to_run"]:
            return 0
        if document[TOTAL]["is_stuck"]:
            return 1
        time.sleep(options.every)


def _status(matrix: Matrix, tracker: Tracker, cores: int) -> dict[str, Any]:
    import dataclasses

    from jobkit.folder import LOG
    from jobkit.progress import read_position
    from papermatrix.results.status import JobStatus
    from papermatrix.results.unfinished import failure_hint, killed_by

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

    def positions(status: JobStatus) -> dict[str, Any]:
        read = {job.id: read_position(job.folder) for job in tracker.with_status(status)}
        return {name: position and dataclasses.asdict(position) for name, position in read.items()}

    failed, interrupted = map(tracker.with_status, (JobStatus.FAILED, JobStatus.INTERRUPTED))
    return {
        "scale": matrix.project.config.scale,
        "cores": cores,
        "tables": {table: of([table]) for table in matrix.cells},
        TOTAL: of(list(matrix.cells)),
        "running": positions(JobStatus.RUNNING),
        "interrupted": positions(JobStatus.INTERRUPTED),
        "failed": {job.id: str(job.folder / LOG) for job in failed},
        "reasons": {job.id: failure_hint(job) for job in failed},
        "stale": dict(tracker.stale_causes()),
        "killed": {job.id: cause for job in failed + interrupted if (cause := killed_by(job))},
    }


def _lines(document: dict[str, Any], tracker: Tracker) -> list[str]:
    from papermatrix.render.unfinished import job_lines
    from papermatrix.results.status import UNSETTLED, JobStatus

    rows = {**document["tables"], TOTAL: document[TOTAL]}
    width = max(map(len, rows))
    heads = {status: f"{status:>8}" for status in JobStatus}
    lines = [f"{'':{width}}  {' '.join(heads.values())}  done at"]
    for name, row in rows.items():
        counts = " ".join(f"{row[status] or '.':>{len(head)}}" for status, head in heads.items())
        lines.append(f"{name:{width}}  {counts}  {_arrival(row)}")
    for status in UNSETTLED:
        lines += job_lines(status, tracker.with_status(status))
    lines += [
        f"stale: {count} job{'s' if count > 1 else ''}, {cause}" for cause, count in document["stale"].items()
    ]
    return lines


def _arrival(row: dict[str, Any]) -> str:
    from datetime import datetime, timedelta

    if not row["to_run"]:
        return "now"
    arrival = datetime.fromisoformat(row["arrival"]).astimezone()
    is_far = arrival - datetime.now(arrival.tzinfo) > timedelta(days=FAR_DAYS)
    time_of_day = f"{arrival:{'%d %b %Y' if is_far else '%d %b %H:%M'}}"
    unknown = ", ".join(row["without_history"])
    return f"after {time_of_day}, no history of {unknown}" if unknown else time_of_day
