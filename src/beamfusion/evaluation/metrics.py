"""Scores of ranked beams: DBA and top-1/2/3 accuracy, overall, per scenario and per step of a forecast."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

RANKS = 3
DBA_REACH = 5
"""Beams from which on a prediction counts as completely wrong."""

Scores = dict[str, dict[str, float]]


def dba(top3: NDArray[Any], truth: NDArray[Any]) -> float:
    """Compute the challenge's distance-based accuracy: 1 is best, linear in the beam index, not circular.

    Ranked beams (N, 3) against true beams (N,): (Y_1 + Y_2 + Y_3) / 3 with
    Y_K = 1 - mean_n min_{k <= K} min(|pred_nk - truth_n| / 5, 1).
    """
    return float(1 - _distances(top3, truth).mean() / DBA_REACH)


def _distances(top3: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.int64]:
    """Return (N, 3) how far the nearest of the first K predictions is, in beams and at most `DBA_REACH`."""
    distance = np.abs(top3.astype(np.int64) - truth.astype(np.int64)[:, None])
    return np.minimum.accumulate(np.minimum(distance, DBA_REACH), axis=1)


def accuracy(top3: NDArray[Any], truth: NDArray[Any], k: int) -> float:
    """Return the percentage of samples whose true beam is among the first k."""
    return float(100 * _hits(top3, truth, k).mean())


def _hits(top3: NDArray[Any], truth: NDArray[Any], k: int) -> NDArray[np.bool_]:
    return np.asarray((top3[:, :k] == truth[:, None]).any(axis=1))


def scores(top3: NDArray[Any], truth: NDArray[Any], scenario: NDArray[Any]) -> Scores:
    """Return {metric: {"overall": ..., "scenario31": ..., "step1": ...}}.

    Ranked beams (N, 3), true ones (N,) and scenario (N,), or (N, H, 3) and (N, H) of a forecast: overall and
    scenarios then pool all steps, and every step has a score of its own. Only scenarios that occur;
    ValueError without samples or where the shapes disagree.
    """
    if top3.shape != (*truth.shape, RANKS) or scenario.shape != truth.shape[:1] or not truth.size:
        shapes = f"{top3.shape}, {truth.shape}, {scenario.shape}"
        raise ValueError(
            f"expected (N, {RANKS}), (N,) and (N,), or (N, H, {RANKS}), (N, H) and (N,); got {shapes}"
        )
    ranked, true = top3.reshape(-1, RANKS), truth.ravel()
    result: Scores = {metric: {} for metric in ("dba", "top1", "top2", "top3")}
    for part, chosen in _parts(truth, scenario):
        result["dba"][part] = dba(ranked[chosen], true[chosen])
        for k in range(1, RANKS + 1):
            result[f"top{k}"][part] = accuracy(ranked[chosen], true[chosen], k)
    return result


def scores_by_sample(top3: NDArray[Any], truth: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    """Return each sample's DBA and accuracies (N,), whose means are the overall scores of `scores`.

    Of a forecast the mean over its steps, and `dba.step1` and so on for each.
    """
    if truth.ndim == 1:
        accuracies = {f"top{k}": 100.0 * _hits(top3, truth, k) for k in range(1, RANKS + 1)}
        return {"dba": 1 - _distances(top3, truth).mean(axis=1) / DBA_REACH, **accuracies}
    steps = [scores_by_sample(top3[:, i], truth[:, i]) for i in range(truth.shape[1])]
    by_step = {f"{metric}.step{i + 1}": step[metric] for i, step in enumerate(steps) for metric in step}
    return {metric: np.mean([step[metric] for step in steps], axis=0) for metric in steps[0]} | by_step


def _parts(truth: NDArray[Any], scenario: NDArray[Any]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield masks (N,) or (N*H,) over the beams."""
    horizon = truth.shape[1] if truth.ndim > 1 else 1
    scenario = np.repeat(scenario, horizon)
    yield "overall", np.ones(len(scenario), dtype=np.bool_)
    for number in np.unique(scenario):
        yield f"scenario{number}", scenario == number
    if horizon > 1:
        step = np.arange(len(scenario)) % horizon
        for number in range(horizon):
            yield f"step{number + 1}", step == number
