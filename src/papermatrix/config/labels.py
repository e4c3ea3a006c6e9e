"""Texts that hold settings, such as `batch {train.batch_size}`: filled in with those of their cells.

So no label states a number that does not hold at its scale. `{{x}}` shows `{x}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

from jobkit.digest import canonical_json
from jobkit.settings import Flat
from jobkit.yaml12 import KeyPath
from papermatrix.config.settings_schema import Issue, SettingsSchema
from papermatrix.config.tables import SEED, Column, Labelled, Row, Table, Variant

_SETTING = re.compile(r"\{(\{[\w.]+\})\}|\{([\w.]+)\}")
_OF_TABLE, _OF_LEVEL = ("title", "caption", "note"), ("label", "group", "note")

Some = TypeVar("Some", bound=Labelled)


def fill_labels(
    table: Table, base: Flat, scale: str, seeds: Sequence[int] | None, schema: SettingsSchema
) -> tuple[Table, list[Issue]]:
    """Return a table whose texts show settings at a scale, and what is wrong with those that they name."""
    filler = _Filler(table, base, scale, seeds, schema)
    return filler.filled(), filler.issues


class _Filler:
    def __init__(
        self, table: Table, base: Flat, scale: str, seeds: Sequence[int] | None, schema: SettingsSchema
    ):
        self.issues: list[Issue] = []
        self._table, self._base, self._scale, self._seeds, self._schema = table, base, scale, seeds, schema

    def filled(self) -> Table:
        table = self._table
        update: dict[str, Any] = self._texts(table, _OF_TABLE, ())
        update["rows"] = self._levels(table.rows, "rows")
        update["columns"] = self._levels(table.columns, "columns")
        update["variants"] = self._levels(table.variants, "variants")
        return table.model_copy(update=update)

    def _levels(self, levels: Sequence[Some], kind: str) -> tuple[Some, ...]:
        return tuple(
            level.showing(self._texts(level, _OF_LEVEL, (kind, index))) for index, level in enumerate(levels)
        )

    def _texts(self, level: Table | Labelled, names: Sequence[str], path: KeyPath) -> dict[str, str]:
        """Return those texts of a level that hold settings, filled in."""
        texts = {name: getattr(level, name, None) or "" for name in names}
        return {
            name: self._text(text, level, (*path, name))
            for name, text in texts.items()
            if _SETTING.search(text)
        }

    def _text(self, text: str, level: Table | Labelled, path: KeyPath) -> str:
        def shown(match: re.Match[str]) -> str:
            return match[1] or self._value(match[2], level, path)

        return _SETTING.sub(shown, text)

    def _value(self, key: str, level: Table | Labelled, path: KeyPath) -> str:
        """Write the value that all of a level's cells share."""
        if self._schema.keys_of(key) != [key]:
            self.issues.append((path, f"{{{key}}}: {self._schema.unknown(key)}"))
            return key
        values = list(dict.fromkeys(_written(settings[key]) for settings in self._settings_of(level)))
        if len(values) > 1:
            found = f"{' and '.join(values)} in its cells at scale {self._scale}"
            self.issues.append((path, f"{{{key}}} is {found}; expected one value"))
        return values[0]

    def _settings_of(self, level: Table | Labelled) -> list[Flat]:
        """Return the settings of a level's cells; of one without, what it states."""
        of_cells = [
            settings
            for levels, settings in self._cells
            if level is self._table or any(level is other for other in levels)
        ]
        stated = self._base | self._table.settings(self._scale) | level.settings(self._scale)
        return of_cells or [self._schema.complete(stated)]

    @cached_property
    def _cells(self) -> list[tuple[tuple[Row | Column | Variant, ...], Flat]]:
        """Every cell that a job makes or that shows a setting, for each seed: its levels and its settings."""
        return [
            (levels, self._schema.complete(stated))
            for levels, stated in self._stated(self._table, self._scale)
        ]

    def _stated(self, table: Table, scale: str) -> Iterator[tuple[tuple[Row | Column | Variant, ...], Flat]]:
        for row in table.rows:
            of_row = self._base | table.settings(scale) | row.settings(scale)
            for column in table.columns:
                if column.label in row.values or row.derivation or column.derivation:
                    continue
                if column.show:
                    yield (row, column), of_row
                    continue
                of_column = of_row | column.settings(scale)
                for variant in table.variants or (None,):
                    inner = (variant,) if variant else ()
                    settings = of_column | (variant.settings(scale) if variant else {})
                    for seed in table.seeds_of(row, column, variant) or self._seeds or (None,):
                        yield (row, column, *inner), settings if seed is None else settings | {SEED: seed}


def _written(value: Any) -> str:
    if isinstance(value, list):
        return " + ".join(map(_written, value)) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else value if isinstance(value, str) else canonical_json(value)
