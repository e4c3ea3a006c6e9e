"""All that a rendered table is made from: when any of it changes, the table is rendered again."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from jobkit.digest import digest_files
from papermatrix.audit import audited_from
from papermatrix.expand import Matrix
from papermatrix.store import Store

SOURCE = Path(__file__).parent
TEMPLATES = SOURCE / "templates"
OWN_TEMPLATES = Path("config/templates")
"""A paper's own, in place of those of the same name."""


def rendered_from(matrix: Matrix, table: str, store: Store) -> dict[str, Any]:
    """All that a rendered table depends on besides its results: its words, which of its jobs are stale, and
    what renders it.
    """
    return {
        **matrix.shown(table),
        "audit": audited_from(matrix, table),
        "stale": [job.id for job in matrix.jobs_of(table) if store.is_stale(job)],
        "renderer": [*_renderer(), digest_files(OWN_TEMPLATES.glob("*"), OWN_TEMPLATES)],
    }


@functools.cache
def _renderer() -> list[str]:
    """Digests of all of ours that may render a table; cheaper than to follow what it imports."""
    places = ((SOURCE, "*.py"), (TEMPLATES, "*"))
    return [digest_files(folder.glob(pattern), folder) for folder, pattern in places]
