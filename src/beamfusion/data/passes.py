"""Passes of the car: the data set has no pass id, but a pass ends where the frame numbers jump."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


def crosses_jump(frame_numbers: IntArray, group: IntArray) -> NDArray[np.bool_]:
    """Return where a window's frames (N,T) do not follow each other in the usual step of its group (N,)."""
    steps = np.diff(frame_numbers, axis=1)
    crosses = np.zeros(len(group), bool)
    for name in np.unique(group):
        inside = group == name
        crosses[inside] = (steps[inside] != usual_step(steps[inside])).any(1)
    return crosses


def pass_ids(
    frame_numbers: IntArray,
    group: IntArray,
    crosses: NDArray[np.bool_],
    frames: Sequence[IntArray],
    gap: int = 0,
) -> IntArray:
    """Return the pass of each window (N,), counted from 0 over all groups; a group is a scenario of a subset.

    Frame numbers and frames (of each modality) are (N,T). Recorded windows slide by less than their length,
    so a pass is a chain of windows whose frame numbers overlap, or jump by no more than `gap`: one starts
    where, in the order of the last frames, a window begins after the end of all before it and that gap.
    Passes that share a frame are one. A window that crosses a jump belongs to two passes, so it is one of its
    own and takes no part in this.
    """
    passes = np.full(len(group), -1, np.int64)
    count = 0
    for name in np.unique(group):
        inside = np.flatnonzero((group == name) & ~crosses)
        order = inside[np.lexsort((frame_numbers[inside, 0], frame_numbers[inside, -1]))]
        first, last = frame_numbers[order, 0], frame_numbers[order, -1]
        starts = first[1:] > np.maximum.accumulate(last)[:-1] + gap
        passes[order] = count + np.concatenate([[0], np.cumsum(starts)])[: len(order)]
        count = int(passes.max()) + 1
    regular = ~crosses
    passes[regular] = _joined(passes[regular], [array[regular] for array in frames])
    passes[crosses] = passes.max(initial=-1) + 1 + np.arange(np.count_nonzero(crosses))
    return np.unique(passes, return_inverse=True)[1].astype(np.int64)


def usual_step(steps: IntArray) -> int:
    """Return the most common positive step; of equally common ones the least; 1 where there is none."""
    values, counts = np.unique(steps[steps > 0], return_counts=True)
    return int(values[counts.argmax()]) if len(values) else 1


def _joined(passes: IntArray, frames: Sequence[IntArray]) -> IntArray:
    """Give passes that share a frame, directly or through others, the least of their numbers."""
    if not len(passes):
        return passes
    while True:
        before = passes
        for array in frames:
            least = np.full(array.max() + 1, np.iinfo(np.int64).max)
            np.minimum.at(least, array, passes[:, None])
            by_window = least[array].min(1)
            by_pass = np.full(passes.max() + 1, np.iinfo(np.int64).max)
            np.minimum.at(by_pass, passes, by_window)
            passes = by_pass[passes]
        if np.array_equal(passes, before):
            return passes
