"""Draws the paper's figures from the CSV files that lie beside jobs' results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobkit.errors import UserError, did_you_mean
from jobkit.files import whole_file
from jobkit.provenance import source_digest
from papermatrix.aggregate import STALE, UNFINISHED, diverged
from papermatrix.csvfile import read_numbers
from papermatrix.escape import one_line
from papermatrix.expand import Cell, Job, Matrix
from papermatrix.metric import LARGEST
from papermatrix.paperfile import Axis, Figure
from papermatrix.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

FORMS = ("pdf", "png")
WIDTH = 6.3
"""Inches: the text's width on A4."""
DPI = 200
MOST_IN_A_BLOCK = 6
"""Jobs below each other."""
EMPTY = "nothing recorded"
"""Stands where a panel has no curve."""
_COLOURS = ("#000000", "#d55e00", "#0072b2", "#56b4e9", "#e69f00", "#009e73")
"""Okabe and Ito's, in an order in which neighbours differ in grey too."""
_LINES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)), (0, (7, 1, 1, 1, 1, 1)))
_WIDTHS = (2.4, 2.0, 1.7, 1.4)
"""Of the first lines and of all after them: lines that coincide stay visible below each other."""
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 8,
    "axes.linewidth": 0.6,
    "grid.linewidth": 0.4,
    "pdf.fonttype": 42,
}


@dataclass(frozen=True)
class Curve:
    """One job's numbers and what to call them; no frame where the job wrote none."""

    label: str
    frame: pd.DataFrame | None
    diverged: str
    """`diverged (epoch 4)`, or nothing."""
    is_stale: bool = False


def figure_of(matrix: Matrix, name: str) -> Figure:
    """A figure's declaration; a `UserError` where there is none, or no such table."""
    figures = matrix.project.paper.figures
    if name not in figures:
        raise UserError(f"{name}: no such figure{did_you_mean(name, list(figures))}")
    figure = figures[name]
    if figure.table not in matrix.cells:
        raise UserError(
            f"{name}: its table {figure.table} is not there{did_you_mean(figure.table, list(matrix.cells))}"
        )
    return figure


def jobs_of_figure(matrix: Matrix, name: str) -> dict[str, Job]:
    """The jobs whose curves a figure shows, by id, in the order of the table's rows."""
    figure = figure_of(matrix, name)
    return {job.id: job for _, job in _shown(matrix, figure)}


def drawn_from(matrix: Matrix, name: str, store: Store) -> dict[str, Any]:
    """All that a figure depends on besides its jobs' results."""
    figure = figure_of(matrix, name)
    return {
        "figure": figure.model_dump(mode="json"),
        "curves": [[cell.row, cell.column, cell.variant, job.id] for cell, job in _shown(matrix, figure)],
        "stale": [job.id for job in jobs_of_figure(matrix, name).values() if store.is_stale(job)],
        "drawn_by": source_digest("papermatrix.figures"),
    }


def draw(matrix: Matrix, name: str, out: Path, *, is_partial: bool = False) -> list[Path]:
    """Write one figure to a folder as PDF and PNG; a `UserError` for missing results, unless partial."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    import seaborn as sns

    figure, store = figure_of(matrix, name), Store(matrix)
    if not is_partial:
        _expect_results(matrix, name, store)
    figure = _in_plain_words(figure)
    curves = _curves(matrix, figure, store)
    if not is_partial and curves and all(curve.frame is None for curve in curves):
        raise UserError(f"{name}: none of its {len(jobs_of_figure(matrix, name))} jobs has a {figure.file}")
    with mpl.rc_context():
        mpl.use("agg")
        sns.set_theme(context="paper", style="whitegrid", rc=_STYLE)
        drawing = (_draw_rows if figure.kind == "rows" else _draw_jobs)(figure, curves)
        try:
            return [_save(drawing, out / f"{name}.{form}") for form in FORMS]
        finally:
            plt.close(drawing)


def _save(drawing: Drawing, path: Path) -> Path:
    """The same curves are the same bytes: no dates, no versions."""
    no_dates = {"CreationDate": None} if path.suffix == ".pdf" else {"Software": None}
    with whole_file(path) as temporary:
        drawing.savefig(temporary, dpi=DPI, metadata=no_dates)
    return path


def _shown(matrix: Matrix, figure: Figure) -> Iterator[tuple[Cell, Job]]:
    """Cells with the job of the figure's stage that they stand on."""
    for cell in matrix.cells[figure.table]:
        if figure.kind == "rows" and (cell.column, cell.variant) != (figure.column, figure.variant):
            continue
        job = _job_of_stage(cell, figure.stage)
        if job is not None:
            yield cell, job


