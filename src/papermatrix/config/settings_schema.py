"""Settings that papermatrix checks and completes without understanding them, by their JSON Schema.

A setting is known by its dotted key (`model.layers`). An object in the schema is a section; what has no
properties of its own is a setting. A true-or-false setting called `published` states nothing itself: it gives
every setting beside it that nobody stated the value of its `x-published`.

A setting that is newer than results has an `x-neutral`: with that value all is as before the setting existed,
and it does not make another job.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, SchemaError

from jobkit.errors import UserError, did_you_mean, nearest
from jobkit.files import read_json
from jobkit.settings import PUBLISHED, Flat, with_published
from jobkit.validation import show, slip
from jobkit.yaml12 import Document, KeyPath
from papermatrix.config.value_schema import ValueSchema

Issue = tuple[KeyPath, str]
"""Where a mapping of settings is wrong, from the mapping on, and what is wrong."""


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
        self._neutral: Flat = {}
        self.retired: frozenset[str] = frozenset(schema.get("x-retired", ()))
        """Settings that there were once, and that changed no result."""
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
            if "x-neutral" in inner.schema:
                self._neutral[key] = inner.canonical(inner.schema["x-neutral"])
            if "x-published" in inner.schema:
                self._published.setdefault(switch, {})[key] = inner.canonical(inner.schema["x-published"])

    @cached_property
    def choices(self) -> dict[str, list[Any]]:
        """The values of those settings that have few."""
        return {key: value.schema["enum"] for key, value in self.settings.items() if "enum" in value.schema}

    def complete(self, stated: Flat) -> Flat:
        """Return every setting's value: as stated, else as published where asked for, else its default."""
        values = self._defaults | stated
        for switch, published in self._published.items():
            if switch in stated:
                values |= with_published(stated, published, switch)
                del values[switch]
        return values

    def defaults_of(self, keys: Iterable[str]) -> Flat:
        return {key: self._defaults[key] for key in keys}

    def without_neutral(self, settings: Flat) -> Flat:
        """Return the settings that make a job another one: those that have not their neutral value."""
        return {k: v for k, v in settings.items() if k not in self._neutral or v != self._neutral[k]}

    def complete_older(self, settings: Flat) -> Flat:
        """Return every setting's value in a job that was made before some of them existed."""
        return self._defaults | self._neutral | {k: v for k, v in settings.items() if k in self._defaults}

    def json_schema(self) -> dict[str, Any]:
        """Return the schema of a mapping of settings, nested or dotted; it refers to `definitions`."""
        plain = {key: value.schema for key, value in self.settings.items()}
        return {"type": "object", "additionalProperties": False, "properties": {**self._inner, **plain}}

    def keys_of(self, *names: str) -> list[str]:
        """Return the settings that names of sections or settings stand for; none for an unknown name."""
        return [key for name in names for key in self._defaults if key == name or key.startswith(f"{name}.")]

    def unknown(self, key: str) -> str:
        """Return what is wrong with a key that is not known, by its first part that is not."""
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

    def resolve(self, content: Any) -> tuple[Flat, list[Issue]]:
        """Return settings that are nested or dotted by dotted key, in canonical form, and what is wrong."""
        values: Flat = {}
        issues: list[Issue] = []
        if content is not None:
            self._resolve(content, (), "", values, issues)
        return values, issues

    def _resolve(self, content: Any, path: KeyPath, section: str, values: Flat, issues: list[Issue]) -> None:
        if not isinstance(content, Mapping):
            expected = "a mapping of settings"
            hint = slip(content, expected)
            issues.append((path, f"expected {expected}, found {show(content)}{hint}"))
            return
        for name, value in content.items():
            key, inner = _join(section, name), (*path, name)
            if key in self.sections:
                self._resolve(value, inner, key, values, issues)
            elif key not in self.settings:
                issues.append((inner, self.unknown(key)))
            elif message := self.settings[key].mismatch(value):
                issues.append((inner, message))
            elif key in values:
                issues.append((inner, "given twice, nested and dotted"))
            else:
                values[key] = self.settings[key].canonical(value)

    def read(self, document: Document) -> Flat:
        """Return the settings of a whole file; a `UserError` has every issue."""
        values, issues = self.resolve(document.content)
        if issues:
            raise UserError(document.diagnostic(path, message) for path, message in issues)
        return values


def read_schema(path: Path) -> SettingsSchema:
    """Read the schema in a JSON file; a `UserError` where it is none."""
    content = read_json(path)
    try:
        Draft202012Validator.check_schema(content, format_checker=Draft202012Validator.FORMAT_CHECKER)
        return SettingsSchema(content)
    except SchemaError as error:
        key = ".".join(map(str, error.path))
        raise UserError(f"{path}: {f'{key}: ' if key else ''}not a JSON Schema ({error.message})") from None
    except RecursionError:
        raise UserError(f"{path}: not a JSON Schema of settings (a definition refers to itself)") from None
    except KeyError as error:
        name = error.args[0]
        lacks = "no properties" if name == "properties" else f"no definition {name}"
        raise UserError(f"{path}: not a JSON Schema of settings ({lacks})") from None
    except (TypeError, AttributeError, ValueError):
        expected = "an object whose properties are settings, or sections of them"
        raise UserError(f"{path}: not a JSON Schema of settings; expected {expected}") from None


def _join(section: str, name: str) -> str:
    return f"{section}.{name}" if section else name
