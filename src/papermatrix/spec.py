"""The files that people write, as frozen models: config.yaml, tables.yaml, reported.yaml, stages.yaml.

Only their form is checked here, and what needs one file alone. `references` looks across files.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeGuard

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    field_validator,
    model_validator,
)

from papermatrix.metric import LARGEST

_FORMAT = re.compile(r"[+\- ]?#?0?\d{0,2}[,_]?(\.\d{1,2}(?=.))?[eEfFgG%]?")


def _within_range(value: int | float) -> int | float:
    if abs(value) > LARGEST:
        raise ValueError(f"expected a number between -{LARGEST:g} and {LARGEST:g}")
    return value


Number = Annotated[StrictInt | StrictFloat, AfterValidator(_within_range)]
Text = Annotated[StrictStr, Field(min_length=1)]
Name = Annotated[StrictStr, Field(pattern=r"^[a-z0-9_]+$")]
"""A file's name on every system: small letters, digits and underscores."""


def _each_once(values: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(values)) < len(values):
        raise ValueError("expected every seed once")
    return values


def _number_format(value: str) -> str:
    if not _FORMAT.fullmatch(value):
        raise ValueError("expected a number's format, such as .4f or ,.0f, of at most 99 digits")
    return value


def _not_negative(value: float) -> float:
    if value < 0:
        raise ValueError("expected a number that is not negative")
    return value


def _latex_label(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9:._-]+", value):
        raise ValueError("expected letters, digits and any of : . _ -")
    return value


Seeds = Annotated[tuple[StrictInt, ...], Field(min_length=1), AfterValidator(_each_once)]
Tolerance = Annotated[Number, AfterValidator(_not_negative)]
LatexLabel = Annotated[StrictStr, AfterValidator(_latex_label)]
Format = Annotated[StrictStr, AfterValidator(_number_format)]


class Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        populate_by_name=True,
    )


class Level(Frozen):
    """What a table, a row, a column and a variant can all state; the later of them wins."""

    with_: dict[str, Any] = Field(default={}, alias="with")
    """Settings that differ from the scale's, nested or with dotted keys."""
    at: dict[Name, dict[str, Any]] = {}
    """Settings at one scale only, by its name; they win over `with` beside them."""
    seeds: Seeds | None = None
    """One run for each; the cell shows their mean and its spread."""


class Row(Level):
    label: Text
    group: Text | None = None
    """A line above this row and the rows after it that state the same."""
    note: Text | None = None
    """A footnote to the label."""
    expect: Literal["diverged"] | None = None
    """With `diverged`: a run of this row that diverges is what it was made to show; no check fails for it."""
    values: dict[str, Number | Text] = {}
    """Cells that show what stands here, by their columns' labels, and that no job makes."""


class Column(Level):
    label: Text
    group: Text | None = None
    """A head over this column and the columns after it that state the same."""
    note: Text | None = None
    """A footnote to the label."""
    unit: Text | None = None
    """Stands after the label, in parentheses."""
    better: Literal["higher", "lower", "none"] | None = None
    """Which value of the column is best, to be in bold; of scores the higher where it is not given."""
    metric: Text | None = None
    """A score of the cell, or of a stage before it: `accuracy.part1`, `train.cost.device_hours`."""
    show: Text | None = None
    """A setting of the row, shown instead of a metric."""
    equals: Number | StrictBool | Text | None = None
    """With `show`: a check mark where the setting is this, or holds it."""
    names: dict[str, Text] = {}
    """With `show`: what to call the setting's values."""
    format: Format | None = None
    """A number's format, such as `.4f`; the table's where it is not given."""
    factor: Number = 1
    """What a metric is multiplied by before it is shown, such as 1e-9 for GB."""
    tolerance: Tolerance | None = None
    """How far from the reported numbers ours may be, as the column shows them; the table's if not given."""


class Variant(Level):
    label: Text


ReportedValue = Number | Text | None


def _allow_short_forms(schema: dict[str, Any]) -> None:
    whole = dict(schema)
    schema.clear()
    schema["anyOf"] = [whole, {"type": ["number", "string", "null", "array"]}]


def is_number(value: ReportedValue) -> TypeGuard[Number]:
    return isinstance(value, int | float)


