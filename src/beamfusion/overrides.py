"""Settings from a scale's file and from `--set` pairs of the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from beamfusion.plain_yaml import parse
from jobkit.errors import UserError, did_you_mean

SCALES = Path("config/scales")
DEEPEST = 8
"""Parts of a dotted key; no setting has as many."""
MOST = 10_000
"""Values in a scale with its aliases written out; no scale has as many."""
OLD_BOOLEANS = ("yes", "no", "on", "off")
"""Words that were true and false in YAML 1.1, and are words in papermatrix's files."""


def read_scale(name: str) -> dict[str, Any]:
    """The settings in `config/scales/<name>.yaml`, of the folder that the command runs in."""
    path = SCALES / f"{name}.yaml"
    known = sorted(file.stem for file in SCALES.glob("*.yaml"))
    if name not in known:
        hint = did_you_mean(name, known) or f"; {SCALES} holds no scales here"
        raise UserError(f"--scale {name}: no such scale{hint}")
    try:
        content = parse(path.read_bytes().decode())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not YAML ({_one_line(error)})") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected settings by section, found {type(content).__name__}")
    values: dict[str, Any] = {}
    faults: list[str] = []
    for count, (key, value) in enumerate(_flat(content)):
        if count == MOST or key.count(".") >= DEEPEST:
            raise UserError(f"{path}: more values, or deeper ones, than there are settings")
        if key in values:
            faults.append(f"{path}: {key}: given twice, nested and dotted")
        values[key] = value
        faults += [f"{path}: {key}: {fault}" for fault in _old_boolean(value)]
    if faults:
        raise UserError(faults)
    return nested(values)


def parse_pairs(pairs: list[str]) -> dict[str, Any]:
    """`KEY=VALUE` pairs, values in YAML; of equal keys the last counts."""
    values: dict[str, Any] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator or not key:
            raise UserError(f"--set {_short(pair)}: expected KEY=VALUE")
        if key.count(".") >= DEEPEST:
            raise UserError(f"--set {_short(pair)}: no setting's key has so many parts")
        try:
            values[key] = parse(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise UserError(f"--set {_short(pair)}: the value is not YAML ({_one_line(error)})") from None
        if faults := _old_boolean(values[key]):
            raise UserError(f"--set {_short(pair)}: {faults[0]}")
    return values


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """{"model.width": 4} -> {"model": {"width": 4}}."""
    document: dict[str, Any] = {}
    for key, value in values.items():
        for part in reversed(key.split(".")):
            value = {part: value}
        document = merged(document, value)
    return document


def merged(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`document` with `changes` in place, section by section."""
    result = dict(document)
    for key, value in changes.items():
        before = result.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        result[key] = merged(before, value) if both else value  # type: ignore[arg-type]
    return result


def _flat(content: Mapping[str, Any], section: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The values of sections, by dotted key; one that is too deep is not followed."""
    for name, value in content.items():
        key = f"{section}.{name}" if section else name
        if isinstance(value, dict) and value and depth < DEEPEST:
            yield from _flat(value, key, depth + 1)
        else:
            yield key, value


def _old_boolean(value: Any) -> list[str]:
    """The fault of a word that was a boolean; pydantic would take it for one."""
    is_old = isinstance(value, str) and value.lower() in OLD_BOOLEANS
    return [f"expected true or false, found the word {value}"] if is_old else []


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _short(pair: str) -> str:
    return pair if len(pair) <= 80 else f"{pair[:77]}..."
