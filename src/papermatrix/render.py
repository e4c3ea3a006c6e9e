"""Writes a table as Markdown, LaTeX, HTML and tidy CSV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from tabulate import tabulate

from jobkit.digest import canonical_json
from jobkit.errors import UserError
from jobkit.files import write_text
from jobkit.result import RESULT
from papermatrix.aggregate import UNFINISHED, summarise, tidy
from papermatrix.escape import latex, markdown, one_line
from papermatrix.expand import Job, Matrix
from papermatrix.page import NO_NOTES, Grid, make_page
from papermatrix.store import LOG, Store


def render(
    matrix: Matrix,
    name: str,
    out: Path,
    *,
    is_partial: bool = False,
    notes: Mapping[tuple[str, str], tuple[str, ...]] = NO_NOTES,
) -> list[Path]:
    """Write one table to a folder, in every form; a `UserError` where results are missing, unless partial.

    `notes` are footnotes to the authors' numbers, by the labels of row and column.
    """
    store = Store(matrix)
    if not is_partial:
        _expect_results(matrix, name, store)
    frame = tidy(matrix, name, store)
    page = make_page(matrix, name, summarise(frame), store, notes)
    texts = {
        form: environment.get_template(f"table.{form}.j2").render(page=page)
        for form, environment in _ENVIRONMENTS.items()
    }
    paths = []
    for form, text in {**texts, "csv": _csv(frame)}.items():
        paths.append(out / f"{name}.{form}")
        write_text(paths[-1], text)
    return paths


def _expect_results(matrix: Matrix, name: str, store: Store) -> None:
    jobs = {cell.job.id: cell.job for cell in matrix.cells[name] if cell.job}
    states = {job: store.state(jobs[job]) for job in jobs}
    missing = Counter(state for state in states.values() if state in UNFINISHED)
    if not missing:
        return
    counts = ", ".join(f"{count} {state}" for state, count in missing.items())
    failed = [job for job in matrix.jobs_of(name) if store.state(job) == "failed"]
    raise UserError(
        [
            f"{name}: {missing.total()} of its {len(jobs)} results are missing ({counts})",
            *(f"{name}: {job.stage} {job.id} failed, {_hint(job)}" for job in failed),
        ]
    )


def _hint(job: Job) -> str:
    broken = job.folder / RESULT
    return f"remove {broken}, which is broken" if broken.exists() else f"see {job.folder / LOG}"


def _csv(frame: pd.DataFrame) -> str:
    values = pd.Series([_plain(value) for value in frame["value"]], index=frame.index, dtype=object)
    return str(frame.assign(value=values).to_csv(index=False, lineterminator="\n"))


def _plain(value: Any) -> str | None:
    """Text as it is, anything else as JSON."""
    return value if value is None or isinstance(value, str) else canonical_json(value)


def _markdown_grid(grid: Grid) -> Markup:
    rows = [[markdown(label), *map(markdown, words)] for label, words in grid.rows]
    heads = ["", *map(markdown, grid.columns)]
    return Markup(tabulate(rows, heads, tablefmt="github", disable_numparse=True))


def _environment(escape: Callable[[object], str], **syntax: Any) -> Environment:
    """Escapes whatever a template puts in, but what a filter made in this form already."""
    return Environment(
        loader=PackageLoader("papermatrix"),
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else escape(value),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **syntax,
    )


_ENVIRONMENTS = {
    "md": _environment(markdown),
    "tex": _environment(
        latex,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
    ),
    "html": _environment(one_line, autoescape=True),
}
_ENVIRONMENTS["md"].filters["grid"] = _markdown_grid
_ENVIRONMENTS["tex"].filters["name"] = Markup  # a table's name has no character that LaTeX would misread
