"""Picks leaves in a garden."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Leaf:
    age: str
    """`young` or `old`."""
    sugar: float
    """From 0 to 1."""


def pick(leaves: int, seed: int) -> list[Leaf]:
    random = Random(seed)
    ages = [random.choice(["young", "old"]) for _ in range(leaves)]
    return [Leaf(age, random.betavariate(4, 2) if age == "young" else random.random()) for age in ages]
