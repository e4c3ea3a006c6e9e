"""Text that comes from people, made harmless in each form that is rendered."""

from __future__ import annotations

import re

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
    '"': r"\textquotedbl{}",
    "[": "{[}",  # which a line break or a rule before it would take for its own
    "*": "{*}",
    NOTHING: "--",
    CHECK: r"\checkmark{}",
    "±": r"$\pm$",
}


def one_line(text: object) -> str:
    """Without line breaks and control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())


def markdown(text: object) -> str:
    """Markdown's own characters with a backslash before them, and an ampersand that begins an entity."""
    escaped = re.sub(r"([\\`*_{}\[\]<|~$]|(?<={)%)", r"\\\1", one_line(text))
    return re.sub(r"&(?=#?\w+;)", r"\\&", escaped)


def latex(text: object) -> str:
    return "".join(_LATEX.get(char, char) for char in one_line(text))
