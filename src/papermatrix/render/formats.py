"""The formats of a table: a Jinja template each, with what puts a grid into that format."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from traceback import extract_tb
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined, TemplateError
from markupsafe import Markup
from tabulate import tabulate

from jobkit.errors import UserError, one_line
from papermatrix.render.escape import latex, markdown, markdown_block
from papermatrix.render.layout import CellText, Grid, HeaderCell, LayoutCell
from papermatrix.render.table_page import TablePage
from papermatrix.render.text import SLASH

OWN_TEMPLATES = Path("config/templates")
"""A paper's own templates, in place of ours of the same name."""

Escape = Callable[[object], str]

PAGE_WIDTH = 80
"""Characters; in LaTeX, a wider table has its variants and headers in lines of their own."""
HEADER_WIDTH = 12
"""Characters in a line of such a header."""


def write_formats(page: TablePage) -> dict[str, str]:
    """Return the page's text by format; a `UserError` names what is wrong in a paper's own template."""
    texts = {}
    for name, environment in _environments().items():
        template = f"table.{name}.j2"
        try:
            texts[name] = environment.get_template(template).render(page=page)
        except (TemplateError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
            if not any(OWN_TEMPLATES.glob("*.j2")):
                raise
            message = f"not UTF-8 ({error.reason})" if isinstance(error, UnicodeDecodeError) else str(error)
            raise UserError(f"{_position(error, template)}: {message}") from None
    return texts


def _position(error: Exception, template: str) -> str:
    """Return the template and line that an error rose in: Jinja puts templates into the traceback."""
    if isinstance(error, TemplateError) and getattr(error, "lineno", None):
        return f"{OWN_TEMPLATES / (getattr(error, 'name', None) or template)}:{getattr(error, 'lineno', 0)}"
    frames = [frame for frame in extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else str(OWN_TEMPLATES / template)


def _environments() -> dict[str, Environment]:
    tex = _environment(
        latex,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
    )
    tex.filters |= {
        "name": Markup,  # labels and files' names have no character that LaTeX would misread
        "cell": _latex_cell,
        "stacked": _latex_stacked,
        "is_wide": _is_wide,
        "breakable": lambda text: Markup(latex(text).replace("/", r"/\allowbreak{}")),
        "rules": _rules,
    }
    md = _environment(markdown_block)
    md.filters |= {"grid": _markdown_grid}
    html = _environment(one_line, autoescape=True)
    html.filters |= {
        "cell": _filled(
            lambda text: str(Markup.escape(one_line(text))),
            "<b>{}</b>",
            "<sup>{}</sup>",
            about='<span title="{}">{}</span>',
        )
    }
    return {"md": md, "tex": tex, "html": html}


def _environment(escape: Escape, **syntax: Any) -> Environment:
    """Escape whatever a template inserts, but not what a filter has written in this format already."""
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(OWN_TEMPLATES), PackageLoader("papermatrix.render")]),
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else escape(value),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **syntax,
    )


def _filled(
    escape: Escape, bold: str, mark: str, separator: str = SLASH, about: str = ""
) -> Callable[[LayoutCell], Markup]:
    """Return what writes a cell in one format: how that has bold text, footnotes, and what is said of it."""

    def value_text(value: CellText) -> str:
        text = bold.format(escape(value.text)) if value.is_bold else escape(value.text)
        return about.format(escape(value.about), text) if about and value.about else text

    def write(cell: LayoutCell) -> Markup:
        values = [value_text(value) for value in cell.values]
        remark = [escape(cell.remark)] if cell.remark else []
        marks = mark.format(",".join(cell.marks)) if cell.marks else ""
        return Markup(" ".join([separator.join(values), *remark]) + marks)

    return write


def _latex_text(text: object) -> str:
    """Escape a text; a number has a minus sign in place of its hyphen."""
    return re.sub(r"^-(?=\d)", "$-$", latex(text))


_LATEX_MARKS = r"\textbf{{{}}}", r"\textsuperscript{{{}}}"
_latex_cell = _filled(_latex_text, *_LATEX_MARKS)
_latex_lines = _filled(_latex_text, *_LATEX_MARKS, separator=r" \\ ")


def _latex_stacked(cell: LayoutCell, alignment: str) -> Markup:
    """Write a cell in several lines, with its first or its last (`t`, `b`) beside the cells next to it."""
    values = cell.values
    if alignment == "b":
        values = tuple(CellText(line) for v in values for line in textwrap.wrap(v.text, HEADER_WIDTH))
    if len(values) < 2:
        return _latex_cell(cell)
    lines = _latex_lines(LayoutCell(values, cell.remark, cell.marks))
    return Markup(rf"\begin{{tabular}}[{alignment}]{{@{{}}c@{{}}}}{lines}\end{{tabular}}")


def _is_wide(grid: Grid) -> bool:
    rows = [(row.label, *row.cells) for group in grid.groups for row in group.rows]
    rows.append((LayoutCell(()), *(head.cell for head in grid.header[-1])))
    columns = range(grid.width + 1)
    return sum(max(_length(row[column]) for row in rows) for column in columns) > PAGE_WIDTH


def _length(cell: LayoutCell) -> int:
    return len(SLASH.join(value.text for value in cell.values)) + len(cell.remark) + 2


def _markdown_cell(cell: LayoutCell) -> str:
    marks = "".join(f" ({mark})" for mark in cell.marks)
    return _filled(markdown, "**{}**", "")(LayoutCell(cell.values, cell.remark)) + marks


def _markdown_grid(grid: Grid) -> Markup:
    """Write a grid; a group is named before its columns, and in a line before its rows."""
    lines: list[list[str]] = []
    for group in grid.groups:
        if group.name:
            lines.append([f"*{markdown(group.name)}*", *[""] * grid.width])
        lines += [[_markdown_cell(row.label), *map(_markdown_cell, row.cells)] for row in group.rows]
    return Markup(tabulate(lines, ["", *_markdown_header(grid)], tablefmt="github", disable_numparse=True))


def _markdown_header(grid: Grid) -> list[str]:
    """Write all levels over each column in one line."""
    levels = [[head for head in level for _ in range(head.span)] for level in grid.header]
    columns = zip(*levels, strict=True)
    return [": ".join(_markdown_cell(head.cell) for head in over if not head.is_empty) for over in columns]


def _rules(level: tuple[HeaderCell, ...]) -> Markup:
    """Write the lines under header cells that span several columns."""
    rules, start = [], 2
    for head in level:
        if head.span > 1 and not head.is_empty:
            rules.append(rf"\cmidrule(lr){{{start}-{start + head.span - 1}}}")
        start += head.span
    return Markup("".join(rules))
