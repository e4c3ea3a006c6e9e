"""The provenance of results, as far as it has the types that jobs give it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TEXTS = ("commit", "upstream_digest", "data", "data_digest", "data_root_digest")
_OR_NONE = ("commit", "upstream_digest")
_VERSIONS = "versions"
UNKNOWN = "source of an older form"
"""In place of a module's name in SOURCE, where the code that made a result cannot be had."""
SOURCE, DATA_ROOT_DIGEST = "source", "data_root_digest"


def known_provenance(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out known entries of another type than they have.

    A stage's own program may have written them; its result counts all the same.
    """
    return {name: value for name, value in provenance.items() if _has_its_type(name, value)}


def _has_its_type(name: str, value: Any) -> bool:
    if name == _VERSIONS:
        return isinstance(value, dict)
    if name == SOURCE:
        return isinstance(value, list) and all(isinstance(digests, dict) for digests in value)
    return name not in _TEXTS or isinstance(value, str) or (value is None and name in _OR_NONE)