def _job_of_stage(cell: Cell, stage: str) -> Job | None:
    return next((job for job in cell.job.chain() if job.stage == stage), None) if cell.job else None


def _expect_results(matrix: Matrix, name: str, store: Store) -> None:
    missing = [
        f"{name}: {job.stage} {job.id} is {state}"
        for job in jobs_of_figure(matrix, name).values()
        if (state := store.state(job)) in UNFINISHED
    ]
    if missing:
        raise UserError(missing)


def _curves(matrix: Matrix, figure: Figure, store: Store) -> list[Curve]:
    """One for each row and seed; of a figure of jobs one for each job, called by the cells that use it."""
    shown = list(_shown(matrix, figure))
    if figure.kind == "rows":
        each = {(cell.row, job.id): job for cell, job in shown}
        return [_curve(row, job, figure, store) for (row, _), job in each.items()]
    cells: dict[str, list[Cell]] = {}
    jobs: dict[str, Job] = {}
    for cell, job in shown:
        cells.setdefault(job.id, []).append(cell)
        jobs[job.id] = job
    labels = _labels(list(cells.values()))
    return [_curve(label, job, figure, store) for job, label in zip(jobs.values(), labels, strict=True)]


def _labels(jobs: list[list[Cell]]) -> list[str]:
    """What to call each job: its rows, and where that is not enough its columns, variants and seeds too."""
    labels: list[str] = []
    for depth in range(1, 5):
        labels = [
            ", ".join(_listed([names[level] for names in map(_names, cells)]) for level in range(depth))
            for cells in jobs
        ]
        if len(set(labels)) == len(labels):
            break
    return labels


def _names(cell: Cell) -> tuple[str, ...]:
    return cell.row, cell.column, cell.variant or "", f"seed {cell.seed}"


def _listed(labels: Sequence[str]) -> str:
    each = list(dict.fromkeys(labels))
    return " & ".join(each) if len(each) < 4 else f"{each[0]}, {each[1]} and {len(each) - 2} more"


def _curve(label: str, job: Job, figure: Figure, store: Store) -> Curve:
    path, result = job.folder / figure.file, store.result(job)
    frame = read_numbers(path) if path.exists() else None
    if frame is not None and figure.x.column not in frame:
        raise UserError(
            f"{path}: no column {figure.x.column}{did_you_mean(figure.x.column, list(map(str, frame)))}"
        )
    word = diverged(result) if result and result.status == "diverged" else ""
    return Curve(_text(label), frame, word, is_stale=store.state(job) == STALE)


def _text(label: str) -> str:
    """As it is written, in one line: between dollar signs matplotlib would look for a formula."""
    return one_line(label).replace("$", r"\$")


def _in_plain_words(figure: Figure) -> Figure:
    axes = [axis.model_copy(update={"label": _text(axis.label)}) for axis in (figure.x, *figure.panels)]
    return figure.model_copy(update={"title": _text(figure.title), "x": axes[0], "panels": tuple(axes[1:])})


