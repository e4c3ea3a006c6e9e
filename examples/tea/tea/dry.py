"""Dries leaves."""

from dataclasses import dataclass
from random import Random

LEAVES_PER_GRAM = 100
SWEETEST = {"green": 0.9, "black": 0.7}
"""The most sugar that a leaf of each kind has."""
DAYS = 5


@dataclass(frozen=True)
class Leaf:
    age: str
    """`young` or `old`."""
    sugar: float
    """From 0 to 1."""


def dry(kind: str, grams: float, seed: int) -> list[Leaf]:
    random = Random(seed)
    ages = [random.choice(["young", "old"]) for _ in range(round(grams * LEAVES_PER_GRAM))]
    most = SWEETEST[kind]
    return [
        Leaf(age, most * (random.betavariate(4, 2) if age == "young" else random.random())) for age in ages
    ]


def water(grams: float) -> list[float]:
    """Return the grams of water that are left after each day."""
    return [4 * grams * 0.5**day for day in range(1, DAYS + 1)]
