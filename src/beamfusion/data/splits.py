"""Which windows are trained on, which select the best epoch, and which are scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beamfusion.data.prepared import Windows
from beamfusion.settings import Data
from jobkit.errors import UserError

IntArray = NDArray[np.int64]

TRAIN, VALIDATION, TEST = range(3)
SHARES = (0.8, 0.1, 0.1)
DRAWS = 64
"""Random orders of a scenario's passes, of which the one that cuts nearest to the shares is taken."""


@dataclass(frozen=True, eq=False)
class Split:
    """Windows of each part, by index in increasing order; windows of the test subset are in none."""

    train: IntArray
    validation: IntArray
    test: IntArray
    dropped: int
    """Windows left out because a power of their label is NaN."""
    crossing: int
    """Windows left out because their frame numbers jump: they belong to no one pass."""


def split(windows: Windows, settings: Data) -> Split:
    """Split the labelled windows of development and adaptation together, the same for the same seed.

    blocks: whole passes, per scenario as near to 80/10/10 windows as 64 random orders come; every part has a
    pass of every scenario with three (one with two has none to validate, one with one only trains).
    published: random 9:1, validation and test being the same windows, many of which share frames with
    training ones. unseen: one scenario is the test part, whole passes of the others, 90/10, the other two.
    """
    frames = windows.image_frames.shape[1]
    if settings.history != frames:
        raise UserError(f"data.history: {settings.history}, expected {frames} as the data set's windows have")
    pool = windows.labelled & (windows.subset != "test")
    if not pool.any():
        raise UserError("data: no labelled windows, expected some in development or adaptation")
    nan = pool & windows.nan_power if settings.nan_labels == "drop" else np.zeros(len(windows), bool)
    pool &= ~nan
    if settings.split == "published":
        return _published(pool, settings.split_seed, int(nan.sum()))
    crossing = pool & windows.crosses_jump
    pool &= ~crossing
    part = np.full(len(windows), -1)
    unseen = settings.unseen_scenario if settings.split == "unseen" else None
    if unseen is not None and not (pool & (windows.scenario == unseen)).any():
        there = ", ".join(map(str, np.unique(windows.scenario[pool])))
        raise UserError(f"data.unseen_scenario: {unseen} has no labelled windows; those that do: {there}")
    for scenario in np.unique(windows.scenario[pool]):
        here = pool & (windows.scenario == scenario)
        if scenario == unseen:
            part[here] = TEST
            continue
        _, index = np.unique(windows.pass_id[here], return_inverse=True)
        random = np.random.default_rng([settings.split_seed, int(scenario)])
        part[here] = cut_passes(np.bincount(index), random, test=unseen is None)[index]
    parts = [np.flatnonzero(part == number) for number in (TRAIN, VALIDATION, TEST)]
    for name, members in zip(("train", "validation", "test"), parts, strict=True):
        if not len(members):
            least = "3 passes" if unseen is None else "2 passes in another scenario"
            raise UserError(f"data.split: {settings.split} leaves no windows to {name}, expected {least}")
    train, validation, test = parts
    return Split(train, validation, test, dropped=int(nan.sum()), crossing=int(crossing.sum()))


def _published(pool: NDArray[np.bool_], seed: int, dropped: int) -> Split:
    members = np.random.default_rng(seed).permutation(np.flatnonzero(pool))
    trained = len(members) * 9 // 10
    if not 0 < trained < len(members):
        raise UserError(
            f"data.split: published leaves a part empty; expected 2 windows, found {len(members)}"
        )
    train, scored = np.sort(members[:trained]), np.sort(members[trained:])
    return Split(train, scored, scored, dropped=dropped, crossing=0)


def cut_passes(sizes: IntArray, random: np.random.Generator, *, test: bool) -> IntArray:
    """Part of each of P passes, whose windows `sizes` counts; without `test`, its share is trained on."""
    count = len(sizes)
    parts = np.full(count, TRAIN)
    fewest = 3 if test else 2
    if count < fewest:
        if test and count == 2:
            parts[random.permutation(2)[0]] = TEST
        return parts
    shares = np.array(SHARES) if test else np.array([SHARES[0] + SHARES[2], SHARES[1], 0.0])
    goal = shares * sizes.sum()
    first = np.arange(1, count - 1)[:, None] if test else np.zeros((1, 1), int)
    second = np.arange(1, count)[None, :]
    best = np.inf
    for _ in range(DRAWS):
        order = random.permutation(count)
        until = np.concatenate([[0], np.cumsum(sizes[order])])
        tested, validated = until[first], until[second] - until[first]
        trained = until[-1] - until[second]
        miss = abs(tested - goal[TEST]) + abs(validated - goal[VALIDATION]) + abs(trained - goal[TRAIN])
        miss = np.where(second > first, miss, np.inf)
        if miss.min() < best:
            best = miss.min()
            row, column = np.unravel_index(miss.argmin(), miss.shape)
            low, high = int(first[row, 0]), int(second[0, column])
            parts = np.full(count, TRAIN)
            parts[order[:low]], parts[order[low:high]] = TEST, VALIDATION
    return parts
