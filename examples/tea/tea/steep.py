"""Steeps leaves."""

import math
from dataclasses import replace

from .dry import Leaf

BITTER_AFTER = 60
"""Minutes."""


def steep(leaves: list[Leaf], minutes: int) -> list[Leaf] | None:
    """Return the leaves with the sugar that is drawn out of them; None once the tea has turned bitter."""
    if minutes > BITTER_AFTER:
        return None
    drawn = 1 - math.exp(-minutes / 2)
    return [replace(leaf, sugar=leaf.sugar * drawn) for leaf in leaves]
