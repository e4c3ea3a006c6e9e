"""Reads YAML that people write: plain values, and the line of every one of them.

The core schema of YAML 1.2: `1e-4` is a number, `no` and `off` are words, there are no dates. A number
knows how it is written, since it may be a label. Tags, keys that are given twice and aliases that contain
themselves are refused.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from jobkit.errors import Diagnostic, UserError, reason
from jobkit.files import LARGEST
from jobkit.yaml_faults import NO_SPACE, YamlText, explain, is_alone

try:
    from yaml import CSafeLoader as Loader
except ImportError:
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

KeyPath = tuple[str | int, ...]
"""The keys and list positions that lead to a value."""

MOST = 500_000
"""Values in a file, aliases written out."""
DEEPEST = 50
"""Mappings and lists in each other."""

_NULL = re.compile(r"(~|null|Null|NULL)?")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)


@dataclass(frozen=True)
class Document:
    """A file's content; `path` is how the user knows the file."""

    path: str
    content: Any = None
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    commas: Mapping[KeyPath, tuple[KeyPath, str]] = field(default_factory=dict)
    """Whole numbers with digits after nothing but a comma, perhaps meant as one number: where these are, and
    both as written, `0,8883`."""
    origins: Mapping[KeyPath, KeyPath] = field(default_factory=dict)
    """Where it was written what stands elsewhere in the content, with all inside of it."""

    def diagnostic(self, key_path: KeyPath, message: str) -> Diagnostic:
        """Return what is wrong at a key path, with its line."""
        return Diagnostic(message, self.path, self.line(key_path), dotted(self._written(key_path)))

    def line(self, key_path: KeyPath) -> int:
        """Return the line of a key path, or of the nearest part of it that is there; 0 in an empty file."""
        key_path = self._written(key_path)
        while key_path and key_path not in self.lines:
            key_path = key_path[:-1]
        return self.lines.get(key_path, 0)

    def _written(self, key_path: KeyPath) -> KeyPath:
        """Return where it was written what stands at a key path."""
        for end in range(len(key_path), 0, -1) if self.origins else ():
            if (origin := self.origins.get(key_path[:end])) is not None:
                return origin + key_path[end:]
        return key_path

    def value(self, key_path: KeyPath) -> Any:
        """Return the value at a key path, or None."""
        value = self.content
        for step in key_path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def dotted(key_path: KeyPath) -> str:
    """Write a key path as `tables.table3.rows[0].with`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in key_path)
    return text.removeprefix(".")


def read_yaml(path: Path) -> Document:
    """Read a file's values and lines; a `UserError` has every diagnostic of its syntax."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(Diagnostic("no such file", str(path))) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(Diagnostic(f"cannot be read ({reason(error)})", str(path))) from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, path: str) -> Document:
    """Read a text as `read_yaml` reads a file; `path` is how the user knows it."""
    source = YamlText(text, path)
    try:
        reader = _Reader(source, list(yaml.parse(text, Loader=Loader)))
    except yaml.MarkedYAMLError as error:
        raise UserError(explain(error, source)) from None
    except yaml.reader.ReaderError as error:
        before = text.encode()[: error.position].decode(errors="replace").split("\n")
        place = len(before) - 1, len(before[-1])
        raise UserError(source.diagnostic(f"not YAML ({error.reason})", place)) from None
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise UserError(Diagnostic(f"not YAML ({' '.join(str(error).split())})", path)) from None
    content = reader.read()
    if reader.diagnostics:
        raise UserError(reader.diagnostics)
    return Document(path, content, reader.lines, reader.commas)


def parse_pairs(pairs: Iterable[str], option: str) -> dict[str, Any]:
    """Return the values of an option's `KEY=VALUE` pairs, in YAML; of equal keys the last counts."""
    values: dict[str, Any] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator or not key:
            raise UserError(f"{option} {pair}: expected KEY=VALUE")
        try:
            values[key] = parse_yaml(text, f"{option} {key}").content
        except UserError as error:
            raise UserError(replace(diagnostic, line=0) for diagnostic in error.diagnostics) from None
    return values


def resolve(text: str) -> Any:
    """Return the null, boolean, number or text that a plain word is; ValueError for what no file may hold."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return _text(text)


def resolved(value: Any) -> Any:
    """Return a value from a command line as a file would hold it: its words resolved."""
    if isinstance(value, list):
        return [resolved(item) for item in value]
    return resolve(value) if isinstance(value, str) else value


class _Int(int):
    written: str


class _Float(float):
    written: str


def written(value: Any) -> str | None:
    """Return a number of a file as it is written there, such as `0.10`; None for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value.written if isinstance(value, _Int | _Float) else str(value)


def _as_written(value: Any, text: str) -> Any:
    """Return a value that keeps its text where it is a number that Python writes in another way."""
    if type(value) not in (int, float) or str(value) == text:
        return value
    number = _Int(value) if isinstance(value, int) else _Float(value)
    number.written = text
    return number


