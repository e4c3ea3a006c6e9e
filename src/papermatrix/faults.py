"""A model's validation errors as faults in a file, by line and key."""

from __future__ import annotations

from collections.abc import Collection
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from jobkit.errors import UserError, did_you_mean, nearest
from papermatrix.value_schema import shown
from papermatrix.yamlfile import Document, Place

Model = TypeVar("Model", bound=BaseModel)

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "finite_number": "a finite number",
    "string_too_short": "some text",
    "too_short": "at least one",
    "string_pattern_mismatch": "small letters, digits and underscores",
}


def parse(model: type[Model], document: Document) -> Model:
    """The document as a model; a `UserError` with a line for every fault."""
    try:
        return model.model_validate(document.content if document.content is not None else {})
    except ValidationError as error:
        raise UserError(_faults(model, document, error.errors())) from None


def _faults(model: type[BaseModel], document: Document, errors: list[ErrorDetails]) -> list[str]:
    expected: dict[Place, list[str]] = {}
    faults: dict[Place, str] = {}
    for error in errors:
        kind, place = error["type"], _place(document, error)
        if error["loc"] and error["loc"][-1] == "[key]":
            faults[place] = f"expected a name of {_EXPECTED[kind]}"
        elif kind == "extra_forbidden":
            faults[place] = f"unknown key{did_you_mean(str(place[-1]), _keys(model, error['loc'][:-1]))}"
        elif kind == "missing":
            faults[place] = "missing"
        elif kind == "literal_error" and isinstance(value := document.value(place), str):
            choices = get_args(_kind(model, error["loc"]))
            faults[place] = (
                f"expected one of {', '.join(choices)}, found {shown(value)}{_hint(value, choices)}"
            )
        elif kind == "value_error":
            faults[place] = error["msg"].removeprefix("Value error, ")
        elif (words := _EXPECTED.get(kind, error["msg"])) not in expected.setdefault(place, []):
            expected[place].append(words)
    for place, alternatives in expected.items():
        if place in faults:
            continue
        # Where one of several forms fits but for something inside, the fault inside says it.
        if not any(_is_inside(other, place) for other in (*faults, *expected)):
            faults[place] = f"expected {' or '.join(alternatives)}, found {shown(document.value(place))}"
    return [f"{document.at(place)}: {faults[place]}" for place in sorted(faults, key=document.line)]


def _is_inside(inner: Place, outer: Place) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _place(document: Document, error: ErrorDetails) -> Place:
    """Where in the file; between its keys, pydantic names the form that it tried."""
    place: Place = ()
    for step in error["loc"]:
        value = document.value(place)
        if (isinstance(value, dict) and step in value) or (isinstance(value, list) and isinstance(step, int)):
            place = (*place, step)
    return (*place, error["loc"][-1]) if error["type"] == "missing" else place


def _hint(word: str, known: Collection[str]) -> str:
    match = nearest(word, known)
    return f"; did you mean {match}?" if match else ""


def _keys(model: Any, loc: tuple[str | int, ...]) -> list[str]:
    """The keys that the model at `loc` knows."""
    return [name for name, _ in _fields(_kind(model, loc))]


def _kind(kind: Any, loc: tuple[str | int, ...]) -> Any:
    """The type at `loc`, found by the types of the fields that lead there."""
    for step in loc:
        if issubclass(get_origin(kind) or kind, BaseModel):
            kind = next(field for name, field in _fields(kind) if name == step)
        else:
            kind = get_args(kind)[-1 if get_origin(kind) is dict else 0]
        while get_origin(kind) in (Annotated, Union, UnionType):
            kind = get_args(kind)[0]
    return kind


def _fields(model: type[BaseModel]) -> list[tuple[str, Any]]:
    return [(field.alias or name, field.annotation) for name, field in model.model_fields.items()]
