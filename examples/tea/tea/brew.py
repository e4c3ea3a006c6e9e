"""Brews a cup of every leaf and tastes it."""

import math
from random import Random

from .pick import Leaf

BEST_CELSIUS = 85


def flavours(leaves: list[Leaf], celsius: int, minutes: int, seed: int) -> list[float]:
    """From 0 to 1, one for each leaf; whoever tastes is in doubt."""
    random = Random(seed)
    drawn = 1 - math.exp(-minutes / 2)
    burnt = abs(celsius - BEST_CELSIUS) / 100
    tasted = (leaf.sugar * drawn - burnt + random.gauss(0, 0.05) for leaf in leaves)
    return [min(max(flavour, 0.0), 1.0) for flavour in tasted]