def _text(text: str) -> str:
    if "\0" in text:
        raise ValueError("a text with a null character; expected one without")
    return text


def _integer(text: str) -> int:
    try:
        number = int(text, 0) if text.startswith(("0o", "0x")) else int(text)
    except ValueError:  # Python reads no number of thousands of digits
        number = LARGEST
    if abs(number) >= LARGEST:
        raise ValueError(f"a whole number of more than 64 bits; expected one below {LARGEST}")
    return number


class _Reader:
    """Builds values from a text's events; an alias reads the events of its anchor again."""

    def __init__(self, text: YamlText, events: list[Any]):
        self.lines: dict[KeyPath, int] = {}
        self.commas: dict[KeyPath, tuple[KeyPath, str]] = {}
        self.diagnostics: list[Diagnostic] = []
        self._text = text
        self._events = events
        self._next = 0
        self._anchors: dict[str, int] = {}
        self._open: list[int] = []
        """Where the collections begin that are being read."""

    def read(self) -> Any:
        """Return the first document's content; a second one is refused."""
        starts = [e for e in self._events if isinstance(e, yaml.DocumentStartEvent)]
        if len(starts) > 1:
            self._refuse((), starts[1], "expected a single document in the file")
        if not starts:
            return None
        self._next = self._events.index(starts[0]) + 1
        return self._value(())

    def _value(self, key_path: KeyPath) -> Any:
        start, event = self._next, self._events[self._next]
        self._next += 1
        self.lines.setdefault(key_path, event.start_mark.line + 1)
        if len(self.lines) > MOST:
            raise UserError(Diagnostic(f"more than {MOST} values, aliases written out", self._text.path))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(key_path, event)
        if event.anchor:
            self._anchors[event.anchor] = start
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(key_path, event)
        if len(self._open) >= DEEPEST:
            message = f"nested too deeply; expected at most {DEEPEST} mappings and lists in each other"
            raise UserError(Diagnostic(message, self._text.path, event.start_mark.line + 1))
        self._open.append(start)
        if event.tag:
            self._refuse(key_path, event, f"tag {event.tag}; expected a plain value")
        read = self._mapping if isinstance(event, yaml.MappingStartEvent) else self._list
        value = read(key_path)
        self._open.pop()
        return value

    def _alias(self, key_path: KeyPath, event: Any) -> Any:
        start = self._anchors.get(event.anchor)
        if start is None:
            return self._refuse(key_path, event, f"alias *{event.anchor}: no such anchor before it")
        if start in self._open:
            return self._refuse(key_path, event, "an alias that contains itself")
        after, self._next = self._next, start
        value = self._value(key_path)
        self._next = after
        return value

    def _scalar(self, key_path: KeyPath, event: Any) -> Any:
        if event.tag:
            return self._refuse(key_path, event, f"tag {event.tag}; expected a plain value")
        try:
            if event.implicit[0]:
                return _as_written(resolve(event.value), event.value)
            return _text(event.value)
        except ValueError as error:
            return self._refuse(key_path, event, str(error))

    def _list(self, key_path: KeyPath) -> list[Any]:
        values: list[Any] = []
        while not isinstance(self._events[self._next], yaml.SequenceEndEvent):
            if values:
                self._note_comma((*key_path, len(values) - 1), (*key_path, len(values)))
            values.append(self._value((*key_path, len(values))))
        self._next += 1
        return values

    def _mapping(self, key_path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(key := self._events[self._next], yaml.MappingEndEvent):
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarEvent) or "\0" in key.value:
                self._refuse(
                    key_path, key, "a key that is not a word; put a text that begins with { or [ in quotes"
                )
                self._value((*key_path, "?"))
                self._value((*key_path, "?"))
                continue
            inner = (*key_path, key.value)
            alone = is_alone(key, self._events[self._next + 1])
            if values and alone:
                self._note_comma((*key_path, next(reversed(values))), inner)
            self._next += 1
            if alone and key.implicit[0] and ":" in key.value:
                self._refuse(key_path, key, NO_SPACE)
                self._value(inner)
                continue
            if key.value in values:
                self._refuse(inner, key, f"given twice, first in line {self.lines[inner]}")
                self._value(inner)
                continue
            self.lines.setdefault(inner, line)
            values[key.value] = self._value(inner)
        self._next += 1
        return values

    def _note_comma(self, key_path: KeyPath, following: KeyPath) -> None:
        """Note where the value that was read and what follows are digits with only a comma between them."""
        before, after = self._events[self._next - 1 : self._next + 1]
        if not all(isinstance(event, yaml.ScalarEvent) and event.implicit[0] for event in (before, after)):
            return
        is_adjacent = after.start_mark.index == before.end_mark.index + 1
        text = f"{before.value},{after.value}"
        if is_adjacent and _COMMA.fullmatch(text):
            self.commas[key_path] = following, text

    def _refuse(self, key_path: KeyPath, event: Any, message: str) -> None:
        place = event.start_mark.line, event.start_mark.column
        self.diagnostics.append(self._text.diagnostic(message, place, dotted(key_path)))
