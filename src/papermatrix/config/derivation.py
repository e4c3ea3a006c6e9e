"""Numbers that are derived from others of their table: means, ranks, differences, ratios."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from papermatrix.config.fields import Frozen, Names, Text

Kind = Literal["mean", "rank", "difference", "ratio"]
KINDS: tuple[Kind, ...] = ("mean", "rank", "difference", "ratio")


@dataclass(frozen=True)
class Derivation:
    """How a row or column is made of others, by their labels."""

    kind: Kind
    of: tuple[str, ...]
    against: str | None = None
    """The row that a column's difference or ratio is to; else it is to its second label."""

    @property
    def weights(self) -> tuple[float, ...]:
        """What each part counts in a mean or difference."""
        return (1.0, -1.0) if self.kind == "difference" else (1 / len(self.of),) * len(self.of)

    def __str__(self) -> str:
        if self.kind in ("mean", "rank"):
            return f"{'mean' if self.kind == 'mean' else 'average rank'} of {', '.join(self.of)}"
        first, second = self.of[0], self.of[1] if self.against is None else f"row {self.against}"
        return f"{first} less {second}" if self.kind == "difference" else f"{first} divided by {second}"


class DerivedFields(Frozen):
    """What makes a row or column a derived one."""

    mean: Names = ()
    """Labels of others of its kind: it shows their mean, and nothing runs for it."""
    difference: Names = ()
    """Two labels: it shows the first less the second; a column with `against` has one."""
    ratio: Names = ()
    """Two labels: it shows the first divided by the second; a column with `against` has one."""

    @property
    def stated(self) -> list[Kind]:
        """The kinds that are stated; more than one is a fault."""
        return [kind for kind in KINDS if getattr(self, kind, ())]

    @property
    def derivation(self) -> Derivation | None:
        if not self.stated:
            return None
        kind = self.stated[0]
        return Derivation(kind, getattr(self, kind), getattr(self, "against", None))


class DerivedColumnFields(DerivedFields):
    rank: Names = ()
    """Labels of columns: it shows the row's average rank in them, 1 being the best."""
    against: Text | None = None
    """The label of a row: `difference` or `ratio` is to that row's number in the same column."""
