"""What is wrong with a text that is not YAML, in words and with the place that a person should look at."""

from __future__ import annotations

import re
from typing import Any

import yaml

from jobkit.errors import Diagnostic

WIDTH = 90
"""Characters that an excerpt shows of a line."""
MISFIT = "an indentation that fits nothing above"
QUOTE = "{} cannot begin a value; put the text in quotes"
NO_SPACE = "expected a space after the colon"
MISPLACED = {
    "did not find expected key": "a key",
    "did not find expected '-' indicator": "-",
    "did not find expected <document start>": "a key",
    "did not find expected node content": "a value",
}
"""What the parser expected, by what it says."""
WITHOUT_SPACE = re.compile(r"\s*(- +)*[^\s:'\"#][^:]*:(?=[^ \t:])")
"""The beginning of a line up to a colon that no space follows."""

Place = tuple[int, int]
"""Line and column, from 0."""


class YamlText:
    """A text and its lines, as YAML counts them; `path` is how the user knows it."""

    def __init__(self, text: str, path: str):
        self.path = path
        self._lines = [*re.split(r"\r\n|[\r\n\x85\u2028\u2029]", text.removeprefix("\ufeff")), ""]

    def line(self, number: int) -> str:
        return self._lines[min(number, len(self._lines) - 1)]

    def char(self, place: Place) -> str:
        """Return the character at a place; nothing at the end of a line."""
        line, column = place
        return self.line(line)[column : column + 1]

    def diagnostic(self, message: str, place: Place, key: str = "") -> Diagnostic:
        """Return what is wrong at a place, with its line and a caret under it."""
        return Diagnostic(message, self.path, place[0] + 1, key, self._excerpt(*place))

    def indent(self, number: int) -> int:
        line = self.line(number)
        return len(line) - len(line.lstrip(" "))

    def above(self, number: int) -> int:
        """Return the nearest line above that is not empty and no comment; the line itself if none is."""
        others = (
            n for n in range(number - 1, -1, -1) if self.line(n).strip() and self.line(n).lstrip()[0] != "#"
        )
        return next(others, number)

    def conflict(self) -> int | None:
        """Return the first line that git left where it could not merge."""
        marks = (n for n, line in enumerate(self._lines) if re.match(r"(<{7}|>{7}) ", line))
        return next(marks, None)

    def _excerpt(self, number: int, column: int) -> tuple[str, ...]:
        line, start = self.line(number), max(0, column - WIDTH * 2 // 3)
        shown = "".join(char if char.isprintable() else " " for char in line[start : start + WIDTH])
        return (f"  | {shown}", f"  | {' ' * (column - start)}^") if shown.strip() else ()


def explain(error: yaml.MarkedYAMLError, text: YamlText) -> Diagnostic:
    """Return what a person did, by what the parser found, and where."""
    problem = error.problem or error.context or ""
    found = _place(error.problem_mark) or _place(error.context_mark) or (0, 0)
    began = _place(error.context_mark) or found
    if (line := text.conflict()) is not None:
        return text.diagnostic("a conflict that git left here; expected one of both versions", (line, 0))
    message, place = _slip(problem, found, began, text)
    return text.diagnostic(message, place)


def _slip(problem: str, found: Place, began: Place, text: YamlText) -> tuple[str, Place]:
    char, opened = text.char(found), text.char(began)
    at_found: dict[str, str] = {
        "found character that cannot start any token": (
            "a tab; indent with spaces" if char == "\t" else QUOTE.format(char)
        ),
        "block sequence entries are not allowed in this context": "a list begins on a line of its own",
        "mapping keys are not allowed in this context": QUOTE.format(char),
        "found unknown escape character": "an unknown escape; in single quotes a backslash is one",
        "did not find expected comment or line break": f"text after {opened}; it begins on the next line",
    }
    at_began: dict[str, str] = {
        "found unexpected end of stream": "a quote that is not closed",
        "did not find expected alphabetic or numeric character": QUOTE.format(opened),
    }
    if problem in at_found:
        return at_found[problem], found
    if problem in at_began:
        return at_began[problem], began
    if problem == "mapping values are not allowed in this context":
        return _colon(found, text)
    if problem == "could not find expected ':'":
        match = WITHOUT_SPACE.match(text.line(began[0]))
        return (NO_SPACE, (began[0], match.end())) if match else ("expected a colon after the key", began)
    if problem in MISPLACED:
        return _misplaced(MISPLACED[problem], found, began, text)
    if (match := re.fullmatch(r"did not find expected ',' or '(.)'", problem)) is not None:
        is_next_key = char == ":" and text.indent(found[0]) <= text.indent(began[0]) and found[0] > began[0]
        if is_next_key or not char or char in "]}":
            return f"a {opened} that is not closed", began
        return f"expected , or {match[1]} before it, for the {opened} of line {began[0] + 1}", found
    return f"not YAML ({problem})", found


def _colon(place: Place, text: YamlText) -> tuple[str, Place]:
    """Return why a colon is not that of a key, by the line before it where it is the first in its own."""
    number, column = place
    if ": " in text.line(number)[:column]:
        return "a second colon; put a text that holds one in quotes", place
    above = text.above(number)
    line = text.line(above).rstrip()
    if (match := WITHOUT_SPACE.match(line)) is not None:
        return NO_SPACE, (above, match.end())
    if ":" not in line:
        return "expected a colon after the key", (above, len(line))
    return f"indented deeper than line {above + 1}, whose key has a value", (number, text.indent(number))


def _misplaced(expected: str, found: Place, began: Place, text: YamlText) -> tuple[str, Place]:
    """Return what is where something else was expected, in what began somewhere above."""
    char, before = text.char(found), text.line(found[0])[: found[1]].strip()
    is_aligned = not before and found[1] == began[1]
    if not char:
        last = text.above(found[0])
        return "a [ or { that is not closed", (last, len(text.line(last)))
    if char in "]}":
        return f"a {char} that closes nothing", found
    if before.endswith(("'", '"')):
        return "text after a closing quote; put a text that holds a quote in quotes of the other kind", found
    if is_aligned and char == "-":
        return f"a list item among the keys that begin in line {began[0] + 1}", found
    if is_aligned and expected == "-":
        return f"a key among the list items that begin in line {began[0] + 1}", found
    return (f"expected {expected} before it" if before or char in ":," else MISFIT), found


def is_alone(key: Any, value: Any) -> bool:
    """Return whether a key in braces has neither colon nor value; given are the parser's events."""
    return value.start_mark.index == key.end_mark.index and isinstance(value, yaml.ScalarEvent)


def _place(mark: Any) -> Place | None:
    return None if mark is None else (mark.line, mark.column)
