"""`papermatrix explain`: how one number of a table came to be."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from jobkit.errors import harmless
from papermatrix.commands.options import Commands, new_parser, overrides

if TYPE_CHECKING:
    from papermatrix.lineage import Step

OWN_LINE = ("seed", "commit", "dirty", "source_digest", "upstream_digest", "data_digest", "data", "versions")
TIMES = ("started", "ended")
UNITS = ("B", "kB", "MB", "GB", "TB")


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "explain", _run, "say how one number came to be")
    parser.add_argument("table", metavar="TABLE")
    parser.add_argument("row", metavar="ROW", help="its label")
    parser.add_argument("column", metavar="COLUMN", help="its label")
    parser.add_argument("--variant", metavar="LABEL", help="which of the cell's values")
    parser.add_argument("--seed", type=int, metavar="N", help="one of several; without it, all")
    parser.add_argument("--json", action="store_true")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.aggregate import read_cell, summarise
    from papermatrix.expand import load_matrix
    from papermatrix.lineage import cells_at, steps_of, why
    from papermatrix.store import Store
    from papermatrix.words import cell as in_words

    matrix = load_matrix(overrides(options), [options.table])
    store, table = Store(matrix), matrix.project.tables[options.table]
    cells = cells_at(matrix, options.table, options.row, options.column, options.variant, options.seed)
    steps = steps_of(matrix, cells, store)
    readings = [read_cell(cell, store) for cell in cells]
    (summary,) = summarise(readings)[options.row, options.column]
    reasons = list(dict.fromkeys(filter(None, (why(reading, store) for reading in readings))))
    row = next(row for row in table.rows if row.label == options.row)
    column = next(column for column in table.columns if column.label == options.column)
    shown = in_words(summary, row, column, table)
    scale = matrix.project.config.scale
    if options.json:
        document = {
            "table": options.table,
            "row": options.row,
            "column": options.column,
            "variant": cells[0].variant,
            "metric": cells[0].name or None,
            "scale": scale,
            "value": summary.mean,
            "shown": shown,
            "status": summary.status,
            "reasons": reasons,
            "seeds": [
                {
                    "seed": reading.cell.seed,
                    "value": reading.value,
                    "status": reading.status,
                    "reason": why(reading, store),
                }
                for reading in readings
            ],
            "jobs": [_as_json(step) for step in steps],
        }
        print(json.dumps(document, indent=2))
        return
    place = ", ".join(filter(None, [options.table, options.row, options.column, cells[0].variant]))
    about = "; ".join([*([summary.status] if summary.status != shown else []), *reasons])
    print(f"{place}: {shown}{f' ({about})' if about else ''}")
    if cells[0].name:
        value = f" = {_number(summary.mean)}" if summary.has_value else ""
        print(f"{cells[0].name}{value} at scale {scale}")
    for reading in readings if len(readings) > 1 else ():
        words = _number(reading.value) if reading.has_value else reading.status
        print(f"  seed {reading.cell.seed}: {words}")
    for number, step in enumerate(steps, start=1):
        print(f"\n{number}. {step.job.stage} {step.job.id}: {step.state}")
        for name, words in _lines(step):
            print(f"   {name:10} {harmless(words)}")
    if not steps:
        print("no job makes it")


def _as_json(step: Step) -> dict[str, Any]:
    import dataclasses

    from papermatrix.store import LOG

    result = step.result
    return {
        "id": step.job.id,
        "stage": step.job.stage,
        "state": step.state,
        "outdated": step.is_outdated,
        "folder": str(step.job.folder),
        "log": str(step.job.folder / LOG),
        "needs": [step.job.needs.id] if step.job.needs else [],
        "settings": step.differs,
        "epoch": result.epoch if result else None,
        "cost": dataclasses.asdict(result.cost) if result else None,
        "provenance": result.provenance if result else {},
        "files": result.files if result else {},
    }


def _lines(step: Step) -> Iterator[tuple[str, str]]:
    from papermatrix.store import LOG
    from papermatrix.words import dirt

    differs = (f"{key} = {json.dumps(value)}" for key, value in step.differs.items())
    yield "settings", "; ".join(differs) or "the scale's own"
    result = step.result
    if result is None:
        yield (
            ("log", str(step.job.folder / LOG))
            if step.state == "failed"
            else ("folder", str(step.job.folder))
        )
        return
    made, cost = result.provenance, result.cost
    if result.epoch is not None:
        yield "diverged", f"in epoch {result.epoch}"
    if made.get("seed") is not None:
        yield "seed", str(made["seed"])
    yield (
        "commit",
        f"{made.get('commit') or 'unknown'}{dirt(result)}",
    )
    yield (
        "source",
        f"{made.get('source_digest', 'unknown')}{', not that of today' if step.is_outdated else ''}",
    )
    if "data_digest" in made:
        yield "data", f"{made.get('data', 'unnamed')}, digest {made['data_digest']}"
    yield "device", f"{cost.device_count} x {cost.device}, at most {_size(cost.peak_memory)}"
    libraries = made.get("versions", {})
    yield "libraries", ", ".join(f"{name} {version}" for name, version in libraries.items()) or "unknown"
    for name, found in made.items():
        if name not in (*OWN_LINE, *TIMES) and found is not None:
            yield name.replace("_", " "), str(found)
    yield "when", " to ".join(str(made[time]) for time in TIMES if time in made) or "unknown"
    resumed = f", resumed {cost.resumptions} times" if cost.resumptions else ""
    yield "took", f"{cost.seconds:.0f} s, {cost.device_hours:.4f} device-hours{resumed}"
    files = ", ".join(f"{name} ({_size(size)})" for name, size in result.files.items())
    yield "files", f"{step.job.folder}{f': {files}' if files else ''}"


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _size(count: float) -> str:
    unit = 0
    while count >= 1000 and unit < len(UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.3g} {UNITS[unit]}"
