"""The types of fields that people write, and the model that all files are made of."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeGuard

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from papermatrix.config.metric import LARGEST

SETTINGS = "settings"
"""The entry of pydantic's context that holds the settings' schema."""
_FORMAT = re.compile(r"[+\- ]?#?0?\d{0,2}[,_]?(\.\d{1,2}(?=.))?[eEfFgG%]?")
IS_SETTINGS = "x-settings"
"""Marks a mapping of settings in the JSON Schema of a file."""


class Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        populate_by_name=True,
    )


def _expect(condition: bool, expected: str) -> None:
    if not condition:
        raise ValueError(f"expected {expected}")


def _within_range(value: int | float) -> int | float:
    _expect(abs(value) <= LARGEST, f"a number between -{LARGEST:g} and {LARGEST:g}")
    return value


def _unique_seeds(values: tuple[int, ...]) -> tuple[int, ...]:
    _expect(len(set(values)) == len(values), "every seed once")
    return values


def _number_format(value: str) -> str:
    _expect(bool(_FORMAT.fullmatch(value)), "a number's format, such as .4f or ,.0f, of at most 99 digits")
    return value


def _latex_label(value: str) -> str:
    _expect(bool(re.fullmatch(r"[A-Za-z0-9:._-]+", value)), "letters, digits and any of : . _ -")
    return value


def _not_negative(value: float) -> float:
    _expect(value >= 0, "a number that is not negative")
    return value


def _positive(value: float) -> float:
    _expect(value > 0, "a number above 0")
    return value


def _canonical_settings(content: Any, info: ValidationInfo) -> Any:
    """Return settings in canonical form, by dotted key, where the context has their schema."""
    if not info.context:
        return content
    settings, issues = info.context[SETTINGS].resolve(content)
    if not issues:
        return settings
    errors = [
        InitErrorDetails(
            type=PydanticCustomError("setting", "{message}", {"message": message}), loc=path, input=content
        )
        for path, message in issues
    ]
    raise ValidationError.from_exception_data("settings", errors)


Number = Annotated[StrictInt | StrictFloat, AfterValidator(_within_range)]
Positive = Annotated[Number, AfterValidator(_positive)]
Tolerance = Annotated[Number, AfterValidator(_not_negative)]
Text = Annotated[StrictStr, Field(min_length=1)]
Name = Annotated[StrictStr, Field(pattern=r"^[a-z0-9_]+$")]
"""A file's name on every system: small letters, digits and underscores."""
Format = Annotated[StrictStr, AfterValidator(_number_format)]
LatexLabel = Annotated[StrictStr, AfterValidator(_latex_label)]
Seeds = Annotated[tuple[StrictInt, ...], Field(min_length=1), AfterValidator(_unique_seeds)]
Settings = Annotated[
    dict[str, Any],
    BeforeValidator(_canonical_settings),
    WithJsonSchema({"type": "object", IS_SETTINGS: True}),
]
"""Settings, nested or with dotted keys; by dotted key and in canonical form once a project is loaded."""
ReportedValue = Number | Text | None
"""What the paper's authors wrote down; None where they left it empty."""


def is_number(value: ReportedValue) -> TypeGuard[Number]:
    return isinstance(value, int | float)
