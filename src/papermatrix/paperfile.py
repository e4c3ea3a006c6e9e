"""config/paper.yaml as frozen models: what a paper holds besides its tables.

Its figures, the numbers in its text, the rules that its reported numbers must obey, and what it would cost.
A table that is not there is a fault only where a figure, a number or a rule of it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictInt, StrictStr

from jobkit.errors import did_you_mean
from papermatrix.references import Fault, check_source, settings_of
from papermatrix.settings import SettingsSchema
from papermatrix.spec import Format, Frozen, Name, Number, StagesFile, Table, Text
from papermatrix.yamlfile import Document, Place

MACRO = re.compile(r"[A-Za-z]+")
"""A macro's name: LaTeX takes letters only."""
SCALE_MACRO = "resultScale"
"""The macro that every paper has: the scale of all numbers that are its own."""
MOST_POINTS = 1_000_000
"""Of a running mean."""


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError("expected a number above 0")
    return value


def _file_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", value):
        raise ValueError("expected the name of a file in a job's folder, such as history.csv")
    return value


def _points(value: int) -> int:
    if not 0 < value <= MOST_POINTS:
        raise ValueError(f"expected a whole number from 1 to {MOST_POINTS:,}")
    return value


Positive = Annotated[Number, AfterValidator(_positive)]
Points = Annotated[StrictInt, AfterValidator(_points)]
FileName = Annotated[StrictStr, AfterValidator(_file_name)]


class CellName(Frozen):
    table: Name
    row: Text
    column: Text
    variant: Text | None = None
    """Needed where the table has variants."""


class NumberOf(CellName):
    """A number in the paper's text."""

    reported: bool = False
    """The authors' own, in place of ours."""
    format: Format | None = None
    """The column's where it is not given."""


class Axis(Frozen):
    column: Text
    """Of the jobs' CSV file."""
    label: Text
    """With its unit."""
    scale: Literal["linear", "log"] = "linear"


class Figure(Frozen):
    """Curves from a CSV file that lies beside the results of a stage's jobs."""

    kind: Literal["rows", "jobs"]
    """`rows`: a line for each row of the table; `jobs`: panels of its own for each job."""
    title: Text
    table: Name
    stage: Name
    column: Text | None = None
    """With `rows`: the jobs of which column of the table."""
    variant: Text | None = None
    file: FileName = "history.csv"
    x: Axis
    panels: tuple[Axis, ...] = Field(min_length=1)
    smooth: Points = 1
    """A running mean over so many points, drawn over the pale raw line."""


class Command(Frozen):
    """A program that computes facts from settings and prints them as JSON; run without a shell."""

    run: tuple[Text, ...] = Field(min_length=1)
    """Its words. `{scale}` is the scale of the reported numbers; `{settings}` is replaced by `setting`, once
    for every setting."""
    setting: tuple[Text, ...] = ("--set", "{key}={value}")
    uses: tuple[Text, ...] = Field(min_length=1)
    """The sections and settings that it is given."""
    source: Text | None = None
    """The module that computes: its facts are computed again when that changes."""


class OfRows(Frozen):
    """A rule that each row with all the numbers that it needs must obey."""

    table: Name
    rows: tuple[Text, ...] | None = None
    """All rows, where none are named."""


class WeightedMean(OfRows):
    """A number is the weighted mean of others in its row."""

    whole: Text
    parts: dict[Text, Positive] = Field(min_length=1)
    """The parts' columns with their weights."""


class Product(OfRows):
    """A number is the product of others in its row, over a divisor."""

    product: Text
    factors: tuple[Text, ...] = Field(min_length=1)
    divisor: Positive = 1


class Pair(Frozen):
    """Two reported cells that must hold the same number."""

    cell: CellName
    other: CellName
    because: Text
    """Why; ends the sentence `it must equal table3, ...`."""


class Choice(Frozen):
    """The settings that a reported word stands for."""

    word: Text
    with_: dict[str, Any] = Field(default={}, alias="with")


