"""config/stages.yaml as frozen models: what each kind of job depends on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import AliasChoices, Field, StrictStr

from jobkit.errors import nearest
from jobkit.source import Source, parse_source
from papermatrix.config.fields import FileName, Frozen, Label, Name, Names, Settings, Text
from papermatrix.config.metric import COSTS, Metric
from papermatrix.config.score_pattern import Values
from papermatrix.config.scores import StageScore, meets


class Ignored(Frozen):
    """Settings that cannot matter under a condition: jobs that differ in them alone are one job."""

    settings: tuple[Text, ...] = Field(min_length=1)
    when: Text
    """A Jinja2 expression over the settings, such as rebuild.replace == 'any'."""


class Stage(Frozen):
    """A kind of job."""

    needs: Text | None = None
    """The stage before it."""
    uses: tuple[Text, ...] = Field(min_length=1)
    """The sections and settings that its result depends on, besides those of the stages before it."""
    when: Settings = Field(default={})
    """Settings with which the stage takes place; with others, what needs it needs the stage before it."""
    unless: Settings = Field(default={})
    """Settings with which it does not."""
    slug: StrictStr = ""
    """The readable part of a job's id: a Jinja2 template over the settings."""
    source: Names = ()
    """What makes the result: modules, with all that they import of the project, and patterns of files (with a
    slash or a star). A result is stale once the code that counts has changed."""
    checkpoint: tuple[FileName, ...] = ()
    """Files and folders beside its results that only later stages read, and that each of these is taken to
    need; config.yaml's `keep` says how long they stay."""
    ignores: tuple[Ignored, ...] = ()
    """Settings that cannot matter beside others."""
    reads_data_root: Settings | None = None
    """Settings with which its jobs read the folder `data_root` of config.yaml; {}: always."""
    scores: tuple[StageScore, ...] | None = None
    """All that its results measure, so that a metric that is none of it is an error before anything runs;
    where it is not given, any name passes."""
    part: Text | dict[Text, Text] | None = None
    """The part of the data that its scores are of, such as `test`; by score where that is not all of them."""

    def part_of(self, score: str) -> str | None:
        """Return which part of the data a score is of; None where it is of none."""
        return self.part.get(score) if isinstance(self.part, dict) else self.part

    def takes_place(self, settings: dict[str, Any]) -> bool:
        """Return whether a job of this stage runs with these settings, given by dotted key."""
        return meets(self.when, self.unless, settings)


class SampleNames(Frozen):
    samples: Label = "samples"
    clusters: Label = "clusters"


_ENDINGS = {"sses": "ss", "xes": "x", "ches": "ch", "ies": "y", "s": ""}
"""Of English plurals, with what a single one has."""


def counted(count: int, plural: str) -> str:
    """Write a number of things: `1 pass`, `1,430 windows`."""
    if count != 1:
        return f"{count:,} {plural}"
    ending = next((ending for ending in _ENDINGS if plural.endswith(ending)), "")
    return f"1 {plural.removesuffix(ending)}{_ENDINGS.get(ending, '')}"


class StagesFile(Frozen):
    """config/stages.yaml: what each kind of job depends on."""

    stages: dict[Name, Stage] = Field(min_length=1)
    scores: Text
    """The stage whose scores a metric names, unless it begins with another stage's name."""
    header: dict[Text, Text] = Field(default={})
    """Settings worth a line above every table, by what to call them."""
    header_scores: dict[Text, Text] = Field(
        default={}, validation_alias=AliasChoices("header_scores", "counted")
    )
    """Scores of any stage worth a line above a table where they are not 0, by what to call them."""
    sample_names: SampleNames = SampleNames()
    """What the samples and clusters of `samples.parquet` are: `613 windows in 20 passes`."""
    settings_modules: Names = ()
    """Modules that declare settings: of settings their values count, not their source."""

    @property
    def data_stages(self) -> list[str]:
        """Return the stages whose jobs may read the folder of recorded data."""
        return [name for name, stage in self.stages.items() if stage.reads_data_root is not None]

    def source(self, name: str) -> Source:
        """Return the source of a stage's results."""
        return parse_source(self.stages[name].source, self.settings_modules)

    def unknown_score(self, metric: Metric, values: Values) -> Iterator[str]:
        """Yield what is wrong with a metric that its stage declares with no settings; costs are known.

        `values` are what settings can be.
        """
        scores, name = self.stages[metric.stage].scores, ".".join(metric.path)
        if metric.is_cost or scores is None or any(score.pattern.matches(name, values) for score in scores):
            return
        match = nearest(metric.name, self._metrics(values))
        known = ", ".join(score.score for score in scores)
        hint = f"did you mean {match}?" if match else f"expected one of {known}" if known else "it has none"
        yield f"no score of {metric.stage}; {hint}"

    def _metrics(self, values: Values) -> list[str]:
        """Return the metrics that are known by name."""
        metrics = []
        for stage, declared in self.stages.items():
            prefix = "" if stage == self.scores else f"{stage}."
            scores = (name for score in declared.scores or () for name in score.pattern.names(values))
            metrics += [f"{prefix}{name}" for name in (*scores, *(f"cost.{cost}" for cost in COSTS))]
        return metrics

    def before(self, name: str) -> list[str]:
        """Return the stages that a stage depends on, the nearest first."""
        stages: list[str] = []
        needs = self.stages[name].needs
        while needs in self.stages and needs not in stages:
            stages.append(needs)
            needs = self.stages[needs].needs
        return stages
