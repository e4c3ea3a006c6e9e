"""A pattern of scores' names: `dba.scenario{31..34}`, `{dba,top1}.overall`, `windows.*`."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product
from typing import Any

OVERALL = "overall"
"""A metric that names a group of scores is the group's score of this name."""
HINTED = 1000
"""Names of a pattern that a misspelt one is compared with, at most."""
EXPECTED = (
    "expected a score's name, or a pattern such as dba.scenario{31..34}, {dba,top1}.overall or windows.*"
)

Values = Mapping[str, Sequence[Any]]
"""What settings can be, by dotted key; those that are missing can be anything."""

_ANYTHING = rf"(?!{OVERALL}$)[^.]+"
"""Else each group were a score."""
_BRACES = re.compile(r"\{([^{}]*)\}")
_KEY = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"


@dataclass(frozen=True)
class _Words:
    """One of several words; `*` in them is anything within a step."""

    words: tuple[str, ...]
    keys: tuple[str, ...] = ()

    @property
    def regex(self) -> str:
        return "|".join(re.escape(word).replace(r"\*", _ANYTHING) for word in self.words)

    def names(self, values: Values) -> Sequence[str]:
        return self.words

    def fits(self, text: str, values: Values) -> bool:
        return True


@dataclass(frozen=True)
class _Range:
    """A whole number between two, each of which may be a setting's."""

    bounds: tuple[str, str]
    regex = "0|[1-9][0-9]*"

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(bound for bound in self.bounds if not bound.isdigit())

    def names(self, values: Values) -> Sequence[str]:
        first, last = (self._possible(bound, values) for bound in self.bounds)
        return [str(n) for n in islice(range(min(first), max(last) + 1), HINTED)] if first and last else ["*"]

    def fits(self, text: str, values: Values) -> bool:
        first, last = (self._possible(bound, values) for bound in self.bounds)
        return int(text) >= min(first, default=0) and (not last or int(text) <= max(last))

    @staticmethod
    def _possible(bound: str, values: Values) -> list[int]:
        """Return the numbers that a bound can be; none where that is not known."""
        if bound.isdigit():
            return [int(bound)]
        return [value for value in values.get(bound, ()) if isinstance(value, int)]


@dataclass(frozen=True)
class _SettingValue:
    """The value of a setting."""

    key: str
    regex = _ANYTHING

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key,)

    def names(self, values: Values) -> Sequence[str]:
        return [str(value) for value in values.get(self.key, "*")]

    def fits(self, text: str, values: Values) -> bool:
        return self.key not in values or text in map(str, values[self.key])


_Part = _Words | _Range | _SettingValue


@dataclass(frozen=True)
class ScorePattern:
    """The names that a text stands for; those of an `overall` may leave it out."""

    parts: tuple[_Part, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The settings that it goes by."""
        return tuple(key for part in self.parts for key in part.keys)

    def names(self, values: Values) -> list[str]:
        """Return some of the names, for hints; `*` stands for anything."""
        words = islice(product(*(part.names(values) for part in self.parts)), HINTED)
        return [_without_overall("".join(chosen)) for chosen in words]

    def matches(self, name: str, values: Values) -> bool:
        """Return whether it stands for a name with some of the settings' values."""
        names = {name, f"{name}.{OVERALL}", _without_overall(name)}
        return any(self._matches(other, values) for other in names)

    def _matches(self, name: str, values: Values) -> bool:
        match = self._regex.fullmatch(name)
        return match is not None and all(
            part.fits(text, values) for part, text in zip(self.parts, match.groups(), strict=True)
        )

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile("".join(f"({part.regex})" for part in self.parts))


@functools.cache
def parse_pattern(text: str) -> ScorePattern:
    """Return a pattern; ValueError where it is none."""
    pieces = _BRACES.split(text)
    parts = [_braces(piece) if at % 2 else _words(piece) for at, piece in enumerate(pieces)]
    pattern = ScorePattern(tuple(part for part in parts if part != _Words(("",))))
    if not all(_BRACES.sub("x", text).split(".")):
        raise ValueError(EXPECTED)
    return pattern


def _words(*words: str) -> _Words:
    if not all(re.fullmatch(r"[\w.*-]*", word) for word in words):
        raise ValueError(EXPECTED)
    return _Words(words)


def _braces(piece: str) -> _Part:
    """Return what stands in braces."""
    if "," in piece:
        return _words(*piece.split(","))
    if match := re.fullmatch(rf"(\d+|{_KEY})\.\.(\d+|{_KEY})", piece):
        return _Range((match[1], match[2]))
    if re.fullmatch(_KEY, piece):
        return _SettingValue(piece)
    raise ValueError(EXPECTED)


def _without_overall(name: str) -> str:
    return name.removesuffix(f".{OVERALL}")
