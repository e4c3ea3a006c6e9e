"""What a table's metric names: a score or a cost of one stage's result."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from jobkit.errors import did_you_mean
from jobkit.result import Cost, Result

OVERALL = "overall"
"""A metric that names a group of scores is the group's score of this name."""
LARGEST = 1e100
"""Beyond anything measured; sums, squares and multiples of what is smaller are numbers still."""
COSTS = tuple(field.name for field in dataclasses.fields(Cost))


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


def parse_metric(text: str, stages: Collection[str], default: str) -> Metric:
    """`[STAGE.][cost.]PATH`; ValueError where it cannot be a metric."""
    stage, *path = text.split(".")
    if stage not in stages:
        if path and path[0] == "cost":
            raise ValueError(f"unknown stage{did_you_mean(stage, list(stages))}")
        stage, path = default, [stage, *path]
    if not all(path) or not path:
        raise ValueError("expected a score's name, such as accuracy.part1 or train.cost.device_hours")
    is_cost = path[0] == "cost"
    if is_cost and (len(path) != 2 or path[1] not in COSTS):
        raise ValueError(f"unknown cost{did_you_mean(path[-1], COSTS)}")
    return Metric(stage, is_cost, tuple(path[is_cost:]), is_default_stage=stage == default)


def look_up(metric: Metric, result: Result) -> float | None:
    """The metric's number; None where the result states none. KeyError naming what there is instead."""
    found: Any = dataclasses.asdict(result.cost) if metric.is_cost else result.scores
    for step in metric.path:
        if not isinstance(found, Mapping) or step not in found:
            known = list(found) if isinstance(found, Mapping) else []
            raise KeyError(f"{step}{did_you_mean(step, known)}")
        found = found[step]
    if isinstance(found, Mapping):
        if OVERALL not in found:
            raise KeyError(f"{metric.path[-1]} but a group of that name; expected one of {', '.join(found)}")
        found = found[OVERALL]
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise KeyError(f"{metric.path[-1]} that is a number")
    if not abs(found) < LARGEST:  # so for NaN too
        raise KeyError(f"{metric.path[-1]} that is a finite number")
    return float(found)