class ReportedCell(Frozen):
    """What the authors wrote down for one cell; a number or a list alone stands for its `values`."""

    model_config = ConfigDict(json_schema_extra=_allow_short_forms)

    values: ReportedValue | Annotated[tuple[ReportedValue, ...], Field(min_length=1)]
    """One value, or one for each variant, as the column shows it; null where they left it empty."""
    suspect: Text | None = None
    """Why the number cannot be right; becomes a footnote."""
    tolerance: Tolerance | None = None
    """How far from it ours may be, as the column shows it; the column's or the table's if not given."""

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, content: Any) -> Any:
        return content if isinstance(content, dict) else {"values": content}

    @property
    def each(self) -> tuple[ReportedValue, ...]:
        return self.values if isinstance(self.values, tuple) else (self.values,)

    def of(self, position: int) -> ReportedValue:
        """The value of a variant, by its position; one value alone is that of all."""
        return self.each[min(position, len(self.each) - 1)]


Reported = dict[str, dict[str, ReportedCell]]
"""By the labels of row and column."""


class Table(Level):
    title: Text
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
    best: StrictBool = True
    """Whether the best of a column, and what is not significantly worse, is in bold."""
    compare: StrictBool = False
    """Whether the authors' numbers stand beside ours, with the difference, where the scale is theirs."""
    tolerance: Tolerance | None = None
    """How far from the reported numbers ours may be, as its columns show them."""
    reported: Reported | None = None
    """The authors' own numbers, where reported.yaml does not hold them."""

    def position(self, variant: str | None) -> int:
        """Where a variant stands in a cell; 0 where the cell has one value for all."""
        labels = [each.label for each in self.variants]
        return labels.index(variant) if variant in labels else 0


class TablesFile(Frozen):
    """config/tables.yaml: the matrix."""

    tables: dict[Name, Table]


class ReportedFile(Frozen):
    """config/reported.yaml: every number that the paper's authors wrote down."""

    source: Text
    """What the numbers are, for the line above them."""
    scale: Text
    """The scale at which ours could be compared with them."""
    tables: dict[Name, Reported] = {}


class Stage(Frozen):
    """A kind of job."""

    needs: Text | None = None
    """The stage before it."""
    uses: tuple[Text, ...] = Field(min_length=1)
    """The sections and settings that its result depends on, besides those of the stages before it."""
    when: dict[str, Any] = {}
    """Settings with which the stage takes place; with others, what needs it needs the stage before it."""
    unless: dict[str, Any] = {}
    """Settings with which it does not."""
    slug: StrictStr = ""
    """The readable part of a job's id: a Jinja2 template over the settings."""
    source: Text | None = None
    """The module that makes the result; one whose source has changed since is stale."""


class DataRoot(Frozen):
    """Which setting config.yaml's `data_root` sets, and with which settings."""

    setting: Text
    when: dict[str, Any] = {}


class StagesFile(Frozen):
    """config/stages.yaml: what each kind of job depends on."""

    stages: dict[Name, Stage] = Field(min_length=1)
    scores: Text
    """The stage whose scores a metric names, unless it begins with another stage's name."""
    header: dict[Text, Text] = {}
    """Settings worth a line above every table, by what to call them."""
    counted: dict[Text, Text] = {}
    """Scores of any stage that deserve a line above a table where they are not 0, by what to call them."""
    data_root: DataRoot | None = None


class Config(Frozen):
    """config/config.yaml, and what `--config key=value` changes of it."""

    scale: Name
    """The base settings: a file of `scales`."""
    tables: Text = "config/tables.yaml"
    stages: Text = "config/stages.yaml"
    reported: Text | None = None
    paper: Text | None = None
    """Figures, numbers, rules and costs of the paper."""
    settings: Text = "config/settings.schema.json"
    """JSON Schema of all settings, with their defaults."""
    scales: Text = "config/scales"
    """Folder of the scales."""
    seeds: Seeds | None = None
    """For every table that states no seeds of its own."""
    device: Text = "auto"
    """What jobs run on."""
    gpu: StrictBool = False
    """Whether jobs that compute ask the scheduler for a GPU, and a training for as many as it shares."""
    gpu_model: Text | None = None
    """The GPUs' model, by the name that the scheduler has for it."""
    data_root: Text | None = None
    """Folder of the recorded data."""
    on_stale: Literal["keep", "fail"] = "keep"
    """What a run does with results that other source made: mark them, or not begin."""

    @field_validator("on_stale", mode="before")
    @classmethod
    def _rerun_is_a_command(cls, value: Any) -> Any:
        if value == "rerun":
            raise ValueError("expected keep or fail; to rerun stale jobs: papermatrix rerun")
        return value
