"""Replaces words in YAML that people wrote, where they stand: comments and formatting stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import yaml

from jobkit.errors import UserError
from jobkit.yaml12 import Document, KeyPath, parse_yaml

_PROPERTIES = re.compile(r"([&!]\S*\s+)*")
"""Anchors and tags before a word."""


@dataclass(frozen=True)
class Place:
    """A key, or the value that it has."""

    key_path: KeyPath
    is_key: bool = False


def replaced(text: str, path: str, places: Collection[Place], new: str) -> str:
    """Return the text with another word at some places; a `UserError` where it cannot be spelled there.

    `path` is how the user knows the file. Whatever else the text says, it still says.
    """
    document = parse_yaml(text, path)
    words = _Words(text).spans
    spans = sorted({words[place] for place in places}, reverse=True)
    done: set[Place] = set()
    for start, end in spans:
        here = {place for place in places if words[place] == (start, end)}
        done |= here
        expected = _with_word(document.content, (), done, new)
        for spelling in _spellings(text[start:end], new):
            candidate = text[:start] + spelling + text[end:]
            if _says(candidate, expected):
                text = candidate
                break
        else:
            raise UserError(_why_not(document, here, words, (start, end)))
    return text


def _why_not(document: Document, here: set[Place], words: dict[Place, tuple[int, int]], span: Any) -> Any:
    others = [place for place, other in words.items() if other == span and place not in here]
    message = "this word cannot be replaced here; edit it by hand"
    if others:
        line = document.line(others[0].key_path)
        message = (
            f"by an alias it stands in line {line} too, where another is meant; write it out there first"
        )
    return document.diagnostic(min(here, key=lambda place: len(place.key_path)).key_path, message)


def _spellings(old: str, new: str) -> list[str]:
    """Return ways to write a word, the one like the old word's first."""
    ways = {"": new, "'": f"'{new.replace(chr(39), chr(39) * 2)}'", '"': json.dumps(new, ensure_ascii=False)}
    return list(dict.fromkeys((ways.get(old[:1], new), *ways.values())))


def _says(text: str, expected: Any) -> bool:
    try:
        return bool(parse_yaml(text, "").content == expected)
    except UserError:
        return False


def _with_word(content: Any, path: KeyPath, places: Collection[Place], new: str) -> Any:
    """Return content with a word in place of what stands at some places."""
    if Place(path) in places:
        return new
    if isinstance(content, list):
        return [_with_word(value, (*path, index), places, new) for index, value in enumerate(content)]
    if isinstance(content, dict):
        return {
            new if Place((*path, key), is_key=True) in places else key: _with_word(
                value, (*path, key), places, new
            )
            for key, value in content.items()
        }
    return content


class _Words:
    """Where each key and each plain value of a text stands; an alias stands where its anchor does."""

    def __init__(self, text: str):
        self.spans: dict[Place, tuple[int, int]] = {}
        self._text = text
        self._events: list[Any] = [
            event
            for event in yaml.parse(text, Loader=yaml.SafeLoader)
            if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent)
        ]
        self._anchors: dict[str, int] = {}
        if self._events:
            self._value(0, ())

    def _value(self, at: int, path: KeyPath) -> int:
        """Read the value that begins at an event; return where the next one begins."""
        event = self._events[at]
        if isinstance(event, yaml.AliasEvent):
            self._value(self._anchors[str(event.anchor)], path)
            return at + 1
        if event.anchor:
            self._anchors[event.anchor] = at
        if isinstance(event, yaml.ScalarEvent):
            self.spans[Place(path)] = self._span(event)
            return at + 1
        at += 1
        index = 0
        while not isinstance(key := self._events[at], yaml.CollectionEndEvent):
            if isinstance(event, yaml.MappingStartEvent):
                self.spans[Place((*path, key.value), is_key=True)] = self._span(key)
                at = self._value(at + 1, (*path, key.value))
            else:
                at, index = self._value(at, (*path, index)), index + 1
        return at + 1

    def _span(self, event: Any) -> tuple[int, int]:
        start, end = event.start_mark.index, event.end_mark.index
        properties = _PROPERTIES.match(self._text, start, end)
        return (properties.end() if properties else start), end
