"""The forms of a table: a Jinja template each, with what puts a grid into that form."""

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

from jobkit.errors import UserError
from papermatrix.escape import latex, markdown, markdown_block, one_line
from papermatrix.grid import Entry, Grid, Head, Word
from papermatrix.page import Page
from papermatrix.rendered_from import OWN_TEMPLATES

Escape = Callable[[object], str]

STROKE = " / "
LINE = 80
"""Characters across a page; in LaTeX, a wider table has its variants and heads in lines of their own."""
HEAD = 12
"""Characters in a line of such a head."""


def write_forms(page: Page) -> dict[str, str]:
    """The page's text by its file's ending; a `UserError` names what is wrong in a paper's own template."""
    texts = {}
    for form, environment in _environments().items():
        try:
            texts[form] = environment.get_template(f"table.{form}.j2").render(page=page)
        except TemplateError as error:
            own = OWN_TEMPLATES / (getattr(error, "name", None) or f"table.{form}.j2")
            line = getattr(error, "lineno", None)
            raise UserError(f"{own}{f':{line}' if line else ''}: {error.message or error!r}") from None
        except UnicodeDecodeError as error:
            raise UserError(f"{_not_text()}: not UTF-8 ({error.reason})") from None
        except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
            if not any(OWN_TEMPLATES.glob("*.j2")):
                raise
            own, line = _place_in_template(error, form)
            raise UserError(f"{own}{f':{line}' if line else ''}: {error}") from None
    return texts


def _not_text() -> Path:
    """The first of a paper's own templates that is not UTF-8."""
    for own in sorted(OWN_TEMPLATES.glob("*")):
        try:
            own.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return own
    return OWN_TEMPLATES


def _place_in_template(error: Exception, form: str) -> tuple[Path, int | None]:
    """The template and line that an error rose in: Jinja puts templates into the traceback."""
    frames = [frame for frame in extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    if not frames:
        return OWN_TEMPLATES / f"table.{form}.j2", None
    return Path(frames[-1].filename), frames[-1].lineno


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
        "cell": _filled(lambda text: str(Markup.escape(one_line(text))), "<b>{}</b>", "<sup>{}</sup>")
    }
    return {"md": md, "tex": tex, "html": html}


def _environment(escape: Escape, **syntax: Any) -> Environment:
    """Escapes whatever a template puts in, but what a filter made in this form already."""
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(OWN_TEMPLATES), PackageLoader("papermatrix")]),
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else escape(value),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **syntax,
    )


def _filled(escape: Escape, bold: str, mark: str, stroke: str = STROKE) -> Callable[[Entry], Markup]:
    """A cell in one form, by what makes text bold and a mark of it."""

    def cell(entry: Entry) -> Markup:
        words = [
            bold.format(escape(word.text)) if word.is_bold else escape(word.text) for word in entry.words
        ]
        remark = [escape(entry.remark)] if entry.remark else []
        marks = mark.format(",".join(entry.marks)) if entry.marks else ""
        return Markup(" ".join([stroke.join(words), *remark]) + marks)

    return cell


def _latex_word(text: object) -> str:
    """With a minus sign where a number has one."""
    return re.sub(r"^-(?=\d)", "$-$", latex(text))


_LATEX_MARKS = r"\textbf{{{}}}", r"\textsuperscript{{{}}}"
_latex_cell = _filled(_latex_word, *_LATEX_MARKS)
_latex_lines = _filled(_latex_word, *_LATEX_MARKS, stroke=r" \\ ")


def _latex_stacked(entry: Entry, position: str) -> Markup:
    """A cell or head in several lines, with its first or its last (`t`, `b`) beside the cells next to it."""
    words = entry.words
    if position == "b":
        words = tuple(Word(line) for word in words for line in textwrap.wrap(word.text, HEAD))
    if len(words) < 2:
        return _latex_cell(entry)
    lines = _latex_lines(Entry(words, entry.remark, entry.marks))
    return Markup(rf"\begin{{tabular}}[{position}]{{@{{}}c@{{}}}}{lines}\end{{tabular}}")


def _is_wide(grid: Grid) -> bool:
    lines = [line for block in grid.blocks for line in block.lines]
    rows = [(line.label, *line.entries) for line in lines]
    rows.append((Entry(()), *(head.entry for head in grid.heads[-1])))
    return sum(max(_length(row[place]) for row in rows) for place in range(grid.width + 1)) > LINE


def _length(entry: Entry) -> int:
    return len(STROKE.join(word.text for word in entry.words)) + len(entry.remark) + 2


def _markdown_cell(entry: Entry) -> str:
    marks = "".join(f" ({mark})" for mark in entry.marks)
    return _filled(markdown, "**{}**", "")(Entry(entry.words, entry.remark)) + marks


def _markdown_grid(grid: Grid) -> Markup:
    """Markdown has one line of heads: a group is named before its columns, and before its rows in a line."""
    rows: list[list[str]] = []
    for block in grid.blocks:
        if block.group:
            rows.append([f"*{markdown(block.group)}*", *[""] * grid.width])
        rows += [[_markdown_cell(line.label), *map(_markdown_cell, line.entries)] for line in block.lines]
    heads = ["", *(_markdown_head(grid, place) for place in range(grid.width))]
    return Markup(tabulate(rows, heads, tablefmt="github", disable_numparse=True))


def _markdown_head(grid: Grid, place: int) -> str:
    over = [head.entry for level in grid.heads if not (head := _head_at(level, place)).is_empty]
    return ": ".join(map(_markdown_cell, over))


def _head_at(level: tuple[Head, ...], place: int) -> Head:
    for head in level:
        if place < head.span:
            return head
        place -= head.span
    raise IndexError(place)


def _rules(level: tuple[Head, ...]) -> Markup:
    """The lines under heads that span several columns."""
    rules, start = [], 2
    for head in level:
        if head.span > 1 and not head.is_empty:
            rules.append(rf"\cmidrule(lr){{{start}-{start + head.span - 1}}}")
        start += head.span
    return Markup("".join(rules))
