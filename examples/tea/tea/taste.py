"""Tastes a cup of every leaf."""

from random import Random

from .dry import Leaf

SWEETENS = {"blue": 0.05}
"""How much a cup's colour adds."""


def flavours(leaves: list[Leaf], colour: str, seed: int) -> list[float]:
    """Return a flavour from 0 to 1 for each leaf; tasters differ."""
    random = Random(seed)
    tasted = (leaf.sugar + SWEETENS.get(colour, 0.0) + random.gauss(0, 0.05) for leaf in leaves)
    return [min(max(flavour, 0.0), 1.0) for flavour in tasted]
