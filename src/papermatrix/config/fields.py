"""The types of fields that people write, and the model that all files are made of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
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

from jobkit.yaml12 import written
from papermatrix.config.metric import LARGEST
from papermatrix.config.numerals import expect_decimal_point

SETTINGS = "settings"
"""The entry of pydantic's context that holds the settings' schema."""
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


def allow_short_forms(*types: str) -> Callable[[dict[str, Any]], None]:
    """Return what lets a model's JSON Schema allow values of other types in place of the mapping."""

    def allow(schema: dict[str, Any]) -> None:
        whole = dict(schema)
        schema.clear()
        schema["anyOf"] = [whole, {"type": types[0] if len(types) == 1 else list(types)}]

    return allow


def settings_text(settings: Mapping[str, Any]) -> str:
    """Write settings as `data.split: unseen, model.layers: 2`."""
    texts = (value if isinstance(value, str) else json.dumps(value) for value in settings.values())
    return ", ".join(f"{key}: {text}" for key, text in zip(settings, texts, strict=True))


def _unique_seeds(values: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(values)) < len(values):
        raise ValueError("expected every seed once")
    return values


def _matching(pattern: str, expected: str) -> AfterValidator:
    """Return a validator of texts that match a whole pattern."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"expected {expected}")
        return text

    return AfterValidator(check)


def _as_written(value: Any) -> Any:
    text = written(value)
    return value if text is None else text


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


Number = Annotated[StrictInt | StrictFloat, Field(ge=-LARGEST, le=LARGEST)]
Positive = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Number, Field(ge=0)]
Text = Annotated[StrictStr, Field(min_length=1)]
Label = Annotated[
    Text,
    BeforeValidator(_as_written),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, {"type": "number"}]}),
]
"""A text for people; a number is one too, as it is written."""
Name = Annotated[StrictStr, Field(pattern=r"^[a-z0-9_]+$")]
"""A file's name on every system: small letters, digits and underscores."""
FileName = Annotated[
    StrictStr,
    _matching(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", "the name of a file in a job's folder, such as history.csv"),
]
Format = Annotated[
    StrictStr,
    _matching(
        r"[+\- ]?#?0?\d{0,2}[,_]?(\.\d{1,2}(?=.))?[eEfFgG%]?",
        "a number's format, such as .4f or ,.0f, of at most 99 digits",
    ),
]
_A_TEXT = {"type": "string", "minLength": 1}
Names = Annotated[
    tuple[Text, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [_A_TEXT, {"type": "array", "items": _A_TEXT}]}),
]
"""One name or several."""
LatexLabel = Annotated[StrictStr, _matching(r"[A-Za-z0-9:._-]+", "letters, digits and any of : . _ -")]
Seeds = Annotated[tuple[StrictInt, ...], Field(min_length=1), AfterValidator(_unique_seeds)]
Settings = Annotated[
    dict[str, Any],
    BeforeValidator(_canonical_settings),
    WithJsonSchema({"type": "object", IS_SETTINGS: True}),
]
"""Settings, nested or with dotted keys; by dotted key and in canonical form once a project is loaded."""
NumberOrText = Annotated[Number | Text, BeforeValidator(expect_decimal_point)]


def is_number(value: Number | Text | None) -> TypeGuard[Number]:
    return isinstance(value, int | float)
