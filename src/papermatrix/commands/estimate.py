"""`papermatrix estimate`: what tables will still cost, by finished jobs, else by the rates of paper.yaml."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from jobkit.errors import one_line
from papermatrix.commands.options import TOTAL, Commands, add_tables, new_parser, overrides

if TYPE_CHECKING:
    from papermatrix.matrix.expand import Matrix
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
    rows = [[name, *_cells(progress)] for name, progress in [*by_table.items(), (TOTAL, total)]]
    rows.insert(0, ["", "jobs", "device time", "disk", ""])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    for line in _notes(matrix, total):
        print(line)


def _cells(progress: Progress) -> list[str]:
    """Return what stands in a line: how many jobs, their time, their disk, and what is not known."""
    from papermatrix.render.text import duration_text, size_text

    jobs, rest = len(progress.to_run), progress.rest
    unknown, known_disks = progress.without_history, jobs - progress.without_disk
    hours = _scaled(rest.device_hours, 3600)
    time = _amount(hours, duration_text, jobs, jobs - unknown.total())
    disk = _amount(rest.disk or hours, size_text, jobs, known_disks)
    stages = ", ".join(f"{count} {stage}" for stage, count in unknown.items())
    return [str(jobs), time, disk, f"unknown: {stages}" if stages else ""]


def _scaled(amount: Amount, factor: float) -> Amount:
    from papermatrix.results.history import Amount

    return Amount(amount.likely * factor, amount.low * factor, amount.high * factor)


def _amount(amount: Amount, text: Callable[[float], str], jobs: int, known: int) -> str:
    """Return the likely amount and its range; a part of it is `at least` so much."""
    if not known:
        return "unknown" if jobs else "nothing"
    likely, low, high = text(amount.likely), text(amount.low), text(amount.high)
    between = f" ({low} to {high})" if low != high else ""
    return f"{'at least ' if known < jobs else ''}{likely}{between}"


def _notes(matrix: Matrix, total: Progress) -> Iterator[str]:
    """Yield what the numbers are taken from, and what they leave out."""
    jobs, cost = len(total.to_run), matrix.project.paper.cost
    yield "By up to five finished jobs like each: likely, and between the least and the most of them,"
    yield "start-up included. The total counts once what tables share."
    if total.rated and cost is not None:
        rates = f"the rates of {matrix.project.config.paper}, on {one_line(cost.device)}"
        yield f"{total.rated} of {jobs} jobs: by {rates}."
    if total.without_history:
        yield f"{total.without_history.total()} of {jobs} jobs: unknown, and not counted."


def _as_json(progress: Progress) -> dict[str, Any]:
    """Return the numbers; null where of no job anything is known."""
    import dataclasses

    jobs, rest = len(progress.to_run), progress.rest
    has_none = bool(jobs) and progress.without_history.total() == jobs
    has_no_disk = bool(jobs) and progress.without_disk == jobs
    return {
        "jobs": jobs,
        "device_hours": None if has_none else dataclasses.asdict(rest.device_hours),
        "seconds": None if has_none else dataclasses.asdict(rest.seconds),
        "bytes": None if has_no_disk or rest.disk is None else dataclasses.asdict(rest.disk),
        "without_history": dict(progress.without_history),
        "without_disk": progress.without_disk,
        "by_rates": progress.rated,
    }
