"""The readable part of a job's id, from its stage's template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateError

LONGEST = 80
"""Characters; file systems have a limit for names."""


def _initials(words: Iterable[str]) -> str:
    """Return the words' first letters: ILRG."""
    return "".join(word[:1].upper() for word in words)


_ENVIRONMENT = Environment(undefined=StrictUndefined, autoescape=False)  # names of files, no HTML
_ENVIRONMENT.filters["initials"] = _initials


@lru_cache(maxsize=64)
def _template(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)


def render_slug(template: str, settings: Mapping[str, Any]) -> str:
    """Return a slug that fits into a file's name; ValueError where the template does not fit the settings."""
    try:
        text = _template(template).render(settings)
    except (TemplateError, TypeError, ArithmeticError, ValueError, LookupError, RecursionError) as error:
        raise ValueError(f"not a template of these settings ({error})") from None
    text = re.sub(r"[^A-Za-z0-9.+-]+", "-", "".join(text.split())).strip("-.")
    return text[:LONGEST].strip("-.")
