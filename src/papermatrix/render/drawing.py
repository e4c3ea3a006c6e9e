"""Draws curves: a line for each row, or panels for each job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from papermatrix.config.metric import LARGEST
from papermatrix.config.paper import Axis, Figure
from papermatrix.render.curves import Curve

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing
    from matplotlib.figure import SubFigure

WIDTH = 6.3
"""Inches: the text's width on A4."""
MOST_IN_A_BLOCK = 6
"""Jobs under each other."""
EMPTY = "nothing recorded"
"""Stands where a panel has no curve."""
_COLOURS = ("#000000", "#d55e00", "#0072b2", "#56b4e9", "#e69f00", "#009e73")
"""Okabe and Ito's, in an order in which neighbours differ in grey too."""
_LINES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)), (0, (7, 1, 1, 1, 1, 1)))
_WIDTHS = (2.4, 2.0, 1.7, 1.4)
"""Of the first lines and of all after them: lines that coincide stay visible."""
STYLE = {
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


def draw_rows(figure: Figure, curves: list[Curve]) -> Drawing:
    """Draw a panel for each quantity, two beside each other; a line for each row and seed."""
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
        _label_axes(ax, panel, figure)
        if is_empty:
            _write(ax, EMPTY)
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


def draw_jobs(figure: Figure, curves: list[Curve]) -> Drawing:
    """Draw panels for each job, the same quantity on the same axis; many jobs stand in two blocks."""
    import matplotlib.pyplot as plt

    drawn = [curve for curve in curves if curve.frame is not None]
    blocks = 2 if len(drawn) > MOST_IN_A_BLOCK else 1
    lines = max(-(-len(drawn) // blocks), 1)
    drawing = plt.figure(figsize=(WIDTH, 1.1 * lines + 0.6), layout="constrained")
    parts = drawing.subfigures(lines, blocks, squeeze=False)
    panels: list[list[Axes]] = [[] for _ in figure.panels]
    # Down the first block, then down the second.
    for index, curve in enumerate(drawn):
        line, block = index % lines, index // lines
        is_last = line == lines - 1 or index == len(drawn) - 1
        axes = _draw_job(figure, curve, parts[line][block], is_first=line == 0, is_last=is_last)
        for panel, ax in zip(panels, axes, strict=True):
            if ax is not None:
                panel.append(ax)
    for panel in panels:
        _share(panel)
    if not drawn:
        drawing.text(0.5, 0.5, EMPTY, ha="center", color="0.4")
    drawing.suptitle(figure.title, fontsize=9)
    if without := [curve.label for curve in curves if curve.frame is None]:
        drawing.supxlabel(f"Without curves: {', '.join(without)}", fontsize=7)
    return drawing


def _draw_job(
    figure: Figure, curve: Curve, part: SubFigure, *, is_first: bool, is_last: bool
) -> list[Axes | None]:
    """Draw one job's panels beside each other; None stands for a panel without a curve."""
    from matplotlib.ticker import MaxNLocator

    title = ", ".join(filter(None, [curve.label, curve.divergence])) + (" (stale)" if curve.is_stale else "")
    axes = part.subplots(1, len(figure.panels), squeeze=False)[0]
    part.suptitle(title, x=0.01, ha="left", fontsize=7, weight="bold")
    with_curve: list[Axes | None] = []
    for panel, ax in zip(figure.panels, axes, strict=True):
        has_curve = _line(ax, panel, figure, curve, {"color": "black", "linewidth": 1.2})
        if not has_curve:
            _write(ax, EMPTY)
            ax.set_axis_off()
        _label_axes(ax, panel, figure)
        ax.yaxis.set_major_locator(MaxNLocator(4))
        ax.tick_params(labelsize=6, labelbottom=is_last)
        ax.set_xlabel(figure.x.label if is_last else "", fontsize=6.5)
        ax.set_ylabel("")
        if is_first:
            ax.set_title(panel.label, fontsize=7)
        with_curve.append(ax if has_curve else None)
    return with_curve


def _share(axes: list[Axes]) -> None:
    """Give all axes one range."""
    for get, assign in (("get_xlim", "set_xlim"), ("get_ylim", "set_ylim")):
        limits = [getattr(ax, get)() for ax in axes]
        for ax in axes:
            getattr(ax, assign)(min(low for low, _ in limits), max(high for _, high in limits))


def _line(ax: Axes, panel: Axis, figure: Figure, curve: Curve, style: dict[str, Any]) -> bool:
    """Draw one curve, smooth over raw; False where the job recorded no such quantity."""
    if curve.frame is None or panel.column not in curve.frame:
        return False
    x, y = curve.frame[figure.x.column], curve.frame[panel.column]
    is_drawn = _on_axis(x, figure.x) & _on_axis(y, panel)
    x, y = x[is_drawn], y[is_drawn]
    if x.empty:
        return False
    if figure.smooth > 1:
        ax.plot(x, y, color=style["color"], linewidth=0.5, alpha=0.25)
        y = y.rolling(figure.smooth, center=True, min_periods=1).mean()
    ax.plot(x, y, **style, marker="o" if len(x) == 1 else None, markersize=3)
    if len(x) == 1 and figure.x.scale == "linear":
        ax.set_xlim(x.iloc[0] - 1, x.iloc[0] + 1)
    if curve.divergence:
        ax.plot(x.iloc[-1], y.iloc[-1], marker="x", color=style["color"], markersize=6, markeredgewidth=1.5)
        if figure.kind == "rows":
            ax.annotate(
                curve.divergence, (x.iloc[-1], y.iloc[-1]), (-4, 5), textcoords="offset points", ha="right"
            )
    return True


def _on_axis(values: pd.Series[float], axis: Axis) -> pd.Series[bool]:
    """Return which of the values an axis can show: none that are infinite or gigantic."""
    is_shown = values.abs() < LARGEST
    return is_shown & (values > 0) if axis.scale == "log" else is_shown


def _label_axes(ax: Axes, panel: Axis, figure: Figure) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.set_xscale(figure.x.scale)
    ax.set_yscale(panel.scale)
    ax.set_xlabel(figure.x.label)
    ax.set_ylabel(panel.label)
    ax.margins(x=0.03)
    if figure.x.scale == "linear":
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _write(ax: Axes, text: str) -> None:
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color="0.4")
