"""config/paper.yaml as frozen models: what a paper holds besides its tables.

Its figures, the numbers in its text, the rules that its reported numbers must obey, and what it would cost.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from papermatrix.config.fields import FileName, Format, Frozen, Label, Name, Names, Positive, Settings, Text

SCALE_MACRO = "resultScale"
"""The macro that every paper has: the scale of all numbers that are its own."""
Points = Annotated[StrictInt, Field(ge=1, le=1_000_000)]
"""Of a running mean."""


class CellName(Frozen):
    table: Name
    row: Label
    column: Label
    variant: Label | None = None
    """Needed where the table has variants."""


class NumberOf(CellName):
    """A number in the paper's text."""

    reported: bool = False
    """The authors' own, in place of ours."""
    format: Format | None = None
    """The column's where it is not given."""


class Axis(Frozen):
    column: Label
    """Of the jobs' CSV file."""
    label: Label
    """With its unit."""
    scale: Literal["linear", "log"] = "linear"


class Figure(Frozen):
    """Curves from a CSV file that lies beside the results of a stage's jobs."""

    kind: Literal["rows", "jobs"]
    """`rows`: a line for each row of the table; `jobs`: panels of its own for each job."""
    title: Label
    table: Name
    stage: Name
    column: Label | None = None
    """With `rows`: the jobs of which column of the table."""
    variant: Label | None = None
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
    source: Names = ()
    """The module that computes: its facts are computed again when that changes."""


class OfRows(Frozen):
    """A rule that each row with all the numbers that it needs must obey."""

    table: Name
    rows: tuple[Label, ...] | None = None
    """All rows, where none are named."""


class WeightedMean(OfRows):
    """A number is the weighted mean of others in its row."""

    whole: Label
    parts: dict[Text, Positive] = Field(min_length=1)
    """The parts' columns with their weights."""


class Product(OfRows):
    """A number is the product of others in its row, over a divisor."""

    product: Label
    factors: tuple[Label, ...] = Field(min_length=1)
    divisor: Positive = 1


class Pair(Frozen):
    """Two reported cells that must hold the same number."""

    cell: CellName
    other: CellName
    because: Text
    """Why; ends the sentence `it must equal table3, ...`."""


class Choice(Frozen):
    """The settings that a reported word stands for."""

    word: Label
    with_: Settings = Field(default={}, alias="with")


class Computed(OfRows):
    """A number is what a command computes from its row's settings."""

    column: Label
    command: Name
    path: Text
    """The fact in the command's JSON: `parameters.total`."""
    with_: Settings = Field(default={}, alias="with")
    """Settings in place of the row's."""
    by: Label | None = None
    """A column whose reported word chooses settings."""
    choices: tuple[Choice, ...] = ()


class Audit(Frozen):
    commands: dict[Name, Command] = Field(default={})
    weighted_means: tuple[WeightedMean, ...] = ()
    products: tuple[Product, ...] = ()
    same: tuple[Pair, ...] = ()
    computed: tuple[Computed, ...] = ()


class Rate(Frozen):
    when: Settings = Field(default={})
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
