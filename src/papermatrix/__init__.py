"""A paper's tables, written down once: jobs run once, and tables are rendered again when they change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from papermatrix.api import Paper


def load(folder: str | Path = "config", **config: Any) -> Paper:
    """Load the paper whose project, or `config` folder, this is.

    `papermatrix.load("config").table("table3").frame` is the tidy list of a table. `config` are values in
    place of config.yaml's, such as `scale="paper"`. A `UserError` says everything that is wrong.
    """
    from papermatrix.api import Paper  # pandas and the like, which an import of the package needs not

    return Paper(folder, **config)
