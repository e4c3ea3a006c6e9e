"""config/stages.yaml as frozen models: what each kind of job depends on."""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, Field, StrictStr

from papermatrix.config.fields import Frozen, Name, Settings, Text


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
    source: Text | None = None
    """The module that makes the result; one whose source has changed since is stale."""

    def takes_place(self, settings: dict[str, Any]) -> bool:
        """Return whether a job of this stage runs with these settings, given by dotted key."""
        is_excluded = bool(self.unless) and self.unless.items() <= settings.items()
        return self.when.items() <= settings.items() and not is_excluded


class DataRoot(Frozen):
    """Which setting config.yaml's `data_root` sets, and with which settings."""

    setting: Text
    when: Settings = Field(default={})


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
    data_root: DataRoot | None = None

    def before(self, name: str) -> list[str]:
        """Return the stages that a stage depends on, the nearest first."""
        stages: list[str] = []
        needs = self.stages[name].needs
        while needs in self.stages and needs not in stages:
            stages.append(needs)
            needs = self.stages[needs].needs
        return stages
