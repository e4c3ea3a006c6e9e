"""Whether the settings' schema is the one that its program prints today."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from jobkit.files import STRICT, read_as, read_json

MADE_BY = "x-made-by"
"""The entry of a schema that says what made it."""


@dataclass(frozen=True)
class MadeBy:
    __pydantic_config__ = STRICT

    command: Annotated[list[str], Field(min_length=1)]
    """The words of what prints the schema."""
    again: str
    """What a person runs to have it written again."""


def why_outdated(path: Path) -> str | None:
    """Return why a schema is not that of today; None where it is, or does not say what made it.

    A program that is not installed here is not asked; where it is, its jobs refuse settings unknown to them.
    """
    schema = read_json(path)
    if not isinstance(schema, dict) or MADE_BY not in schema:
        return None
    try:
        made_by = read_as(MadeBy, schema[MADE_BY])
    except ValueError as error:
        return f"{MADE_BY}: not what made it ({error})"
    name, *words = made_by.command
    folders = os.pathsep.join((os.environ.get("PATH", ""), str(Path(sys.executable).parent)))
    program, text = shutil.which(name, path=folders), " ".join(made_by.command)
    if program is None:
        return None
    run = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    try:
        is_todays = json.loads(run.stdout) == schema
    except ValueError:
        last = run.stderr.strip().rpartition("\n")[2]
        return f"cannot be compared with today's settings: {text} fails{f' ({last})' if last else ''}"
    return None if is_todays else f"older than the settings, which {text} prints; run {made_by.again}"
