"""Settings as nested sections and by dotted keys: `{"model": {"layers": 2}}` and `{"model.layers": 2}`."""

from collections.abc import Mapping
from typing import Any

Flat = dict[str, Any]
"""Settings by dotted key."""
Nested = dict[str, Any]
"""Settings by section."""

PUBLISHED = "published"
"""The switch of a section that gives its settings the values of the authors' code."""


def nested(flat: Mapping[str, Any]) -> Nested:
    """Return settings by section; a value that is a section itself is merged into it."""
    settings: Nested = {}
    for key, value in flat.items():
        *sections, name = key.split(".")
        inner = settings
        for section in sections:
            if not isinstance(inner.get(section), dict):
                inner[section] = {}
            inner = inner[section]
        both = isinstance(inner.get(name), dict) and isinstance(value, dict)
        inner[name] = merged(inner[name], value) if both else value
    return settings


def flat(settings: Mapping[str, Any], section: str = "") -> Flat:
    """Return settings by dotted key; an empty section is a value."""
    values: Flat = {}
    for name, value in settings.items():
        key = f"{section}.{name}" if section else name
        values |= flat(value, key) if isinstance(value, dict) and value else {key: value}
    return values


def merged(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> Nested:
    """Return the settings of both, the changes in place; a section of one alone is shared, not copied."""
    result = {**settings, **changes}
    for name in settings.keys() & changes.keys():
        if isinstance(settings[name], dict) and isinstance(changes[name], dict):
            result[name] = merged(settings[name], changes[name])
    return result


def value_of(key: str, settings: Nested, *default: Any) -> Any:
    """Return a setting's value; where it is not stated the default, or a KeyError without one."""
    value: Any = settings
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            if default:
                return default[0]
            raise KeyError(key)
        value = value[part]
    return value


def with_published(stated: Mapping[str, Any], published: Mapping[str, Any], switch: str = PUBLISHED) -> Flat:
    """Return what is stated and, where the switch is on, the published value of what is not."""
    return {**published, **stated} if stated.get(switch) is True else dict(stated)
