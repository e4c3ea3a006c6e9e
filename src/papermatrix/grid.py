"""A rendered table's words, before they take a form: heads over columns, groups of rows, footnotes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from string import ascii_lowercase

from papermatrix.spec import Column, Row


@dataclass(frozen=True)
class Word:
    """One of the values in a cell."""

    text: str
    is_bold: bool = False


@dataclass(frozen=True)
class Entry:
    """What stands in a cell: words with a stroke between them, a remark, the marks of its footnotes."""

    words: tuple[Word, ...]
    remark: str = ""
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Head:
    """What stands over one column or several."""

    entry: Entry
    span: int = 1

    @property
    def is_empty(self) -> bool:
        return not any(word.text for word in self.entry.words)


@dataclass(frozen=True)
class Line:
    label: Entry
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Block:
    """Lines that belong together; their group's name is empty where they have none."""

    group: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Note:
    """A sentence under the table; its mark is empty where it is about all of it."""

    text: str
    mark: str = ""


@dataclass(frozen=True)
class Grid:
    heads: tuple[tuple[Head, ...], ...]
    """Levels from the outermost to the columns' own; the spans of each add up to the columns."""
    blocks: tuple[Block, ...]
    notes: tuple[Note, ...] = ()

    @property
    def width(self) -> int:
        return len(self.heads[-1])


class Footnotes:
    """Gives equal texts one mark, in the order in which they are first asked for."""

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}

    def marks(self, *texts: str | None) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._mark(text) for text in texts if text))

    def _mark(self, text: str) -> str:
        index = len(self._marks)
        letter = ascii_lowercase[index] if index < len(ascii_lowercase) else str(index + 1)
        return self._marks.setdefault(text, letter)

    @property
    def notes(self) -> tuple[Note, ...]:
        return tuple(Note(text, mark) for text, mark in self._marks.items())


def entry(text: str, *marks: str) -> Entry:
    return Entry((Word(text),), marks=marks)


def column_head(column: Column, footnotes: Footnotes) -> Entry:
    """A column's label with its unit."""
    text = f"{column.label} ({column.unit})" if column.unit else column.label
    return entry(text, *footnotes.marks(column.note))


def group_heads(columns: Sequence[tuple[Column, int]]) -> tuple[Head, ...]:
    """The heads over columns, each so many wide; neighbours of one group share theirs."""
    if not any(column.group for column, _ in columns):
        return ()
    heads = []
    for group, members in groupby(columns, key=lambda each: each[0].group):
        widths = [width for _, width in members]
        if group is None:
            heads += [Head(entry(""), width) for width in widths]
        else:
            heads.append(Head(entry(group), sum(widths)))
    return tuple(heads)


def blocks(rows: Iterable[tuple[Row, tuple[Entry, ...]]], footnotes: Footnotes) -> tuple[Block, ...]:
    """Rows as lines, in blocks of neighbours that state one group."""
    return tuple(
        Block(
            group or "",
            tuple(Line(entry(row.label, *footnotes.marks(row.note)), entries) for row, entries in members),
        )
        for group, members in groupby(rows, key=lambda each: each[0].group)
    )
