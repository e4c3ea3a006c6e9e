"""Canonical JSON and digests: the same content has the same digest, whatever its key order."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def canonical_json(content: Any) -> str:
    """Write JSON with sorted keys, no spaces, ASCII; NaN and infinities are refused."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(content: Any) -> str:
    """Return the SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def digest_files(files: Iterable[Path], root: Path) -> str:
    """Return the SHA-256 of the names (relative to `root`) and contents of files, in the order of names."""
    total = hashlib.sha256()
    for file in sorted(files):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{file.relative_to(root).as_posix()}\0{content}\n".encode())
    return total.hexdigest()
