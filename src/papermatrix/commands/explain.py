"""`papermatrix explain`: how one number of a table came to be."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from jobkit.errors import harmless
from jobkit.numerals import whole_number
from papermatrix.commands.options import Commands, new_parser, overrides

if TYPE_CHECKING:
    from papermatrix.results.lineage import Step
    from papermatrix.results.values import CellResult

HAVE_LINES = frozenset(
    ("seed", "commit", "dirty", "changed", "source", "upstream_digest", "data_digest", "data", "versions")
)
"""Entries of the provenance that have a line of their own, or none."""
TIMES = ("started", "ended")


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "explain", _run, "say how one number came to be")
    parser.add_argument("table", metavar="TABLE")
    parser.add_argument("row", metavar="ROW", help="its label")
    parser.add_argument("column", metavar="COLUMN", help="its label")
    parser.add_argument("--variant", metavar="LABEL", help="which of the cell's values")
    parser.add_argument("--seed", type=whole_number, metavar="N", help="one of several; without it, all")
    parser.add_argument("--json", action="store_true")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.results.lineage import find_cell, of_seed, steps_of, why
    from papermatrix.results.store import Store
    from papermatrix.results.values import cell_result

    matrix = load_matrix(overrides(options), [options.table])
    store = Store(matrix)
    cell = find_cell(matrix, options.table, options.row, options.column, options.variant)
    result = cell_result(of_seed(cell, options.seed), store)
    steps = steps_of(matrix, result.cell.jobs, store)
    reasons = [why(value, store) for value in result.values]
    scale = matrix.project.config.scale
    if options.json:
        print(json.dumps(_document(result, reasons, steps, scale), indent=2))
        return
    for line in _summary(result, reasons, scale):
        print(line)
    for number, step in enumerate(steps, start=1):
        print(f"\n{number}. {step.job.stage} {step.job.id}: {step.status}")
        for name, text in _lines(step):
            print(f"   {name:10} {harmless(text)}")
    if not steps:
        print("no job makes it")


def _document(
    result: CellResult, reasons: Sequence[str], steps: Sequence[Step], scale: str
) -> dict[str, Any]:
    from papermatrix.render.text import cell_text

    cell = result.cell
    return {
        "table": cell.table,
        "row": cell.row.shown,
        "column": cell.column.shown,
        "variant": cell.variant.shown if cell.variant else None,
        "metric": cell.name or None,
        "scale": scale,
        "value": result.mean,
        "shown": cell_text(result),
        "status": str(result.status),
        "reasons": _unique(reasons),
        "seeds": [
            {"seed": value.seed, "value": value.number, "status": str(value.status), "reason": reason}
            for value, reason in zip(result.values, reasons, strict=True)
        ],
        "jobs": [_as_json(step) for step in steps],
    }


def _summary(result: CellResult, reasons: Sequence[str], scale: str) -> Iterator[str]:
    """Yield the number, its metric and the seeds behind it."""
    from papermatrix.render.text import cell_name, cell_text

    cell, text, status = result.cell, cell_text(result), str(result.status)
    about = "; ".join([*([status] if status != text else []), *_unique(reasons)])
    yield f"{cell_name(cell)}: {text}{f' ({about})' if about else ''}"
    if cell.name:
        value = f" = {_number(result.mean)}" if result.has_value else ""
        part = f", of the {cell.part} part" if cell.part else ""
        yield f"{cell.name}{value} at scale {scale}{part}"
    for seed_value in result.values if len(result.values) > 1 else ():
        number = _number(seed_value.number) if seed_value.status.has_value else seed_value.status
        yield f"  seed {seed_value.seed}: {number}"


def _unique(reasons: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, reasons)))


def _as_json(step: Step) -> dict[str, Any]:
    import dataclasses

    from jobkit.folder import LOG

    result, job = step.result, step.job
    return {
        "id": job.id,
        "stage": job.stage,
        "state": step.status,
        "outdated": bool(step.changed_source),
        "changed_source": step.changed_source,
        "accepted": step.acceptance.because if step.acceptance else None,
        "folder": str(job.folder),
        "log": str(job.folder / LOG),
        "needs": [job.upstream.id] if job.upstream else [],
        "settings": step.differs,
        "epoch": result.epoch if result else None,
        "cost": dataclasses.asdict(result.cost) if result else None,
        "provenance": result.provenance if result else {},
        "files": result.files if result else {},
    }


def _lines(step: Step) -> Iterator[tuple[str, str]]:
    """Yield what is known of a job, by what to call it."""
    from jobkit.folder import LOG
    from jobkit.removed import read_removed
    from papermatrix.render.text import size_text
    from papermatrix.results.status import UNSETTLED

    differs = (f"{key} = {json.dumps(value)}" for key, value in step.differs.items())
    yield "settings", "; ".join(differs) or "the scale's own"
    folder, result = step.job.folder, step.result
    if result is None:
        yield ("log", str(folder / LOG)) if step.status in UNSETTLED else ("folder", str(folder))
        return
    if result.epoch is not None:
        yield "diverged", f"in epoch {result.epoch}"
    yield from _provenance_lines(step, result.provenance)
    cost = result.cost
    resumed = f", resumed {cost.resumptions} times" if cost.resumptions else ""
    yield "device", f"{cost.device_count} x {cost.device}, at most {size_text(cost.peak_memory)}"
    yield "took", f"{cost.seconds:.0f} s, {cost.device_hours:.4f} device-hours{resumed}"
    gone = {name for name in read_removed(folder).files if not (folder / name).exists()}
    sizes = {name: f"{size_text(size)}{', removed' * (name in gone)}" for name, size in result.files.items()}
    files = ", ".join(f"{name} ({size})" for name, size in sizes.items())
    yield "files", f"{folder}{f': {files}' if files else ''}"


def _provenance_lines(step: Step, provenance: dict[str, Any]) -> Iterator[tuple[str, str]]:
    from jobkit.source import file_of

    if provenance.get("seed") is not None:
        yield "seed", str(provenance["seed"])
    uncommitted = " with uncommitted changes" if step.has_uncommitted_source else ""
    yield "commit", f"{provenance.get('commit') or 'unknown'}{uncommitted}"
    files = provenance.get("source", [])
    changed = (
        f"; changed since: {', '.join(map(file_of, step.changed_source))}" if step.changed_source else ""
    )
    yield "source", f"{len(files[-1])} files{changed}" if files else "unknown"
    if step.acceptance:
        yield "accepted", f"{step.acceptance.when}: {step.acceptance.because}"
    if "data_digest" in provenance:
        yield "data", f"{provenance.get('data', 'unnamed')}, digest {provenance['data_digest']}"
    libraries = provenance.get("versions", {})
    yield "libraries", ", ".join(f"{name} {version}" for name, version in libraries.items()) or "unknown"
    for name, value in provenance.items():
        if name not in (*HAVE_LINES, *TIMES) and value is not None:
            yield name.replace("_", " "), str(value)
    yield "when", " to ".join(str(provenance[time]) for time in TIMES if time in provenance) or "unknown"


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
