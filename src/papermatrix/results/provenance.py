"""The provenance of results, as far as it has the types that jobs give it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobkit.result import Result
from jobkit.source import file_of

_TEXTS = ("commit", "upstream_digest", "data", "data_digest", "data_root_digest")
_OR_NONE = ("commit", "upstream_digest")
_VERSIONS = "versions"
UNKNOWN = "source of an older form"
"""In place of a module's name in SOURCE, where the code that made a result cannot be had."""
SOURCE, DATA_ROOT_DIGEST = "source", "data_root_digest"
_CHANGED = "changed"


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
    if name == _CHANGED:
        return value is None or (isinstance(value, list) and all(isinstance(path, str) for path in value))
    return name not in _TEXTS or isinstance(value, str) or (value is None and name in _OR_NONE)


def has_uncommitted_source(result: Result) -> bool:
    """Return whether uncommitted changes touched the code that made a result, or may have.

    Nobody knows where the result does not list its code or what had changed, or where a file of that code is
    no longer there.
    """
    provenance = result.provenance
    changed = provenance.get(_CHANGED)
    if changed == []:
        return False
    names = {name for digests in provenance.get(SOURCE, ()) for name in digests}
    files = {Path(file_of(name)).resolve() for name in names}
    if changed is None or not files or not all(file.exists() for file in files):
        return bool(provenance.get("dirty"))
    return any(Path(path).resolve() in files for path in changed)
