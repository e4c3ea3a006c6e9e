"""Settings from a scale's file and from `--set` pairs of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from jobkit.errors import UserError, did_you_mean

SCALES = Path("config/scales")
DEEPEST = 8
"""Parts of a dotted key; no setting has as many."""


def read_scale(name: str) -> dict[str, Any]:
    """The settings in `config/scales/<name>.yaml`, of the folder that the command runs in."""
    path = SCALES / f"{name}.yaml"
    known = sorted(file.stem for file in SCALES.glob("*.yaml"))
    if name not in known:
        hint = did_you_mean(name, known) or f"; {SCALES} holds no scales here"
        raise UserError(f"--scale {name}: no such scale{hint}")
    try:
        content = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not YAML ({_one_line(error)})") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected settings by section, found {type(content).__name__}")
    return content


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
            values[key] = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise UserError(f"--set {_short(pair)}: the value is not YAML ({_one_line(error)})") from None
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


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _short(pair: str) -> str:
    return pair if len(pair) <= 80 else f"{pair[:77]}..."
