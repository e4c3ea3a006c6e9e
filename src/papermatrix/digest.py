"""A job's identity: a readable slug and the digest of all that its result depends on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from jobkit.digest import digest
from jobkit.errors import did_you_mean

DIGITS = 12
LONGEST_SLUG = 80
LONGEST_TEMPLATE = 1000
MOST_FILTERS = 2
"""One after another: each may make a text as many times longer."""


def _initials(words: Iterable[str]) -> str:
    """The words' first letters: ILRG."""
    return "".join(word[:1].upper() for word in words)


_FILTERS = {"default", "first", "initials", "join", "last", "length", "lower", "replace", "title", "upper"}
_STATEMENTS = (nodes.If, nodes.Output)
_GROWING = (nodes.Mul, nodes.Pow, nodes.Mod, nodes.Call)
"""What can make much of little; a slug is put together, not computed."""
_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_ENVIRONMENT.filters["initials"] = _initials


@lru_cache(maxsize=64)
def _template(text: str) -> Template:
    """A template of tests, choices and a few filters; ValueError for any other."""
    if len(text) > LONGEST_TEMPLATE:
        raise ValueError(f"longer than {LONGEST_TEMPLATE} characters")
    tree = _ENVIRONMENT.parse(text)
    for node in tree.find_all(nodes.Node):
        is_statement = isinstance(node, nodes.Stmt) and not isinstance(node, _STATEMENTS)
        if is_statement or isinstance(node, _GROWING):
            raise ValueError(f"expected no {type(node).__name__.lower()}")
        if isinstance(node, nodes.Filter):
            if node.name not in _FILTERS:
                raise ValueError(f"no filter {node.name}{did_you_mean(node.name, sorted(_FILTERS))}")
            if len(list(node.find_all(nodes.Filter))) >= MOST_FILTERS:
                raise ValueError(f"expected at most {MOST_FILTERS} filters one after another")
    return _ENVIRONMENT.from_string(text)


def render_slug(text: str, settings: Mapping[str, Any]) -> str:
    """A job's slug, from its stage's template; ValueError saying what is wrong with that."""
    try:
        return _template(text).render(settings)
    except RecursionError:
        raise ValueError("not a template of these settings (nested too deeply)") from None
    except (TemplateError, TypeError, ArithmeticError, ValueError, LookupError) as error:
        raise ValueError(f"not a template of these settings ({error})") from None


def job_id(stage: str, settings: Mapping[str, Any], needs: str | None, slug: str) -> str:
    """`SLUG-DIGEST`, fit for a file name; the digest is of the stage, its settings and the job below it."""
    digits = digest({"stage": stage, "settings": settings, "needs": needs})[:DIGITS]
    readable = re.sub(r"[^A-Za-z0-9.+-]+", "-", "".join(slug.split())).strip("-.")[:LONGEST_SLUG].strip("-.")
    return f"{readable}-{digits}" if readable else digits
