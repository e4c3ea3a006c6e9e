"""A job's identity: a readable slug and the digest of all that its result depends on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from jobkit.digest import digest

DIGITS = 12
LONGEST_SLUG = 80


def _initials(words: Iterable[str]) -> str:
    """The words' first letters: ILRG."""
    return "".join(word[:1].upper() for word in words)


_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_ENVIRONMENT.filters["initials"] = _initials


@lru_cache(maxsize=64)
def _template(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)


def render_slug(text: str, settings: Mapping[str, Any]) -> str:
    """A job's slug, from its stage's template; ValueError saying what is wrong with that."""
    try:
        return _template(text).render(settings)
    except (TemplateError, TypeError, ArithmeticError) as error:
        raise ValueError(f"not a template of these settings ({error})") from None


def job_id(stage: str, settings: Mapping[str, Any], needs: str | None, slug: str) -> str:
    """`SLUG-DIGEST`, fit for a file name; the digest is of the stage, its settings and the job below it."""
    digits = digest({"stage": stage, "settings": settings, "needs": needs})[:DIGITS]
    readable = re.sub(r"[^A-Za-z0-9.+-]+", "-", "".join(slug.split())).strip("-.")[:LONGEST_SLUG].strip("-.")
    return f"{readable}-{digits}" if readable else digits
