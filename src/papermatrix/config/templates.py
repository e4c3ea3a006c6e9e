"""Jinja2 over settings, in stages.yaml: the readable part of a job's id, and conditions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateError

from jobkit.errors import one_line

LONGEST = 80
"""Characters of a slug; file systems have a limit for names."""
_ERRORS = (TemplateError, TypeError, ArithmeticError, ValueError, LookupError, RecursionError)
"""What a template may raise."""


def _initials(words: Iterable[str]) -> str:
    """Return the words' first letters: ILRG."""
    return "".join(word[:1].upper() for word in words)


_ENVIRONMENT = Environment(undefined=StrictUndefined, autoescape=False)  # names of files, no HTML
_ENVIRONMENT.filters["initials"] = _initials


@lru_cache(maxsize=64)
def _template(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)


@lru_cache(maxsize=64)
def _condition(text: str) -> Callable[..., Any]:
    return _ENVIRONMENT.compile_expression(text, undefined_to_none=False)


def _reason(error: Exception) -> str:
    """Return what is wrong, without Jinja2's names for what settings are to it."""
    text = one_line(error).rstrip(".")
    unknown = re.fullmatch(r"'.+ object' has no attribute '(.+)'|'(.+)' is undefined", text)
    return f"no setting {unknown[1] or unknown[2]}" if unknown else text


def holds(condition: str, settings: Mapping[str, Any]) -> bool:
    """Return whether a condition holds; ValueError where it does not fit the settings."""
    try:
        return bool(_condition(condition)(settings))
    except _ERRORS as error:
        raise ValueError(f"not a condition on these settings ({_reason(error)})") from None


def render_slug(template: str, settings: Mapping[str, Any]) -> str:
    """Return a slug that fits into a file's name; ValueError where the template does not fit the settings."""
    try:
        text = _template(template).render(settings)
    except _ERRORS as error:
        raise ValueError(f"not a template of these settings ({_reason(error)})") from None
    text = re.sub(r"[^A-Za-z0-9.+-]+", "-", "".join(text.split())).strip("-.")
    return text[:LONGEST].strip("-.")
