"""Settings from a scale's file and from `--set` pairs of the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from jobkit.errors import Diagnostic, UserError, did_you_mean
from jobkit.settings import flat, nested
from jobkit.yaml12 import Document, parse_yaml, read_yaml

SCALES = Path("config/scales")


def read_scale(name: str) -> Document:
    """Read `config/scales/<name>.yaml` of the current folder; its content becomes settings by section."""
    known = sorted(file.stem for file in SCALES.glob("*.yaml"))
    if name not in known:
        hint = did_you_mean(name, known) or f"; {SCALES} holds no scales here"
        raise UserError(f"--scale {name}: no such scale{hint}")
    document = read_yaml(SCALES / f"{name}.yaml")
    content = document.content or {}
    if not isinstance(content, dict):
        message = f"expected settings by section, found {type(content).__name__}"
        raise UserError(Diagnostic(message, document.path))
    values: dict[str, Any] = {}
    for key, value in content.items():
        stated = flat({key: value})
        if twice := sorted(stated.keys() & values.keys()):
            raise UserError(Diagnostic("given twice, nested and dotted", document.path, key=twice[0]))
        values |= stated
    return replace(document, content=nested(values))


def parse_pairs(pairs: list[str]) -> dict[str, Any]:
    """Return settings by dotted key from `KEY=VALUE` pairs, values in YAML; of equal keys the last counts."""
    values: dict[str, Any] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator or not key:
            raise UserError(f"--set {pair}: expected KEY=VALUE")
        values[key] = parse_yaml(text, f"--set {key}").content
    return values
