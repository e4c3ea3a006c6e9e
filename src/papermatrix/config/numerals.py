"""Numbers that were written with commas, which YAML reads as texts, or as two values."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

from jobkit.numerals import with_decimal_point
from jobkit.yaml12 import Document, KeyPath
from papermatrix.config.settings_schema import Issue


def expect_decimal_point(content: Any) -> Any:
    """Return the content; ValueError where it is a number with a comma."""
    if isinstance(content, str) and (better := with_decimal_point(content)):
        raise ValueError(f"{content!r} has a comma; write {better}")
    return content


def with_whole_numbers(
    document: Document, holds_numbers: Callable[[KeyPath], bool]
) -> tuple[Document, list[Issue]]:
    """Return a document with one number in place of two values with a comma between, and where these were.

    In braces and brackets YAML reads `0,8883` as two values. In braces it is one number; `holds_numbers`
    says in which lists it is.
    """
    content = copy.deepcopy(document.content)
    issues: list[Issue] = []
    for path, (following, text) in reversed(list(document.commas.items())):
        if isinstance(path[-1], int) and not holds_numbers(path):
            continue
        or_two = ", or a space after the comma for two values" if isinstance(path[-1], int) else ""
        issues.append((path, f"{text} has a comma; write {with_decimal_point(text)}{or_two}"))
        inner = dataclasses.replace(document, content=content).value(path[:-1])
        inner[path[-1]] = float(text.replace(",", "."))
        del inner[following[-1]]
    return dataclasses.replace(document, content=content), issues
