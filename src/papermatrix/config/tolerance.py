"""How far from a reported number ours may be: `0.02`, `5 %` of it, or `{sd: 2}`, its standard deviations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, WithJsonSchema

from jobkit.validation import show
from papermatrix.config.metric import LARGEST
from papermatrix.config.numerals import expect_decimal_point

_PERCENTAGE = re.compile(r"(\d+(?:\.\d+)?) ?%")


@dataclass(frozen=True)
class Tolerance:
    """An amount of the column's own unit, of `%` of the reported number, or of its `sd`."""

    amount: float
    unit: Literal["", "%", "sd"] = ""

    def __str__(self) -> str:
        return f"{self.amount:g} {self.unit}".strip()

    def around(self, mean: float, sd: float | None) -> float | None:
        """Return how far from a reported number ours may be, as the column shows it; None without its sd."""
        if self.unit == "%":
            return abs(mean) * self.amount / 100
        if self.unit == "sd":
            return None if sd is None else self.amount * sd
        return self.amount


def _is_amount(content: Any) -> bool:
    return isinstance(content, int | float) and not isinstance(content, bool) and 0 <= content <= LARGEST


def _from_written(content: Any) -> Tolerance:
    if isinstance(content, Tolerance):
        return content
    if isinstance(content, str) and (percentage := _PERCENTAGE.fullmatch(content)):
        return Tolerance(float(percentage[1]), "%")
    if isinstance(content, dict) and list(content) == ["sd"] and _is_amount(content["sd"]):
        return Tolerance(content["sd"], "sd")
    if _is_amount(content):
        return Tolerance(content)
    expect_decimal_point(content)
    raise ValueError(
        f"expected a number of at least 0, a percentage such as 5 %, or {{sd: 2}}, found {show(content)}"
    )


_AMOUNT = {"type": "number", "minimum": 0}
StatedTolerance = Annotated[
    Tolerance,
    BeforeValidator(_from_written),
    WithJsonSchema(
        {
            "anyOf": [
                _AMOUNT,
                {"type": "string", "pattern": f"^{_PERCENTAGE.pattern}$"},
                {
                    "type": "object",
                    "properties": {"sd": _AMOUNT},
                    "required": ["sd"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