def _draw_rows(figure: Figure, curves: list[Curve]) -> Drawing:
    """A panel for each quantity, two beside each other; a line for each row and seed, in its row's style."""
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    labels = list(dict.fromkeys(curve.label for curve in curves))
    columns = min(len(figure.panels), 2)
    lines = -(-len(figure.panels) // columns)
    drawing, axes = plt.subplots(
        lines, columns, figsize=(WIDTH, 2.1 * lines + 0.7), squeeze=False, layout="constrained"
    )
    styles = {label: _style(index) for index, label in enumerate(labels)}
    for panel, ax in zip(figure.panels, axes.flat, strict=False):
        is_empty = True
        for curve in curves:
            is_empty &= not _line(ax, panel, figure, curve, styles[curve.label])
        _dress(ax, panel, figure)
        if is_empty:
            _say(ax, EMPTY)
    for ax in list(axes.flat)[len(figure.panels) :]:
        ax.remove()
    stale = {curve.label for curve in curves if curve.is_stale}
    handles = [
        Line2D([], [], **style, label=f"{label} (stale)" if label in stale else label)
        for label, style in styles.items()
    ]
    drawing.suptitle(figure.title, fontsize=9)
    drawing.legend(handles=handles, loc="outside lower center", ncols=min(len(labels), 4), frameon=False)
    return drawing


def _style(index: int) -> dict[str, Any]:
    return {
        "color": _COLOURS[index % len(_COLOURS)],
        "linestyle": _LINES[index % len(_LINES)],
        "linewidth": _WIDTHS[min(index, len(_WIDTHS) - 1)],
    }


def _draw_jobs(figure: Figure, curves: list[Curve]) -> Drawing:
    """Panels of its own for each job, the same quantity on the same axis; many jobs stand in two blocks."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    drawn = [curve for curve in curves if curve.frame is not None]
    without = [curve.label for curve in curves if curve.frame is None]
    blocks = 2 if len(drawn) > MOST_IN_A_BLOCK else 1
    lines = max(-(-len(drawn) // blocks), 1)
    drawing = plt.figure(figsize=(WIDTH, 1.1 * lines + 0.6), layout="constrained")
    parts = drawing.subfigures(lines, blocks, squeeze=False)
    panels: list[list[Axes]] = [[] for _ in figure.panels]
    # Down the first block, then down the second.
    for index, curve in enumerate(drawn):
        part = parts[index % lines][index // lines]
        axes = part.subplots(1, len(figure.panels), squeeze=False)[0]
        part.suptitle(
            ", ".join(filter(None, [curve.label, curve.diverged])) + (" (stale)" if curve.is_stale else ""),
            x=0.01,
            ha="left",
            fontsize=7,
            weight="bold",
        )
        is_last = index % lines == lines - 1 or index == len(drawn) - 1
        for panel, ax, column in zip(figure.panels, axes, panels, strict=True):
            if not _line(ax, panel, figure, curve, {"color": "black", "linewidth": 1.2}):
                _say(ax, EMPTY)
                ax.set_axis_off()
            else:
                column.append(ax)
            _dress(ax, panel, figure)
            ax.yaxis.set_major_locator(MaxNLocator(4))
            ax.tick_params(labelsize=6, labelbottom=is_last)
            ax.set_xlabel(figure.x.label if is_last else "", fontsize=6.5)
            ax.set_ylabel("")
            if index % lines == 0:
                ax.set_title(panel.label, fontsize=7)
    for column in panels:
        _share(column)
    if not drawn:
        drawing.text(0.5, 0.5, EMPTY, ha="center", color="0.4")
    drawing.suptitle(figure.title, fontsize=9)
    if without:
        drawing.supxlabel(f"Without curves: {', '.join(without)}", fontsize=7)
    return drawing


def _share(axes: list[Axes]) -> None:
    """One range for all."""
    for get, assign in (("get_xlim", "set_xlim"), ("get_ylim", "set_ylim")):
        limits = [getattr(ax, get)() for ax in axes]
        for ax in axes:
            getattr(ax, assign)(min(low for low, _ in limits), max(high for _, high in limits))


def _line(ax: Axes, panel: Axis, figure: Figure, curve: Curve, style: dict[str, Any]) -> bool:
    """Draw one curve, smooth over raw; False where the job recorded no such quantity."""
    if curve.frame is None or panel.column not in curve.frame:
        return False
    x, y = curve.frame[figure.x.column], curve.frame[panel.column]
    can_be_drawn = _on_axis(x, figure.x) & _on_axis(y, panel)
    x, y = x[can_be_drawn], y[can_be_drawn]
    if x.empty:
        return False
    if figure.smooth > 1:
        ax.plot(x, y, color=style["color"], linewidth=0.5, alpha=0.25)
        y = y.rolling(figure.smooth, center=True, min_periods=1).mean()
    ax.plot(x, y, **style, marker="o" if len(x) == 1 else None, markersize=3)
    if len(x) == 1 and figure.x.scale == "linear":
        ax.set_xlim(x.iloc[0] - 1, x.iloc[0] + 1)
    if curve.diverged:
        ax.plot(x.iloc[-1], y.iloc[-1], marker="x", color=style["color"], markersize=6, markeredgewidth=1.5)
        if figure.kind == "rows":
            ax.annotate(
                curve.diverged, (x.iloc[-1], y.iloc[-1]), (-4, 5), textcoords="offset points", ha="right"
            )
    return True


def _on_axis(values: pd.Series[float], axis: Axis) -> pd.Series[bool]:
    """Which of the values have a place there: not those that are infinite, or that are gigantic."""
    has_place = values.abs() < LARGEST
    return has_place & (values > 0) if axis.scale == "log" else has_place


def _dress(ax: Axes, panel: Axis, figure: Figure) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.set_xscale(figure.x.scale)
    ax.set_yscale(panel.scale)
    ax.set_xlabel(figure.x.label)
    ax.set_ylabel(panel.label)
    ax.margins(x=0.03)
    if figure.x.scale == "linear":
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _say(ax: Axes, words: str) -> None:
    ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center", color="0.4")
