"""A value against its JSON Schema: does it fit, what is its canonical form, what was expected in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from jsonschema import Draft202012Validator

from jobkit.errors import nearest
from jobkit.validation import show, slip

_TYPES = {
    "null": "null",
    "boolean": "true or false",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
}
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


class ValueSchema:
    """A schema with the definitions that it may refer to."""

    def __init__(self, schema: Mapping[str, Any], definitions: Mapping[str, Any]):
        self.definitions = definitions
        self.schema = self._resolved(schema)

    @cached_property
    def _validator(self) -> Draft202012Validator:
        return Draft202012Validator({**self.schema, "$defs": self.definitions})

    @cached_property
    def _alternatives(self) -> list[ValueSchema]:
        return [self._inner(alternative) for alternative in self.schema.get("anyOf", [])]

    def fits(self, value: Any) -> bool:
        return self._validator.is_valid(value) and _is_finite(value)

    def holds(self, value: Any) -> bool:
        """Return whether the value can be this, or an item of it."""
        return self.fits(value) or (self.schema.get("type") == "array" and self._item(0).fits(value))

    def mismatch(self, value: Any) -> str | None:
        """Return what was expected instead of a value that does not fit; None where it does."""
        if self.fits(value):
            return None
        match, expected = self._nearest(value), self.expected()
        hint = f"; did you mean {match}?" if match else slip(value, expected)
        return f"expected {expected}, found {show(value)}{hint}"

    def _nearest(self, value: Any) -> str | None:
        """Return the choice that was most likely meant, by a value or by the first wrong item of a list."""
        if isinstance(value, list) and self.schema.get("type") == "array":
            return next(
                (self._item(0)._nearest(item) for item in value if not self._item(0).fits(item)), None
            )
        words = [choice for choice in self.schema.get("enum", []) if isinstance(choice, str)]
        return nearest(value, words) if isinstance(value, str) else None

    def canonical(self, value: Any) -> Any:
        """Return one form for equal values: 1 for a number is 1.0, a set is in the order of its choices."""
        for alternative in self._alternatives:
            if alternative.fits(value):
                return alternative.canonical(value)
        kind = self.schema.get("type")
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value) if kind == "number" else int(value) if kind == "integer" else value
        if isinstance(value, list | tuple):
            items = [self._item(position).canonical(item) for position, item in enumerate(value)]
            choices = self._item(0).schema.get("enum")
            return sorted(items, key=choices.index) if choices and self.schema.get("uniqueItems") else items
        return value

    def expected(self) -> str:
        """Return the schema in words."""
        if self._alternatives:
            return " or ".join(alternative.expected() for alternative in self._alternatives)
        if "enum" in self.schema:
            return f"one of {', '.join(map(str, self.schema['enum']))}"
        if "const" in self.schema:
            return str(self.schema["const"])
        if self.schema.get("type") == "array":
            return self._expected_list()
        bounds = [f"{words} {self.schema[key]:g}" for key, words in _BOUNDS.items() if key in self.schema]
        kind = _TYPES.get(self.schema.get("type", ""), "another value")
        return f"{kind} {' and '.join(bounds)}" if bounds else kind

    def _expected_list(self) -> str:
        fewest, most = self.schema.get("minItems", 0), self.schema.get("maxItems")
        size = f"{fewest} " if fewest == most else f"at least {fewest} " if fewest else ""
        once = ", none twice" if self.schema.get("uniqueItems") else ""
        return f"a list of {size}values, each {self._item(0).expected()}{once}"

    def _item(self, position: int) -> ValueSchema:
        positional = self.schema.get("prefixItems", [])
        return self._inner(
            positional[position] if position < len(positional) else self.schema.get("items") or {}
        )

    def _inner(self, schema: Mapping[str, Any]) -> ValueSchema:
        return ValueSchema(schema, self.definitions)

    def _resolved(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        stated = {key: value for key, value in schema.items() if key != "$ref"}
        if "$ref" not in schema:
            return stated
        return {**self._resolved(self.definitions[schema["$ref"].rpartition("/")[2]]), **stated}


def _is_finite(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
