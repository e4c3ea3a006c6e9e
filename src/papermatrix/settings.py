"""Settings that papermatrix checks and completes without understanding them, by their JSON Schema.

A setting is known by its dotted key (`model.layers`). An object in the schema is a section; what has no
properties of its own is a setting. A true-or-false setting called `published` states nothing itself: it gives
every setting beside it that nobody stated the value of its `x-published`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, SchemaError

from jobkit.errors import UserError, did_you_mean, nearest
from jobkit.files import read_json
from papermatrix.value_schema import ValueSchema, shown
from papermatrix.yamlfile import Document, Place

Flat = dict[str, Any]
"""Settings by dotted key."""
Nested = dict[str, Any]
"""Settings by section."""

PUBLISHED = "published"


class SettingsSchema:
    """All settings that jobs know."""

    def __init__(self, schema: Mapping[str, Any]):
        self.settings: dict[str, ValueSchema] = {}
        self.sections: dict[str, list[str]] = {}
        """The names in each section; the outermost section is ''."""
        self._inner: dict[str, Any] = {}
        """Schemas of sections, by dotted key."""
        self._defaults: Flat = {}
        self._published: dict[str, Flat] = {}
        """What each `published` stands for."""
        self.definitions: Mapping[str, Any] = schema.get("$defs", {})
        self._add_section("", ValueSchema(schema, self.definitions))

    def _add_section(self, section: str, schema: ValueSchema) -> None:
        properties = schema.schema["properties"]
        self.sections[section] = list(properties)
        switch = _join(section, PUBLISHED)
        for name, stated in properties.items():
            key, inner = _join(section, name), ValueSchema(stated, schema.definitions)
            if "properties" in inner.schema:
                self._inner[key] = stated
                self._add_section(key, inner)
                continue
            self.settings[key] = inner
            if key == switch:
                self._published.setdefault(switch, {})
                continue
            self._defaults[key] = inner.canonical(inner.schema.get("default"))
            if "x-published" in inner.schema:
                self._published.setdefault(switch, {})[key] = inner.canonical(inner.schema["x-published"])

    def complete(self, stated: Flat) -> Flat:
        """Every setting's value: as stated, else as published where that is asked for, else its default."""
        values = dict(self._defaults)
        for switch, published in self._published.items():
            if stated.get(switch) is True:
                values.update(published)
        values.update(stated)
        for switch in self._published:
            values.pop(switch, None)
        return values

    def json_schema(self) -> dict[str, Any]:
        """Of a mapping of settings, by section or by dotted key; refers to `definitions`."""
        plain = {key: value.schema for key, value in self.settings.items()}
        return {"type": "object", "additionalProperties": False, "properties": {**self._inner, **plain}}

    def keys_of(self, name: str) -> list[str]:
        """The settings that the name of a section or a setting stands for; none where it is unknown."""
        return [key for key in self._defaults if key == name or key.startswith(f"{name}.")]

    def unknown(self, key: str) -> str:
        """What is wrong with a key that is not known, by its first part that is not."""
        section, parts = "", key.split(".")
        while parts[0] in self.sections[section]:
            section = _join(section, parts.pop(0))
            if section not in self.sections:
                return f"unknown setting; {section} has no settings of its own"
            if not parts:
                return f"a section; expected one of its settings, {', '.join(self.sections[section])}"
        elsewhere = [known for known in self.settings if known.rpartition(".")[2] == parts[-1]]
        if nearest(parts[0], self.sections[section]) is None and len(elsewhere) == 1:
            return f"unknown setting; did you mean {elsewhere[0]}?"
        return f"unknown setting{did_you_mean(parts[0], self.sections[section])}"

    def read(self, document: Document, place: Place, faults: list[str]) -> Flat:
        """The settings in a mapping, nested or dotted, in canonical form; adds what is wrong to `faults`."""
        values: Flat = {}
        if document.value(place) is not None:
            self._read(document, place, "", values, faults)
        return values

    def _read(self, document: Document, place: Place, section: str, values: Flat, faults: list[str]) -> None:
        content = document.value(place)
        if not isinstance(content, Mapping):
            faults.append(f"{document.at(place)}: expected a mapping of settings, found {shown(content)}")
            return
        for name, value in content.items():
            key, inner = _join(section, name), (*place, name)
            if key in self.sections:
                self._read(document, inner, key, values, faults)
            elif key not in self.settings:
                faults.append(f"{document.at(inner)}: {self.unknown(key)}")
            elif fault := self.settings[key].fault(value):
                faults.append(f"{document.at(inner)}: {fault}")
            elif key in values:
                faults.append(f"{document.at(inner)}: given twice, nested and dotted")
            else:
                values[key] = self.settings[key].canonical(value)


def nested(flat: Flat) -> Nested:
    """`{"model.layers": 2}` as `{"model": {"layers": 2}}`."""
    document: Nested = {}
    for key, value in flat.items():
        *sections, name = key.split(".")
        inner = document
        for section in sections:
            inner = inner.setdefault(section, {})
        inner[name] = value
    return document


def merged(first: Nested, second: Nested) -> Nested:
    """The settings of both; a section that only one of them has is shared with it, not copied."""
    sections = [name for name in first.keys() & second.keys() if isinstance(first[name], dict)]
    return {**first, **second, **{name: merged(first[name], second[name]) for name in sections}}


def value_of(key: str, settings: Nested) -> Any:
    """A setting's value; KeyError where it is not stated."""
    for part in key.split("."):
        settings = settings[part]
    return settings


def stated(key: str, settings: Nested, otherwise: Any = None) -> Any:
    """A setting's value, or `otherwise` where it is not stated."""
    try:
        return value_of(key, settings)
    except KeyError:
        return otherwise


def read_schema(path: Path) -> SettingsSchema:
    """The schema in a JSON file; a `UserError` where it is none."""
    content = read_json(path)
    try:
        Draft202012Validator.check_schema(content, format_checker=Draft202012Validator.FORMAT_CHECKER)
        return SettingsSchema(content)
    except SchemaError as error:
        place = ".".join(map(str, error.path))
        raise UserError(
            f"{path}: {f'{place}: ' if place else ''}not a JSON Schema ({error.message})"
        ) from None
    except RecursionError:
        raise UserError(f"{path}: not a JSON Schema of settings (a definition refers to itself)") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{path}: not a JSON Schema of settings ({error!r})") from None


def _join(section: str, name: str) -> str:
    return f"{section}.{name}" if section else name
