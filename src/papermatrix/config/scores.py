"""What a stage measures: its scores by name, several at once as a pattern, some with some settings only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StrictStr, model_validator

from papermatrix.config.fields import Frozen, Settings, allow_short_forms, settings_text
from papermatrix.config.score_pattern import ScorePattern, parse_pattern


def meets(when: Mapping[str, Any], unless: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Return whether settings, by dotted key, are those of `when` and not those of `unless`."""
    is_excluded = bool(unless) and unless.items() <= settings.items()
    return when.items() <= settings.items() and not is_excluded


def _check_pattern(text: str) -> str:
    parse_pattern(text)
    return text


class StageScore(Frozen):
    """Scores of a stage; a text alone stands for its `score`."""

    model_config = ConfigDict(json_schema_extra=allow_short_forms("string"))

    score: Annotated[StrictStr, AfterValidator(_check_pattern)]
    """Their names, as metrics have them. `{31..34}` is each of these numbers, `{a,b}` each of these words,
    `*` any one step; `{1..data.horizon}` and `{data.unseen_scenario}` go by settings. `dba` stands for
    `dba.overall` too."""
    when: Settings = Field(default={})
    """Settings with which they are measured."""
    unless: Settings = Field(default={})
    """Settings with which they are not."""

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, content: Any) -> Any:
        return content if isinstance(content, dict) else {"score": content}

    @property
    def pattern(self) -> ScorePattern:
        return parse_pattern(self.score)

    @property
    def keys(self) -> tuple[str, ...]:
        """The settings that decide whether there are such scores, each once."""
        return tuple(dict.fromkeys((*self.when, *self.unless, *self.pattern.keys)))

    def has(self, name: str, settings: Mapping[str, Any]) -> bool:
        """Return whether one of them, with these settings, has a name."""
        values = {key: [settings.get(key)] for key in self.pattern.keys}
        return meets(self.when, self.unless, settings) and self.pattern.matches(name, values)

    def __str__(self) -> str:
        """Write what is declared: `dba.scenario{31..34} unless data.split: unseen`."""
        conditions = [
            f" {word} {settings_text(stated)}"
            for word, stated in (("when", self.when), ("unless", self.unless))
            if stated
        ]
        return self.score + "".join(conditions)