class Computed(OfRows):
    """A number is what a command computes from its row's settings."""

    column: Text
    command: Name
    path: Text
    """The fact in the command's JSON: `parameters.total`."""
    with_: dict[str, Any] = Field(default={}, alias="with")
    """Settings in place of the row's."""
    by: Text | None = None
    """A column whose reported word chooses settings."""
    choices: tuple[Choice, ...] = ()


class Audit(Frozen):
    commands: dict[Name, Command] = Field(default={})
    weighted_means: tuple[WeightedMean, ...] = ()
    products: tuple[Product, ...] = ()
    same: tuple[Pair, ...] = ()
    computed: tuple[Computed, ...] = ()


class Rate(Frozen):
    when: dict[str, Any] = Field(default={})
    """Settings for which it was measured; the first that fits a job counts."""
    seconds: Positive
    """For one sample, measured."""
    samples: Positive | None = None
    """In one pass over the data; the stage's where it is not given."""


class StageCost(Frozen):
    samples: Positive
    """In one pass over the data."""
    passes: Text | None = None
    """The setting that says how many passes: `train.epochs`; one where it is not given."""
    rates: tuple[Rate, ...] = Field(min_length=1)


class PaperCost(Frozen):
    """What the whole matrix would take at a scale that was not run: samples x passes x measured seconds."""

    scale: Name
    device: Text
    """On which the seconds were measured."""
    about: Text | None = None
    """How they were measured, and what they leave out."""
    stages: dict[Name, StageCost]


class PaperFile(Frozen):
    """config/paper.yaml: what a paper holds besides its tables."""

    main: Text = "paper/main.tex"
    figures: dict[Name, Figure] = Field(default={})
    numbers: dict[Text, NumberOf] = Field(default={})
    """The macros of the paper's text, by their names without the backslash."""
    audit: Audit = Audit()
    cost: PaperCost | None = None


def places_of_settings(document: Document) -> Iterator[Place]:
    """Every mapping of settings that the file can have, also where it has faults elsewhere."""
    for rule, content in _items(document, ("audit", "computed")):
        yield (*rule, "with")
        for choice, _ in _items(document, (*rule, "choices")) if isinstance(content, dict) else ():
            yield (*choice, "with")
    stages = document.value(("cost", "stages"))
    for stage in stages if isinstance(stages, dict) else ():
        for rate, _ in _items(document, ("cost", "stages", stage, "rates")):
            yield (*rate, "when")


def _items(document: Document, place: Place) -> Iterator[tuple[Place, Any]]:
    values = document.value(place)
    for index, value in enumerate(values if isinstance(values, list) else []):
        yield (*place, index), value


