"""`papermatrix explain`: how one number of a table came to be, and what tells it from another."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jobkit.errors import harmless
from jobkit.numerals import whole_number
from papermatrix.commands.options import Commands, new_parser, overrides

if TYPE_CHECKING:
    from papermatrix.analysis.inference import Inference
    from papermatrix.matrix.cells import Cell
    from papermatrix.matrix.expand import Matrix
    from papermatrix.results.lineage import Step
    from papermatrix.results.store import Store
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
    parser.add_argument(
        "--against",
        nargs="+",
        metavar="LABEL",
        help="the labels of another row and, if need be, another column: compare the two cells",
    )
    parser.add_argument("--json", action="store_true")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.analysis.inference import Inference
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.results.lineage import find_cell, of_seed, steps_of, why
    from papermatrix.results.store import Store
    from papermatrix.results.values import cell_result

    matrix = load_matrix(overrides(options), [options.table])
    store = Store(matrix)
    inference = Inference(matrix, store)
    cell = of_seed(
        find_cell(matrix, options.table, options.row, options.column, options.variant), options.seed
    )
    if options.against:
        other = _other_cell(matrix, options)
        lines = dict(_against(cell, other, matrix, inference, store))
        print(json.dumps(lines, indent=2) if options.json else "\n".join(_aligned(lines)))
        return
    result = cell_result(cell, store)
    steps = steps_of(matrix, result.cell.jobs, store)
    reasons = [why(value, store) for value in result.values]
    scale = matrix.project.config.scale
    statistics = dict(_statistics(result, matrix, inference, store, is_whole=options.seed is None))
    if options.json:
        print(json.dumps(_document(result, reasons, steps, scale) | statistics, indent=2))
        return
    for line in _summary(result, reasons, scale):
        print(line)
    for name, text in statistics.items():
        for line in text if isinstance(text, list) else [text]:
            print(f"{name}: {harmless(line)}" if name != "bold" else harmless(line))
    for number, step in enumerate(steps, start=1):
        print(f"\n{number}. {step.job.stage} {step.job.id}: {step.status}")
        for name, text in _lines(step):
            print(f"   {name:10} {harmless(text)}")
    if not steps:
        print("no job makes it")


def _other_cell(matrix: Matrix, options: argparse.Namespace) -> Cell:
    """Return the cell to compare with; the same column where no other is named."""
    from jobkit.errors import UserError
    from papermatrix.results.lineage import find_cell, of_seed

    row, *rest = options.against
    if len(rest) > 1:
        raise UserError(f"--against: expected a row and, if need be, a column; found {len(rest) + 1} labels")
    column = rest[0] if rest else options.column
    return of_seed(find_cell(matrix, options.table, row, column, options.variant), options.seed)


def _against(
    cell: Cell, other: Cell, matrix: Matrix, inference: Inference, store: Store
) -> Iterator[tuple[str, str]]:
    """Yield what tells two cells apart: their scores, and what made them."""
    from papermatrix.analysis.inference import Untested
    from papermatrix.analysis.two_cells import what_differs
    from papermatrix.analysis.why_bold import difference_text
    from papermatrix.render.text import cell_name, cell_text
    from papermatrix.results.values import cell_result

    names = matrix.project.stages.sample_names
    ours, theirs = (cell_result(one, store) for one in (cell, other))
    for name, result in (("this", ours), ("other", theirs)):
        yield name, f"{cell_name(result.cell)}: {cell_text(result)}"
    if all(any(v.status.has_value for v in one.values) and one.cell.is_ours for one in (ours, theirs)):
        found = inference.compare(ours, theirs)
        if isinstance(found, Untested):
            yield "less", f"not tested, since {found}"
        else:
            yield "less", difference_text(found, names)
    yield from what_differs(cell, other, store)


def _aligned(lines: Mapping[str, str]) -> Iterator[str]:
    for name, text in lines.items():
        yield f"{name:8}  {harmless(text)}"


def _statistics(
    result: CellResult, matrix: Matrix, inference: Inference, store: Store, *, is_whole: bool
) -> Iterator[tuple[str, Any]]:
    """Yield samples, interval, parts, and why the number is bold, or is not."""
    from papermatrix.analysis.best import find_best
    from papermatrix.analysis.why_bold import interval_text, why_bold
    from papermatrix.render.text import cell_name, cell_text
    from papermatrix.results.values import TableResults

    cell, names = result.cell, matrix.project.stages.sample_names
    if result.parts:
        yield "parts", [f"{cell_name(part.cell)}: {cell_text(part)}" for part in result.parts]
    if not result.has_value or not cell.is_ours:
        return
    if evidence := inference.evidence(result):
        yield "samples", evidence.text(names)
    if interval := inference.interval(result):
        number = f"{result.mean * cell.factor:.6g}"
        yield "interval", f"{number}{interval_text(interval, names)}"
    if is_whole:
        table, results = matrix.project.tables[cell.table], TableResults(matrix, cell.table, store)
        best = find_best(table, results, inference)
        in_cell = results.at(*cell.labels)
        position = next((i for i, one in enumerate(in_cell) if one.cell == cell), 0)
        yield "bold", why_bold(table, best, position, in_cell[position], names)


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
