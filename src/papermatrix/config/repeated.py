"""Rows and columns that stand for several: `for` gives settings a value each, side by side.

`{for: {data.set: [a, b], knn.k: [5, 24]}, label: "{data.set}"}` is two rows, the first with set a and k 5.
They are written out before anything else is read, and messages name the place where they were written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from jobkit.yaml12 import Document, KeyPath, read_yaml, written
from papermatrix.config.settings_schema import Issue

FOR = "for"
_TEXTS = ("label", "group", "note")
"""What may name the settings of `for`, as `{data.set}`."""


def read_tables(path: Path) -> Document:
    """Read tables.yaml, with its repeated rows and columns written out."""
    return with_repeated(read_yaml(path))[0]


def with_repeated(document: Document) -> tuple[Document, list[Issue]]:
    """Return a document of tables with repeated rows and columns written out, and what is wrong with them."""
    issues: list[Issue] = []
    origins: dict[KeyPath, KeyPath] = {}
    tables = document.value(("tables",))
    if not isinstance(tables, dict):
        return document, []
    written_out = {
        name: _table(table, ("tables", name), origins, issues) if isinstance(table, dict) else table
        for name, table in tables.items()
    }
    content = {**document.content, "tables": written_out}
    return replace(document, content=content, origins=origins), issues


def _table(
    table: dict[str, Any], above: KeyPath, origins: dict[KeyPath, KeyPath], issues: list[Issue]
) -> dict[str, Any]:
    found = dict(table)
    for kind in ("rows", "columns"):
        levels = table.get(kind)
        if not isinstance(levels, list) or not any(isinstance(x, dict) and FOR in x for x in levels):
            continue
        found[kind] = []
        for index, level in enumerate(levels):
            path = (*above, kind, index)
            wrong = [*_wrong(level)]
            issues += [((*path, *inner), message) for inner, message in wrong]
            copies = [_without(level)] if wrong else [*_copies(level)]
            for position, copy in enumerate(copies):
                place = (*above, kind, len(found[kind]))
                origins[place] = path
                origins |= {(*place, "with", key): (*path, FOR, key, position) for key in _values(level)}
                found[kind].append(copy)
    return found


def _without(level: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in level.items() if key != FOR}


def _values(level: Any) -> dict[str, list[Any]]:
    values = level.get(FOR) if isinstance(level, dict) else None
    return values if isinstance(values, dict) else {}


def _wrong(level: Any) -> Iterator[Issue]:
    """Yield what keeps a level from being written out."""
    if not isinstance(level, dict) or FOR not in level:
        return
    values = level[FOR]
    if not isinstance(values, dict) or not values:
        yield (FOR,), "expected settings with a list of values each"
        return
    lists = {key: value for key, value in values.items() if isinstance(value, list) and value}
    for key in values.keys() - lists.keys():
        yield (FOR, key), "expected a list of values"
    lengths = {len(value) for value in lists.values()}
    if len(lengths) > 1:
        counts = ", ".join(f"{key} {len(value)}" for key, value in lists.items())
        yield (FOR,), f"expected lists of one length, side by side; found {counts}"
    stated = level.get("with")
    for key in lists:
        if isinstance(stated, dict) and key in stated:
            yield (FOR, key), "with states it too"


def _copies(level: Any) -> Iterator[Any]:
    """Yield a level as many times as it stands for."""
    values = _values(level)
    if not values:
        yield level
        return
    for chosen in zip(*values.values(), strict=True):
        settings = dict(zip(values, chosen, strict=True))
        copy = _without(level)
        for name in _TEXTS:
            if isinstance(text := copy.get(name), str):
                copy[name] = _filled(text, settings)
        stated = copy.get("with")
        copy["with"] = {**(stated if isinstance(stated, dict) else {}), **settings}
        yield copy


def _filled(text: str, settings: dict[str, Any]) -> str:
    for key, value in settings.items():
        text = text.replace(f"{{{key}}}", value if isinstance(value, str) else written(value) or str(value))
    return text
