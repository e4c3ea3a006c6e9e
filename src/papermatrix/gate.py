"""What keeps tables from being complete, or ours from agreeing with the authors': for `papermatrix check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from jobkit.errors import UserError
from papermatrix.aggregate import ABSENT, DIVERGED, STALE, Reading, read_cells, summarise
from papermatrix.audit import notes
from papermatrix.compare import Comparison, comparisons, expect_one_scale
from papermatrix.expand import Job, Matrix
from papermatrix.spec import Table
from papermatrix.store import LOG, Store
from papermatrix.words import difference, number


@dataclass(frozen=True)
class Verdict:
    faults: tuple[str, ...]
    """A line a cell."""
    summary: str


def check_values(matrix: Matrix, name: str, store: Store, allowed: Collection[str] = ()) -> Verdict:
    """Every cell of a table that is no value; a dash for a stage that takes no place is none of them."""
    expected = {row.label for row in matrix.project.tables[name].rows if row.expect == DIVERGED}
    readings = [reading for reading in read_cells(matrix, name, store) if not _has_no_place(reading)]
    faults = []
    for reading in readings:
        passes = {*allowed, DIVERGED} if reading.cell.row in expected else allowed
        if not reading.faults.issubset(passes):
            about = [_place(name, reading), _said(reading, store)]
            faults.append(": ".join(about))
    return Verdict(
        tuple(faults), f"{name}: {len(readings) - len(faults)} of {len(readings)} values are there"
    )


def _has_no_place(reading: Reading) -> bool:
    return reading.status == ABSENT and reading.cell.job is None


def _place(name: str, reading: Reading) -> str:
    cell = reading.cell
    seed = f"seed {cell.seed}" if cell.seed is not None else None
    return ", ".join(part for part in (name, cell.row, cell.column, cell.variant, seed) if part)


def _said(reading: Reading, store: Store) -> str:
    """The status with its reason, or the log of the job that it comes from."""
    if reading.reason:
        return f"{reading.status}, {reading.reason}"
    job = reading.cell.job
    found = _source(reading.status, job, store) if job else None
    return f"{reading.status}, see {found.folder / LOG}" if found else reading.status


def _source(status: str, job: Job, store: Store) -> Job | None:
    """The first job on the way that diverged, or that other source made."""
    for each in job.chain():
        result = store.result(each)
        if status.startswith(DIVERGED) and result and result.status == DIVERGED:
            return each
        if status == STALE and store.state(each) == STALE:
            return each
    return None


def check_reported(matrix: Matrix, names: Collection[str], store: Store) -> list[Verdict]:
    """Our numbers against the authors', with tolerances; a `UserError` where they cannot be compared.

    What the audit finds wrong is skipped, by the facts that are computed so far.
    """
    project = matrix.project
    without = [f"{name}: no reported numbers" for name in names if name not in project.reported]
    if without:
        raise UserError(without)
    expect_one_scale(project)
    found = {
        name: [
            each
            for cells in comparisons(
                project.tables[name],
                project.reported[name],
                summarise(read_cells(matrix, name, store)),
                contradicted=notes(matrix, name, is_partial=True),
            ).values()
            for each in cells
        ]
        for name in names
    }
    intolerant = Counter(
        name for name, all_ in found.items() for each in all_ if not each.skipped and each.tolerance is None
    )
    if intolerant:
        raise UserError(
            f"{project.config.tables}: tables.{name}: {count} of its reported numbers have no tolerance;"
            " state one for the table, a column or a cell"
            for name, count in intolerant.items()
        )
    return [_judge(name, project.tables[name], all_) for name, all_ in found.items()]


def _judge(name: str, table: Table, found: list[Comparison]) -> Verdict:
    skipped = Counter(each.skipped for each in found if each.skipped)
    compared = [each for each in found if not each.skipped]
    faults = tuple(_faults(name, table, compared))
    reasons = f" ({', '.join(f'{count} {reason}' for reason, count in skipped.items())})" if skipped else ""
    return Verdict(
        faults,
        f"{name}: {len(compared) - len(faults)} of {len(compared)} numbers are within tolerance;"
        f" {skipped.total()} skipped{reasons}",
    )


def _faults(name: str, table: Table, compared: list[Comparison]) -> Iterator[str]:
    formats = {column.label: column.format or table.format for column in table.columns}
    for each in compared:
        place = ", ".join(part for part in (name, each.row, each.column, each.variant) if part)
        number_format = formats[each.column]
        if each.ours is None:
            yield f"{place}: ours is {each.status}, reported {number(each.reported, number_format)}"
        elif each.is_outside:
            yield (
                f"{place}: ours {number(each.ours, number_format)},"
                f" reported {number(each.reported, number_format)},"
                f" difference {difference(each.difference, number_format)}, tolerance {each.tolerance:g}"
            )
