"""What a table's metric names: a score or a cost of one stage's result."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass

from jobkit.errors import did_you_mean
from jobkit.result import Cost

LARGEST = 1e100
"""Beyond anything measured; sums, squares and multiples of what is smaller are numbers still."""
COSTS = tuple(field.name for field in dataclasses.fields(Cost) if field.type is not str)
"""Those that are numbers."""


@dataclass(frozen=True)
class Metric:
    """`train.cost.device_hours` is stage `train`, group `cost`, path `("device_hours",)`."""

    stage: str
    is_cost: bool
    path: tuple[str, ...]
    is_default_stage: bool

    @property
    def name(self) -> str:
        inner = ".".join((*(["cost"] if self.is_cost else []), *self.path))
        return inner if self.is_default_stage else f"{self.stage}.{inner}"


def parse_metric(text: str, stages: Collection[str], default_stage: str) -> Metric:
    """Parse `[STAGE.][cost.]PATH`; ValueError where it cannot be a metric."""
    stage, *path = text.split(".")
    if stage not in stages:
        if path and path[0] == "cost":
            raise ValueError(f"unknown stage{did_you_mean(stage, list(stages))}")
        stage, path = default_stage, [stage, *path]
    if not all(path) or not path:
        raise ValueError("expected a score's name, such as accuracy.part1 or train.cost.device_hours")
    is_cost = path[0] == "cost"
    if is_cost and (len(path) != 2 or path[1] not in COSTS):
        raise ValueError(f"unknown cost{did_you_mean(path[-1], COSTS)}")
    return Metric(stage, is_cost, tuple(path[is_cost:]), is_default_stage=stage == default_stage)
