"""Text that comes from people, made harmless in each format."""

from __future__ import annotations

import re
import unicodedata

from jobkit.errors import one_line
from papermatrix.render.latex_symbols import latex_symbol

NOTHING = "\N{EN DASH}"
"""Absent, or off: a cell is never blank."""
CHECK = "\N{CHECK MARK}"

_LATEX = {
    **{char: f"\\{char}" for char in "{}$&#_%"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\fontencoding{T1}\selectfont\textquotedbl}",  # which OT1, the default, lacks
    "[": "{[}",  # which a line break or a rule before it would take for its own
    "*": "{*}",
    NOTHING: "--",
    CHECK: r"\checkmark{}",
    "±": r"$\pm$",
}


_BLOCK = re.compile(
    r"^(\d{0,9})((?<=\d)[.)](?=\s|$)|(?<!\d)(?:#{1,6}(?=\s|$)|[-+](?=\s|$)|>|[-=](?=[-= ]*$)))"
)
"""What makes a heading, a list, a quotation or a rule of a line that begins with it."""


def markdown(text: object) -> str:
    """Put a backslash before Markdown's own characters, and before an ampersand that begins an entity."""
    escaped = re.sub(r"([\\`*_{}\[\]<|~$]|(?<={)%)", r"\\\1", one_line(text))
    return re.sub(r"&(?=#?\w+;)", r"\\&", escaped)


def markdown_block(text: object) -> str:
    """Escape where a line begins: its first characters, too, are text alone."""
    return _BLOCK.sub(lambda start: f"{start[1]}\\{start[2]}", markdown(text))


def latex(text: object) -> str:
    """Write LaTeX's own characters as commands, letters with accents, other symbols as LaTeX has them."""
    composed = unicodedata.normalize("NFC", one_line(text))
    return "".join(_LATEX[char] if char in _LATEX else latex_symbol(char) for char in composed)
