"""JSON documents as dataclasses: every field of its type, or a `ValueError` that says which is not."""

import dataclasses
import types
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Form = TypeVar("Form")
LARGEST = 2**63
"""Numbers this large, and those that are not finite, are none that a program wrote on purpose."""


def read_form(form: type[Form], content: Any) -> Form:
    """`content` as a dataclass whose fields are plain JSON, tuples, other dataclasses or unions of these."""
    if not isinstance(content, dict):
        raise ValueError(f"expected an object, found {type(content).__name__}")
    fields = {field.name: field for field in dataclasses.fields(form)}  # type: ignore[arg-type]
    if unknown := sorted(content.keys() - fields.keys()):
        raise ValueError(f"{unknown[0]}: unknown")
    kinds, values = get_type_hints(form), {}
    for name, field in fields.items():
        if name in content:
            values[name] = _value(name, kinds[name], content[name])
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ValueError(f"{name}: missing")
    return form(**values)


def _value(name: str, kind: Any, value: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind):
        return read_form(kind, value)  # type: ignore[arg-type]
    if origin is tuple and isinstance(value, list):
        return tuple(_value(name, arguments[0], item) for item in value)
    if origin is dict and isinstance(value, dict):
        return {key: _value(f"{name}.{key}", arguments[1], item) for key, item in value.items()}
    kinds = arguments if origin in (Union, types.UnionType) else (kind,)
    if kind is Any or any(_is(value, one) for one in kinds):
        return value
    raise ValueError(f"{name}: {str(value)[:80]!r}, expected {getattr(kind, '__name__', kind)}")


def _is(value: Any, kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if isinstance(value, bool):
        return kind is bool
    if isinstance(value, int | float):
        is_of_kind = kind is float or (kind is int and isinstance(value, int))
        return is_of_kind and abs(value) < LARGEST
    return isinstance(kind, type) and isinstance(value, kind)
