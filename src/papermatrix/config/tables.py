"""config/tables.yaml as frozen models: the matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, StrictBool

from jobkit.settings import Flat
from papermatrix.config.derivation import DerivedColumnFields, DerivedFields
from papermatrix.config.fields import (
    Format,
    Frozen,
    Label,
    LatexLabel,
    Name,
    Number,
    NumberOrText,
    Seeds,
    Settings,
    Text,
)
from papermatrix.config.reported import Reported, ReportedCell
from papermatrix.config.tolerance import StatedTolerance, Tolerance

Better = Literal["higher", "lower", "none"]
SEED = "seed"
"""The setting that a level's seeds are values of."""


class Level(Frozen):
    """What a table, a row, a column and a variant can all state; the later of them wins."""

    with_: Settings = Field(default={}, alias="with")
    """Settings that differ from the scale's, nested or with dotted keys."""
    at: dict[Name, Settings] = Field(default={})
    """Settings at one scale only, by its name; they win over `with` beside them."""
    seeds: Seeds | None = None
    """One run for each; the cell shows their mean and its spread."""

    def settings(self, scale: str) -> Flat:
        """Return what this level states at a scale."""
        return self.with_ | self.at.get(scale, {})


class Labelled(Level):
    label: Label
    """What other files call it. Settings in it, `batch {train.batch_size}`, are shown as their values."""
    _shown: str | None = PrivateAttr(default=None)

    @property
    def shown(self) -> str:
        """The label as tables show it: with the values of the settings that it holds."""
        return self.label if self._shown is None else self._shown

    def showing(self, texts: Mapping[str, str]) -> Self:
        """Return the same with other texts; its `label` stays what it is called."""
        level = self.model_copy(update={name: text for name, text in texts.items() if name != "label"})
        level._shown = texts.get("label")
        return level


class Repeated(Labelled):
    for_: dict[Text, list[Any]] | None = Field(default=None, alias="for")
    """Settings with a list of values each, side by side: one row or column for each value. The label may
    name them: `{data.set}`."""


class Row(Repeated, DerivedFields):
    group: Label | None = None
    """A line above this row and the rows after it that state the same."""
    note: Text | None = None
    """A footnote to the label."""
    expect: Literal["diverged"] | None = None
    """With `diverged`: a run of this row that diverges is what it was made to show; no check fails for it."""
    values: dict[str, NumberOrText] = Field(default={})
    """Cells that show what stands here, by their columns' labels, and that no job makes."""
    format: Format | None = None
    """Of a derived row's numbers, such as `.2f` of a ratio; the column's where it is not given."""


class Column(Repeated, DerivedColumnFields):
    group: Label | None = None
    """A head over this column and the columns after it that state the same."""
    note: Text | None = None
    """A footnote to the label."""
    unit: Label | None = None
    """Stands after the label, in parentheses."""
    better: Better | None = None
    """Which value is best, to be in bold; the table's where it is not given."""
    metric: Text | None = None
    """A score of the cell, or of a stage before it: `accuracy.part1`, `train.cost.device_hours`."""
    show: Text | None = None
    """A setting of the row, shown instead of a metric."""
    equals: Number | StrictBool | Text | None = None
    """With `show`: a check mark where the setting is this, or holds it."""
    names: dict[str, Label] = Field(default={})
    """With `show`: what to call the setting's values."""
    format: Format | None = None
    """A number's format, such as `.4f`; the table's where it is not given."""
    factor: Number = 1
    """What a metric is multiplied by before it is shown, such as 1e-9 for GB."""
    tolerance: StatedTolerance | None = None
    """How far from the reported numbers ours may be: `0.02` as the column shows them, `5 %` of each, or
    `{sd: 2}`, the authors' standard deviations; the table's if not given."""


class Variant(Labelled):
    """One of several values in a cell."""


class Table(Level):
    title: Label
    caption: Text | None = None
    """More about the table, after its title."""
    label: LatexLabel | None = None
    """What LaTeX refers to it by; `tab:` and the table's name, if not given."""
    note: Text | None = None
    """A sentence under the table."""
    about: Text | None = None
    """What of it is published, repaired and one's own, and why: for the document of the experiments."""
    metric: Text | None = None
    """What a cell shows, unless its column says otherwise."""
    format: Format = ".4f"
    rows: tuple[Row, ...] = Field(min_length=1)
    columns: tuple[Column, ...] = Field(min_length=1)
    variants: tuple[Variant, ...] = ()
    """Several values in one cell, in this order."""
    better: Better | None = None
    """Which value is best, higher or lower; a column may state its own."""
    best: Literal[True, False, "columns", "rows", "groups"] = True
    """What has its best in bold, with what is not significantly worse: each of the `columns` (true), of the
    `rows`, or each column within each of the `groups` of rows; false: nothing."""
    intervals: StrictBool = False
    """Whether cells show 95 % intervals."""
    transpose: StrictBool = False
    """Whether rows are shown as columns, and columns as rows; all else means what it meant."""
    compare: Literal[True, False, "compact"] = False
    """Whether the authors' numbers stand beside ours, with the difference, where the scale is theirs;
    `compact`: in one column, as `0.2971 (.2971)`."""
    tolerance: StatedTolerance | None = None
    """How far from the reported numbers ours may be; a column or a reported cell may state its own."""
    reported: Reported | None = None
    """The authors' own numbers, where reported.yaml does not hold them."""

    def variant_index(self, variant: str | None) -> int:
        """Return where a variant stands in a cell; 0 where the cell has one value for all."""
        labels = [variant.label for variant in self.variants]
        return labels.index(variant) if variant in labels else 0

    def seeds_of(self, row: Row, column: Column, variant: Variant | None) -> Seeds | None:
        """Return the seeds that the innermost level of a cell states."""
        levels = (variant, column, row, self)
        return next((level.seeds for level in levels if level and level.seeds), None)

    def format_of(self, column: Column, row: Row | None = None) -> str:
        return (row and row.format) or column.format or self.format

    def better_of(self, column: Column) -> Better | None:
        """Return which value of a column is best; of a derived one as of its parts, where they agree."""
        derivation = column.derivation
        if column.better or derivation is None:
            return column.better or self.better
        if derivation.kind == "rank":
            return "lower"
        stated = {part.better or self.better for part in self.columns if part.label in derivation.of}
        return stated.pop() if len(stated) == 1 else None

    def tolerance_of(self, column: Column, cell: ReportedCell) -> Tolerance | None:
        """Return the nearest tolerance that is stated for a reported cell."""
        stated = (cell.tolerance, column.tolerance, self.tolerance)
        return next((tolerance for tolerance in stated if tolerance is not None), None)


class TablesFile(Frozen):
    """config/tables.yaml: the matrix."""

    tables: dict[Name, Table]
