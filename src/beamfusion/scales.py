"""Settings from the file of a scale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from jobkit.errors import Diagnostic, UserError, did_you_mean
from jobkit.settings import flat, nested
from jobkit.validation import show
from jobkit.yaml12 import Document, read_yaml

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
        message = f"expected settings by section, found {show(content)}"
        raise UserError(Diagnostic(message, document.path))
    values: dict[str, Any] = {}
    for key, value in content.items():
        stated = flat({key: value})
        if twice := sorted(stated.keys() & values.keys()):
            raise UserError(Diagnostic("given twice, nested and dotted", document.path, key=twice[0]))
        values |= stated
    return replace(document, content=nested(values))
