"""Seeds and parts of the data: said once above a table, or by each row, column or variant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from papermatrix.analysis.inference import Inference
from papermatrix.config.stages import SampleNames
from papermatrix.matrix.cells import Cell
from papermatrix.results.values import CellResult, TableResults

_LABELS: Mapping[str, Callable[[Cell], object]] = {
    "row": lambda cell: cell.row.label,
    "column": lambda cell: cell.column.label,
    "variant": lambda cell: cell.variant_label,
    "cell": lambda cell: cell.labels,
}
"""What each kind of level is known by."""


@dataclass(frozen=True)
class Origins:
    """What a table's numbers were made with, where it is said."""

    header: tuple[tuple[str, str], ...] = ()
    """Lines above the table."""
    notes: Mapping[tuple[str, object], tuple[str, ...]] = field(default_factory=dict)
    """Of rows, columns, variants and cells, by kind and label, where those differ."""

    def of(self, kind: str, label: object) -> tuple[str, ...]:
        return self.notes.get((kind, label), ())


NO_ORIGINS = Origins()


@dataclass(frozen=True)
class _Said:
    line: tuple[str, str]
    """Above the table, where it holds for all."""
    note: str
    """To a row, column, variant or cell."""


def origins(results: TableResults, inference: Inference, names: SampleNames) -> Origins:
    """Find the samples, the seeds and the parts of the data that a table's numbers are of."""
    measured = [result for result in results.cells if result.cell.runs and result.cell.jobs]
    header: list[tuple[str, str]] = []
    notes: dict[tuple[str, object], tuple[str, ...]] = {}
    sayings: tuple[tuple[str, Callable[[CellResult], _Said | None], tuple[str, ...]], ...] = (
        ("samples", lambda result: _samples(result, inference, names), ("column", "row", "variant")),
        ("seeds", lambda result: _seeds(result.cell), ("row", "column", "variant")),
        ("parts", lambda result: _part(result.cell), ("column", "row", "variant")),
    )
    for name, say, kinds in sayings:
        said = [(result.cell, text) for result in measured if (text := say(result))]
        texts = list(dict.fromkeys(text for _, text in said))
        if len(texts) == 1:
            header.append(texts[0].line)
        elif texts:
            kind = next((kind for kind in kinds if _tells(kind, said)), "cell")
            header.append((name, f"as each {kind} says"))
            for cell, text in said:
                key = (kind, _LABELS[kind](cell))
                notes[key] = tuple(dict.fromkeys((*notes.get(key, ()), text.note)))
    return Origins(tuple(header), notes)


def _tells(kind: str, said: Sequence[tuple[Cell, _Said]]) -> bool:
    """Return whether the same is said of all cells with a level of a kind in common."""
    of_levels: dict[object, _Said] = {}
    return all(of_levels.setdefault(_LABELS[kind](cell), text) == text for cell, text in said)


def _samples(result: CellResult, inference: Inference, names: SampleNames) -> _Said | None:
    """Say `613 windows in 20 passes`."""
    evidence = inference.evidence(result)
    if evidence is None:
        return None
    return _Said(("samples", evidence.text(names)), evidence.text(names))


def _seeds(cell: Cell) -> _Said | None:
    """Say `seed 100`, or `seeds 100-102 (3)`."""
    seeds = sorted({run.seed for run in cell.runs if run.job and run.seed is not None})
    if not seeds:
        return None
    several = f"{', '.join(_ranges(seeds))} ({len(seeds)})"
    line = ("seeds", several) if len(seeds) > 1 else ("seed", str(seeds[0]))
    return _Said(line, " ".join(line))


def _ranges(numbers: Sequence[int]) -> Iterator[str]:
    """Write rising numbers, those that follow each other as a range."""
    start = previous = numbers[0]
    for number in (*numbers[1:], None):
        if number == previous + 1:
            previous = number
            continue
        yield str(start) if start == previous else f"{start}-{previous}"
        if number is not None:
            start = previous = number


def _part(cell: Cell) -> _Said | None:
    return _Said(("part", cell.part), f"scored on the {cell.part} part") if cell.part else None
