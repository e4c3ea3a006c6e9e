"""A pydantic model's validation errors as diagnostics in a file, by line and key."""

import re
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from jobkit.errors import Diagnostic, UserError, did_you_mean, nearest
from jobkit.expected import EXPECTED, expected
from jobkit.numerals import with_decimal_point
from jobkit.yaml12 import Document, KeyPath, written

Model = TypeVar("Model", bound=BaseModel)

UNKNOWN = "unknown key"
"""Begins what is said of a key that a model does not know."""
LONGEST = 100
"""Characters of a value that a message shows."""


def parse(model: type[Model], document: Document, context: Mapping[str, Any] | None = None) -> Model:
    """Return the document as a model; a `UserError` has every diagnostic."""
    try:
        return model.model_validate(document.content if document.content is not None else {}, context=context)
    except ValidationError as error:
        raise UserError(diagnostics(error, model, document)) from None


def diagnostics(error: ValidationError, model: type[BaseModel], document: Document) -> list[Diagnostic]:
    """Return one diagnostic for each key path where something is wrong, in the order of the lines."""
    messages: dict[KeyPath, str] = {}
    alternatives: dict[KeyPath, list[str]] = {}
    for details in error.errors():
        key_path = _key_path(document, details)
        if (message := _message(details, key_path, model, document)) is not None:
            messages[key_path] = message
        elif (text := expected(details)) not in alternatives.setdefault(key_path, []):
            alternatives[key_path].append(text)
    for key_path, types in alternatives.items():
        # Where one of several types fits but for something inside, the diagnostic inside says it.
        has_inner = any(_is_inside(other, key_path) for other in (*messages, *alternatives))
        if key_path not in messages and not has_inner:
            value, words = document.value(key_path), _one_of(types)
            messages[key_path] = f"expected {words}, found {show(value)}{slip(value, words)}"
    return [document.diagnostic(path, messages[path]) for path in sorted(messages, key=document.line)]


def _one_of(types: list[str]) -> str:
    """Join what was expected, a whole number being a number."""
    is_number = {"a number", "a finite number"} & set(types)
    return " or ".join(word for word in types if word != "a whole number" or not is_number)


def show(value: Any) -> str:
    """Return a value as a message shows it, at most so much of it as fits into a line."""
    text = "nothing" if value is None else _in_yaml(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _in_yaml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_in_yaml(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_in_yaml, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return written(value) or repr(value)


def slip(value: Any, expected: str) -> str:
    """Return what was probably meant by a value, by what was expected, to append to a message."""
    if expected == "text" and isinstance(value, int | float):
        return "; put it in quotes"
    if not isinstance(value, str):
        return ""
    if "number" in expected and (better := with_decimal_point(value)):
        return f"; write {better}"
    if "mapping" in expected and re.match(r"[\w.]+:\S", value):
        return "; a space is missing after the colon"
    return "; a space is missing after the -" if "list" in expected and re.match(r"-\S", value) else ""


def _message(
    details: ErrorDetails, key_path: KeyPath, model: type[BaseModel], document: Document
) -> str | None:
    """Return the whole message of an error that has no alternatives beside it."""
    kind, location = details["type"], details["loc"]
    if location and location[-1] == "[key]":
        return f"expected a name of {EXPECTED[kind]}"
    if kind == "extra_forbidden":
        return f"{UNKNOWN}{did_you_mean(str(key_path[-1]), _keys(model, location[:-1]))}"
    if kind == "missing":
        return "missing"
    if kind == "literal_error":
        value, named = (
            document.value(key_path),
            re.findall(r"'([^']*)'|\b(True|False)\b", details["ctx"]["expected"]),
        )
        choices = [text or truth.lower() for text, truth in named]
        match = nearest(value, choices) if isinstance(value, str) else None
        hint = f"; did you mean {match}?" if match else ""
        return f"expected one of {', '.join(choices)}, found {show(value)}{hint}"
    if kind in ("value_error", "setting"):
        return details["msg"].removeprefix("Value error, ")
    return None


def _is_inside(inner: KeyPath, outer: KeyPath) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _key_path(document: Document, details: ErrorDetails) -> KeyPath:
    """Return where in the file an error is; between its keys, pydantic names the type that it tried."""
    path: KeyPath = ()
    for step in details["loc"]:
        value = document.value(path)
        if (isinstance(value, dict) and step in value) or (isinstance(value, list) and isinstance(step, int)):
            path = (*path, step)
    return (*path, details["loc"][-1]) if details["type"] == "missing" else path


def _keys(model: Any, location: tuple[str | int, ...]) -> list[str]:
    """Return the keys that the model at a location knows."""
    for step in location:
        if issubclass(get_origin(model) or model, BaseModel):
            model = next(kind for name, kind in _fields(model) if name == step)
        else:
            model = get_args(model)[-1 if get_origin(model) is dict else 0]
        while get_origin(model) in (Annotated, Union, UnionType):
            model = get_args(model)[0]
    return [name for name, _ in _fields(model)]


def _fields(model: type[BaseModel]) -> list[tuple[str, Any]]:
    return [(field.alias or name, field.annotation) for name, field in model.model_fields.items()]
