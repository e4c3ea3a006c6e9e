"""A metric's number in a job's result."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from jobkit.errors import did_you_mean
from jobkit.result import Result
from papermatrix.config.metric import LARGEST, Metric
from papermatrix.config.score_pattern import OVERALL


def score(metric: Metric, result: Result) -> float | None:
    """Return the metric's number; None where the result states none. KeyError names what it has instead."""
    value: Any = dataclasses.asdict(result.cost) if metric.is_cost else result.scores
    for step in metric.path:
        if not isinstance(value, Mapping) or step not in value:
            known = list(value) if isinstance(value, Mapping) else []
            raise KeyError(f"{step}{did_you_mean(step, known)}")
        value = value[step]
    if isinstance(value, Mapping):
        if OVERALL not in value:
            raise KeyError(f"{metric.path[-1]} but a group of that name; expected one of {', '.join(value)}")
        value = value[OVERALL]
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise KeyError(f"{metric.path[-1]} that is a number")
    if not abs(value) < LARGEST:  # so for NaN too
        raise KeyError(f"{metric.path[-1]} that is a finite number")
    return float(value)