def check_paper(
    file: PaperFile,
    tables: dict[str, Table],
    stages: StagesFile,
    schema: SettingsSchema,
    scales: Sequence[str],
) -> Iterator[Fault]:
    """Names that lead nowhere."""
    checks = _Checks(tables, stages)
    for name, figure in file.figures.items():
        place: Place = ("figures", name)
        yield from checks.stage((*place, "stage"), figure.stage)
        if figure.kind == "rows":
            if figure.column is None:
                yield place, "a figure of rows needs a column"
            else:
                yield from checks.column((*place, "column"), figure.table, figure.column)
            yield from checks.variant((*place, "variant"), figure.table, figure.variant)
        else:
            for key in figure.model_fields_set & {"column", "variant"}:
                yield (*place, key), "goes with rows only"
    for macro, number in file.numbers.items():
        if not MACRO.fullmatch(macro):
            yield ("numbers", macro), "expected a LaTeX macro's name: letters only"
        if macro == SCALE_MACRO:
            yield ("numbers", macro), "is the scale's name in every paper; expected another name"
        yield from checks.cell(("numbers", macro), number)
    audit = file.audit
    for kind, rules in (
        ("weighted_means", audit.weighted_means),
        ("products", audit.products),
        ("computed", audit.computed),
    ):
        for index, rule in enumerate(rules):
            yield from checks.rows(("audit", kind, index, "rows"), rule)
    for index, mean in enumerate(audit.weighted_means):
        place = ("audit", "weighted_means", index)
        yield from checks.column((*place, "whole"), mean.table, mean.whole)
        for part in mean.parts:
            yield from checks.column((*place, "parts", part), mean.table, part)
    for index, product in enumerate(audit.products):
        place = ("audit", "products", index)
        yield from checks.column((*place, "product"), product.table, product.product)
        for i, factor in enumerate(product.factors):
            yield from checks.column((*place, "factors", i), product.table, factor)
    for index, pair in enumerate(audit.same):
        yield from checks.cell(("audit", "same", index, "cell"), pair.cell)
        yield from checks.cell(("audit", "same", index, "other"), pair.other)
    for index, computed in enumerate(audit.computed):
        place = ("audit", "computed", index)
        yield from checks.column((*place, "column"), computed.table, computed.column)
        if computed.command not in audit.commands:
            known = list(audit.commands)
            yield (*place, "command"), f"unknown command{did_you_mean(computed.command, known)}"
        if computed.by is not None:
            yield from checks.column((*place, "by"), computed.table, computed.by)
        elif computed.choices:
            yield (*place, "choices"), "goes with by only"
    for name, command in audit.commands.items():
        for index, key in enumerate(command.uses):
            if not schema.keys_of(key):
                yield ("audit", "commands", name, "uses", index), schema.unknown(key)
        yield from check_source(("audit", "commands", name, "source"), command.source)
    if file.cost is None:
        return
    if file.cost.scale not in scales:
        yield ("cost", "scale"), f"no such scale{did_you_mean(file.cost.scale, scales)}"
    for stage, cost in file.cost.stages.items():
        place = ("cost", "stages", stage)
        yield from checks.stage(place, stage)
        if cost.passes is not None and stage in stages.stages:
            for fault in _passes(cost.passes, stage, stages, schema):
                yield (*place, "passes"), fault


def _passes(key: str, stage: str, stages: StagesFile, schema: SettingsSchema) -> Iterator[str]:
    """What is wrong with the setting that says how many passes a stage makes over its data."""
    if key not in schema.settings:
        yield schema.unknown(key)
    elif key not in settings_of(stages, stage, schema):
        yield f"no setting of {stage}, nor of a stage before it"
    elif schema.settings[key].schema.get("type") not in ("integer", "number"):
        yield f"expected a setting that is a number, not {schema.settings[key].expected()}"


class _Checks:
    """Each name against the tables and stages that there are; nothing about a table that is not there."""

    def __init__(self, tables: dict[str, Table], stages: StagesFile):
        self._tables = tables
        self._stages = list(stages.stages)

    def stage(self, place: Place, stage: str) -> Iterator[Fault]:
        if stage not in self._stages:
            yield place, f"unknown stage{did_you_mean(stage, self._stages)}"

    def cell(self, place: Place, cell: CellName) -> Iterator[Fault]:
        yield from self.row((*place, "row"), cell.table, cell.row)
        yield from self.column((*place, "column"), cell.table, cell.column)
        yield from self.variant((*place, "variant"), cell.table, cell.variant)

    def rows(self, place: Place, rule: OfRows) -> Iterator[Fault]:
        for index, row in enumerate(rule.rows or ()):
            yield from self.row((*place, index), rule.table, row)

    def row(self, place: Place, table: str, row: str) -> Iterator[Fault]:
        if table in self._tables:
            known = [each.label for each in self._tables[table].rows]
            if row not in known:
                yield place, f"unknown row{did_you_mean(row, known)}"

    def column(self, place: Place, table: str, column: str) -> Iterator[Fault]:
        if table in self._tables:
            known = [each.label for each in self._tables[table].columns]
            if column not in known:
                yield place, f"unknown column{did_you_mean(column, known)}"

    def variant(self, place: Place, table: str, variant: str | None) -> Iterator[Fault]:
        if table not in self._tables:
            return
        known = [each.label for each in self._tables[table].variants]
        if variant is None and known:
            yield place[:-1], f"expected a variant, one of {', '.join(known)}"
        elif variant is not None and variant not in known:
            hint = did_you_mean(variant, known) if known else f"; {table} has none"
            yield place, f"unknown variant{hint}"
