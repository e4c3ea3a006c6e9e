"""Renames a row or column everywhere: where it is declared, and whatever refers to it by its label."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jobkit.errors import Diagnostic, UserError, did_you_mean
from jobkit.files import whole_file, write_bytes
from jobkit.yaml12 import KeyPath, parse_yaml, written
from papermatrix.config.config_file import Config
from papermatrix.config.derivation import KINDS
from papermatrix.config.elsewhere import copied, files_of, relative_paths, scales_folder
from papermatrix.config.load import CONFIG, load, load_config
from papermatrix.config.yaml_edit import Place, replaced
from papermatrix.matrix.cells import Cell
from papermatrix.matrix.expand import Matrix, expand, load_every_scale

Kind = Literal["row", "column"]
_VALUES = {"row": ("row",), "column": ("column", "whole", "product", "by")}
_LISTS = {"row": ("rows",), "column": ("factors",)}
_KEYS = {"row": (), "column": ("parts",)}
"""Where paper.yaml names rows and columns, beside a `table`: as values, in lists, and as keys."""


@dataclass(frozen=True)
class Label:
    """A row's or a column's label, and what it is to be."""

    table: str
    kind: Kind
    old: str
    new: str

    def of(self, labels: tuple[str, str]) -> tuple[str, str]:
        """Return the labels of a row and a column as they will be."""
        row, column = labels
        if self.kind == "row":
            return (self.new if row == self.old else row), column
        return row, (self.new if column == self.old else column)


@dataclass(frozen=True)
class Renaming:
    """What is to be written, checked already."""

    old: Mapping[Path, bytes]
    new: Mapping[Path, bytes]
    """The contents of the files that change."""
    places: tuple[Diagnostic, ...]
    """Where the label stands."""

    def write(self) -> None:
        """Write all files; where one cannot be written, none is."""
        try:
            with contextlib.ExitStack() as stack:
                for path, content in self.new.items():
                    target = path.resolve()
                    stack.callback(target.chmod, target.stat().st_mode)
                    stack.enter_context(whole_file(target)).write_bytes(content)
        except BaseException:
            for path, content in self.old.items():
                if path.read_bytes() != content:
                    write_bytes(path.resolve(), content)
            raise


def renaming(label: Label, overrides: Mapping[str, Any]) -> Renaming:
    """Find every place of a label, and check what the files say without it.

    A `UserError` where there is no such label, where another row or column has the new one, or where the
    files would then say anything else: another value, another job, or something wrong.
    """
    before = load_every_scale(overrides)
    _expect_free(label, before[0])
    config = load_config(overrides)
    files = files_of(config)
    paths = (CONFIG, *files.values(), *scales_folder(config).glob("*.yaml"))
    contents = {path: path.read_bytes() for path in paths}
    new: dict[Path, bytes] = {}
    diagnostics: list[Diagnostic] = []
    for key, find in (("tables", _in_tables), ("reported", _in_reported), ("paper", _in_paper)):
        if (path := files.get(key)) is None:
            continue
        text = contents[path].decode()
        document = parse_yaml(text, str(path))
        if places := list(dict.fromkeys(find(document.content, label))):
            new[path] = replaced(text, str(path), places, label.new).encode()
            diagnostics += [document.diagnostic(place.key_path, "") for place in places]
    _expect_the_same({**contents, **new}, config, overrides, before, label)
    return Renaming({path: contents[path] for path in new}, new, tuple(diagnostics))


def _expect_free(label: Label, matrix: Matrix) -> None:
    matrix.expect_table(label.table)
    table = matrix.project.tables[label.table]
    labels = [level.label for level in (table.rows if label.kind == "row" else table.columns)]
    if label.old not in labels:
        raise UserError(f"{label.table}: no {label.kind} {label.old!r}{did_you_mean(label.old, labels)}")
    if label.new in labels:
        raise UserError(f"{label.table}: has a {label.kind} {label.new!r} already")


def _in_tables(content: Any, label: Label) -> Iterator[Place]:
    """Yield where tables.yaml has a label: where it is declared, and beside cited and reported numbers."""
    base: KeyPath = ("tables", label.table)
    table = content["tables"][label.table]
    levels = f"{label.kind}s"
    for index, level in enumerate(table[levels]):
        if _is(level["label"], label):
            yield Place((*base, levels, index, "label"))
    yield from _in_derived(table, base, label)
    for index, row in enumerate(table["rows"] if label.kind == "column" else ()):
        if label.old in (row.get("values") or {}):
            yield Place((*base, "rows", index, "values", label.old), is_key=True)
    yield from _in_numbers(table.get("reported"), (*base, "reported"), label)


def _in_derived(table: Any, base: KeyPath, label: Label) -> Iterator[Place]:
    """Yield where derived rows and columns name a label."""
    levels = f"{label.kind}s"
    for index, level in enumerate(table[levels]):
        for kind in KINDS:
            path, value = (*base, levels, index, kind), level.get(kind)
            if isinstance(value, list):
                yield from (Place((*path, i)) for i, one in enumerate(value) if _is(one, label))
            elif _is(value, label):
                yield Place(path)
    for index, column in enumerate(table["columns"] if label.kind == "row" else ()):
        if _is(column.get("against"), label):
            yield Place((*base, "columns", index, "against"))


def _in_reported(content: Any, label: Label) -> Iterator[Place]:
    numbers = (content.get("tables") or {}).get(label.table)
    yield from _in_numbers(numbers, ("tables", label.table), label)


def _in_numbers(numbers: Any, base: KeyPath, label: Label) -> Iterator[Place]:
    """Yield where reported numbers, by row and column, have a label."""
    for row, cells in (numbers or {}).items():
        if label.kind == "row" and row == label.old:
            yield Place((*base, row), is_key=True)
        if label.kind == "column" and label.old in cells:
            yield Place((*base, row, label.old), is_key=True)


def _in_paper(content: Any, label: Label, path: KeyPath = ()) -> Iterator[Place]:
    """Yield where paper.yaml has a label: in whatever names its table."""
    if isinstance(content, list):
        for index, value in enumerate(content):
            yield from _in_paper(value, label, (*path, index))
    if not isinstance(content, dict):
        return
    if content.get("table") == label.table:
        yield from (Place((*path, k)) for k in _VALUES[label.kind] if _is(content.get(k), label))
        for key in _LISTS[label.kind]:
            values = enumerate(content.get(key) or ())
            yield from (Place((*path, key, index)) for index, value in values if _is(value, label))
        for key in _KEYS[label.kind]:
            if label.old in (content.get(key) or {}):
                yield Place((*path, key, label.old), is_key=True)
    for key, value in content.items():
        yield from _in_paper(value, label, (*path, key))


def _is(value: Any, label: Label) -> bool:
    """Return whether a value is the label; a number may be one."""
    return label.old in (value, written(value))


def _expect_the_same(
    contents: Mapping[Path, bytes],
    config: Config,
    overrides: Mapping[str, Any],
    before: Sequence[Matrix],
    label: Label,
) -> None:
    """Load the files as they would be, at every scale, and compare all cells, with their jobs."""
    values = {**overrides, **relative_paths(config)}
    for matrix in before:
        scale = {"scale": matrix.project.config.scale}
        with copied(contents):
            after = expand(load({**values, **scale}, with_sources=False))
        if [*map(_content, _cells(after))] != [_content(cell, label) for cell in _cells(matrix)]:
            raise UserError(f"{label.table}: more than a label would change; nothing is renamed")


def _cells(matrix: Matrix) -> Iterator[Cell]:
    return (cell for cells in matrix.cells.values() for cell in cells)


def _content(cell: Cell, label: Label | None = None) -> list[Any]:
    """Return what makes a cell, with its labels as they will be."""
    labels = label.of(cell.labels) if label and cell.table == label.table else cell.labels
    runs = [(run.seed, run.job and run.job.id) for run in cell.runs]
    reported = cell.reported and dataclasses.astuple(cell.reported)
    parts = [_content(part, label) for part in cell.parts]
    name = cell.name if cell.derivation is None else cell.derivation.kind
    return [
        cell.table,
        labels,
        cell.variant_label,
        name,
        runs,
        cell.value,
        cell.number_format,
        reported,
        parts,
    ]
