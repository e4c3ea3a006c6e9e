"""Writes the paper's figures from the CSV files that lie beside jobs' results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jobkit.errors import UserError
from jobkit.files import whole_files
from papermatrix.matrix.expand import Matrix
from papermatrix.render.curves import curves_of, figure_of, jobs_of_figure, with_plain_texts
from papermatrix.results.status import UNFINISHED
from papermatrix.results.store import Store

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SUFFIXES = (".pdf", ".png")
DPI = 200


def draw(matrix: Matrix, name: str, out: Path, *, is_partial: bool = False) -> list[Path]:
    """Write one figure to a folder as PDF and PNG; a `UserError` for missing results, unless partial."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    import seaborn as sns

    from papermatrix.render.drawing import STYLE, draw_jobs, draw_rows

    figure, store = figure_of(matrix, name), Store(matrix)
    if not is_partial:
        _expect_results(matrix, name, store)
    figure = with_plain_texts(figure)
    curves = curves_of(matrix, figure, store)
    if not is_partial and curves and all(curve.frame is None for curve in curves):
        raise UserError(f"{name}: none of its {len(jobs_of_figure(matrix, name))} jobs has a {figure.file}")
    with mpl.rc_context():
        mpl.use("agg")
        sns.set_theme(context="paper", style="whitegrid", rc=STYLE)
        drawing = (draw_rows if figure.kind == "rows" else draw_jobs)(figure, curves)
        try:
            paths = [out / f"{name}{suffix}" for suffix in SUFFIXES]
            with whole_files(paths) as temporary:
                for path in temporary:
                    _save(drawing, path)
            return paths
        finally:
            plt.close(drawing)


def _save(drawing: Drawing, path: Path) -> None:
    """Write a file; the same curves are the same bytes: no dates, no versions."""
    no_dates = {"CreationDate": None} if path.suffix == ".pdf" else {"Software": None}
    drawing.savefig(path, dpi=DPI, metadata=no_dates)


def _expect_results(matrix: Matrix, name: str, store: Store) -> None:
    missing = [
        f"{name}: {job.stage} {job.id} is {status}"
        for job in jobs_of_figure(matrix, name).values()
        if (status := store.status(job)) in UNFINISHED
    ]
    if missing:
        raise UserError(missing)
