"""config/reported.yaml as frozen models: every number that the paper's authors wrote down."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from papermatrix.config.fields import Frozen, Name, ReportedValue, Text, Tolerance, allow_short_forms


class ReportedCell(Frozen):
    """What the authors wrote down for one cell; a number or a list alone stands for its `values`."""

    model_config = ConfigDict(json_schema_extra=allow_short_forms("number", "string", "null", "array"))

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
    def by_variant(self) -> tuple[ReportedValue, ...]:
        return self.values if isinstance(self.values, tuple) else (self.values,)

    def of(self, variant_index: int) -> ReportedValue:
        """Return the value of a variant; one value alone is that of all."""
        return self.by_variant[min(variant_index, len(self.by_variant) - 1)]


Reported = dict[str, dict[str, ReportedCell]]
"""By the labels of row and column."""


class ReportedFile(Frozen):
    """config/reported.yaml: every number that the paper's authors wrote down."""

    source: Text
    """What the numbers are, for the line above them."""
    scale: Text
    """The scale at which ours could be compared with them."""
    tables: dict[Name, Reported] = Field(default={})
