"""Where what is rendered lies: of config.yaml's own scale in `results`, of another in a folder there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RESULTS = Path("results")


@dataclass(frozen=True)
class Outputs:
    """The files that are rendered at one scale."""

    tables: Path
    """The folder of its tables, and of all else."""
    article: Path
    """The folder of the numbers, tables and figures that the paper's source includes."""

    @property
    def figures(self) -> Path:
        return self.tables / "figures"

    @property
    def partial(self) -> Path:
        """The folder of incomplete tables."""
        return self.tables / "partial"

    @property
    def logs(self) -> Path:
        return self.tables / "logs"

    @property
    def tex(self) -> Path:
        """The folder of what TeX writes."""
        return self.tables / "tex"

    @property
    def paper(self) -> Path:
        return self.tables / "paper.pdf"

    @property
    def numbers(self) -> Path:
        return self.article / "numbers.tex"


FOLDERS = ("jobs", "facts", "figures", "partial", "logs", "tex")
"""Names in `results` that no other scale than config.yaml's own can have."""


def outputs_of(scale: str, own_scale: str | None, source: str) -> Outputs:
    """Return the files of a scale; `own_scale` is that of config.yaml, `source` the paper's main TeX file.

    The own scale's parts of the article lie beside its source, so that any editor builds it there.
    """
    if scale == own_scale:
        return Outputs(RESULTS, Path(source).parent)
    return Outputs(RESULTS / scale, RESULTS / scale / "tex")
