"""Reads YAML that people write: plain values, and the line of every one of them.

The core schema of YAML 1.2: `1e-4` is a number, `no` and `off` are words, there are no dates. Tags, keys that
are given twice and aliases that contain themselves are faults.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from jobkit.errors import UserError
from jobkit.files import LARGEST

try:
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

Place = tuple[str | int, ...]
"""The keys and list positions that lead to a value."""

LIMIT = 500_000
"""Values in a file with its aliases written out: above any matrix, below any memory's end."""
DEEPEST = 50
"""Mappings and lists in each other, aliases written out."""

_TOO_DEEP = f"nested too deeply; expected at most {DEEPEST} mappings and lists in each other"
_TAG = "tag:yaml.org,2002:"
_NULL, _BOOL, _INT, _FLOAT, _STR = (f"{_TAG}{kind}" for kind in ("null", "bool", "int", "float", "str"))
_COLLECTIONS = (f"{_TAG}map", f"{_TAG}seq")
_PLAIN = {
    _NULL: (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    _BOOL: (r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    _INT: (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", [*"-+0123456789"]),
    _FLOAT: (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        [*"-+.0123456789"],
    ),
}
"""The words of each kind of value, and the characters that they begin with."""


class _Loader(SafeLoader):
    """YAML 1.2 in place of PyYAML's 1.1."""


_Loader.yaml_implicit_resolvers = {}
for _tag, (_words, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(_tag, re.compile(f"^(?:{_words})$"), _first)


@dataclass(frozen=True)
class Document:
    """A file's content; `path` is how the user knows the file."""

    path: str
    content: Any = None
    lines: dict[Place, int] = field(default_factory=dict)

    def at(self, place: Place) -> str:
        """`config/tables.yaml:12: tables.table3.rows[0]`, by the line of the nearest part that is there."""
        line = f":{self.line(place)}" if self.line(place) else ""
        return f"{self.path}{line}: {dotted(place)}" if place else f"{self.path}{line}"

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest part of it that is there; 0 in an empty file."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 0)

    def value(self, place: Place) -> Any:
        """The value at a place, or None."""
        value = self.content
        for step in place:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def dotted(place: Place) -> str:
    """`tables.table3.rows[0].with`"""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".")


def read_yaml(path: Path) -> Document:
    """A file's values and lines; a `UserError` with every fault of its form."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, path: str) -> Document:
    """What `read_yaml` does, of a text from elsewhere; `path` is how the user knows it."""
    try:
        if deep := _line_too_deep(text):
            raise UserError(f"{path}:{deep}: {_TOO_DEEP}")
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f":{mark.line + 1}" if mark else ""
        raise UserError(f"{path}{at}: not YAML ({error.problem or error.context})") from None
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        raise UserError(f"{path}:{line}: not YAML ({error.reason})") from None
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise UserError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    document = Document(path)
    if root is None:
        return document
    reader = _Reader(document)
    content = reader.read(root, ())
    if reader.faults:
        raise UserError(reader.faults)
    return Document(path, content, document.lines)


def _line_too_deep(text: str) -> int | None:
    """The line of the first value that is nested too deeply: composing it would overflow the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST and event.start_mark is not None:
            return event.start_mark.line + 1
    return None


def plain(value: Any) -> Any:
    """A value from a command line: its words are the numbers and nulls that they would be in a file.

    ValueError for what could not be in a file.
    """
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, int):
        return _bounded(value)
    if not isinstance(value, str):
        return value
    kinds = (tag for tag, (words, _) in _PLAIN.items() if re.fullmatch(words, value))
    return _scalar(next(kinds, _STR), value)


def _scalar(tag: str, text: str) -> Any:
    """The value of a scalar; ValueError saying what is wrong with it."""
    match tag.removeprefix(_TAG):
        case "str":
            if "\0" in text:
                raise ValueError("a text with a null character; expected one without")
            return text
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return _whole_number(text)
        case "float":
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    raise ValueError(f"tag {tag}; expected a plain value")


def _whole_number(text: str) -> int:
    try:
        return _bounded(int(text, 0) if text.startswith(("0o", "0x")) else int(text))
    except ValueError:  # Python reads no number of thousands of digits
        return _bounded(LARGEST)


def _bounded(number: int) -> int:
    if abs(number) >= LARGEST:
        raise ValueError(f"a whole number of more than 64 bits; expected one below {LARGEST}")
    return number


class _Reader:
    """Turns one file's nodes into values."""

    def __init__(self, document: Document):
        self.document = document
        self.faults: list[str] = []
        self._above: set[int] = set()
        self._count = 0

    def read(self, node: yaml.Node, place: Place) -> Any:
        self.document.lines.setdefault(place, node.start_mark.line + 1)
        self._count += 1
        if self._count > LIMIT:
            raise UserError(f"{self.document.path}: more than {LIMIT} values, aliases written out")
        if isinstance(node, yaml.ScalarNode):
            try:
                return _scalar(node.tag, node.value)
            except ValueError as error:
                return self._fault(place, str(error))
        if id(node) in self._above:
            return self._fault(place, "an alias that contains itself")
        if node.tag not in _COLLECTIONS:
            return self._fault(place, f"tag {node.tag}; expected a plain value")
        if len(place) >= DEEPEST:
            raise UserError(f"{self.document.path}:{node.start_mark.line + 1}: {_TOO_DEEP}")
        self._above.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, place)
            return [self.read(item, (*place, index)) for index, item in enumerate(node.value)]
        finally:
            self._above.remove(id(node))

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or "\0" in key.value:
                self.faults.append(f"{self.document.path}:{line}: a key that is not a word")
                continue
            inner = (*place, key.value)
            if key.value in values:
                first = self.document.lines[inner]
                self.faults.append(
                    f"{self.document.path}:{line}: {dotted(inner)}: given twice, first in line {first}"
                )
                continue
            self.document.lines[inner] = line
            values[key.value] = self.read(value, inner)
        return values

    def _fault(self, place: Place, what: str) -> None:
        self.faults.append(f"{self.document.at(place)}: {what}")
