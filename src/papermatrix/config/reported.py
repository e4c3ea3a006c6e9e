"""config/reported.yaml as frozen models: every number that the paper's authors wrote down."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, StrictInt, model_validator

from papermatrix.config.fields import Frozen, Name, NotNegative, NumberOrText, Text, allow_short_forms
from papermatrix.config.numerals import expect_decimal_point
from papermatrix.config.tolerance import StatedTolerance


def _allow_short_forms(schema: dict[str, Any]) -> None:
    """Let a cell be its values alone, and let what one value consists of stand beside the rest."""
    whole, of_value = dict(schema), ReportedValue.model_json_schema()["anyOf"][0]
    values = whole["properties"]["values"]
    whole["properties"]["values"] = {"anyOf": [values["items"], {"type": "array", **values}]}
    whole["properties"] |= of_value["properties"]
    del whole["required"]
    schema.clear()
    schema["anyOf"] = [whole, values["items"], {"type": "array", "items": values["items"]}]


class ReportedValue(Frozen):
    """One value that the authors wrote down; a number, a text or null alone stands for its `mean`."""

    model_config = ConfigDict(json_schema_extra=allow_short_forms("number", "string", "null"))

    mean: NumberOrText | None
    """As the column shows it; null where they left it empty."""
    sd: Annotated[NotNegative, BeforeValidator(expect_decimal_point)] | None = None
    """Their standard deviation over runs, where they state one."""
    n: Annotated[StrictInt, Field(ge=1)] | None = None
    """The number of their runs."""

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, content: Any) -> Any:
        return content if isinstance(content, dict) else {"mean": content}


class ReportedCell(Frozen):
    """What the authors wrote down for one cell; without anything else its values stand for it."""

    model_config = ConfigDict(json_schema_extra=_allow_short_forms)

    values: Annotated[
        tuple[ReportedValue, ...],
        Field(min_length=1),
        BeforeValidator(lambda content: content if isinstance(content, list) else [content]),
    ]
    """One value, or one for each variant."""
    suspect: Text | None = None
    """Why the number cannot be right; becomes a footnote."""
    tolerance: StatedTolerance | None = None
    """How far from it ours may be: `0.02` as the column shows it, `5 %` of it, or `{sd: 2}`, its standard
    deviations; the column's or the table's if not given."""

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, content: Any) -> Any:
        """Gather what one value consists of where it stands beside the rest."""
        if not isinstance(content, dict):
            return {"values": content}
        if "values" in content or not ReportedValue.model_fields.keys() & content.keys():
            return content
        rest = {key: content[key] for key in ("suspect", "tolerance") if key in content}
        return {**rest, "values": {key: content[key] for key in content if key not in rest}}

    def of(self, variant_index: int) -> ReportedValue:
        """Return the value of a variant; one value alone is that of all."""
        return self.values[min(variant_index, len(self.values) - 1)]


Reported = dict[str, dict[str, ReportedCell]]
"""By the labels of row and column."""


class ReportedFile(Frozen):
    """config/reported.yaml: every number that the paper's authors wrote down."""

    source: Text
    """What the numbers are, for the line above them."""
    scale: Text
    """The scale at which ours could be compared with them."""
    tables: dict[Name, Reported] = Field(default={})
