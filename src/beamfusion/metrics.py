"""Scores of ranked beams: DBA and top-1/2/3 accuracy, overall and per scenario."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

RANKS = 3
DBA_REACH = 5
"""Beams from which on a prediction counts as completely wrong."""

Scores = dict[str, dict[str, float]]


def dba(top3: NDArray[Any], truth: NDArray[Any]) -> float:
    """Distance-based accuracy of the challenge: 1 is best, linear in the beam index, not circular.

    Ranked beams (N, 3) against true beams (N,): (Y_1 + Y_2 + Y_3) / 3 with
    Y_K = 1 - mean_n min_{k <= K} min(|pred_nk - truth_n| / 5, 1).
    """
    distance = np.abs(top3.astype(np.int64) - truth.astype(np.int64)[:, None])
    best = np.minimum.accumulate(np.minimum(distance, DBA_REACH), axis=1)
    return float(1 - best.mean() / DBA_REACH)


def accuracy(top3: NDArray[Any], truth: NDArray[Any], k: int) -> float:
    """Percent of samples whose true beam is among the first k."""
    return float(100 * (top3[:, :k] == truth[:, None]).any(axis=1).mean())


def scores(top3: NDArray[Any], truth: NDArray[Any], scenario: NDArray[Any]) -> Scores:
    """{metric: {"overall": ..., "scenario31": ...}} for ranked beams (N, 3), true beams and scenarios (N,).

    Only scenarios that occur; ValueError without samples or where the shapes disagree.
    """
    if top3.shape != (len(truth), RANKS) or scenario.shape != truth.shape or not len(truth):
        shapes = f"{top3.shape}, {truth.shape}, {scenario.shape}"
        raise ValueError(f"expected (N, {RANKS}), (N,) and (N,) with N > 0; got {shapes}")
    result: Scores = {metric: {} for metric in ("dba", "top1", "top2", "top3")}
    for part, chosen in _parts(scenario):
        result["dba"][part] = dba(top3[chosen], truth[chosen])
        for k in range(1, RANKS + 1):
            result[f"top{k}"][part] = accuracy(top3[chosen], truth[chosen], k)
    return result


def _parts(scenario: NDArray[Any]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    yield "overall", np.ones(len(scenario), dtype=np.bool_)
    for number in np.unique(scenario):
        yield f"scenario{number}", scenario == number
