"""Split windows into those trained on, those that select the best epoch, and those scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beamfusion.data.augment import COPIES
from beamfusion.data.prepared import Windows
from beamfusion.data.raw import WINDOW
from beamfusion.settings import Data
from jobkit.errors import UserError

IntArray = NDArray[np.int64]

TRAIN, VALIDATION, TEST = range(3)
DRAWS = 64
"""Random orders of a scenario's passes, of which the one that cuts nearest to the shares is taken."""


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of each part in increasing order; windows of the test subset are in none.

    Of N windows, row w is window w itself, and row c N + w its altered copy c, from 1 to 47.
    """

    train: IntArray
    validation: IntArray
    test: IntArray
    dropped: int
    """Windows left out because a power of their label is NaN."""
    crossing: int
    """Windows left out because their frame numbers jump: they belong to no one pass."""


def split(windows: Windows, settings: Data) -> Split:
    """Split the labelled windows of development and adaptation together, the same for the same seed.

    blocks: whole passes, per scenario as near to `shares` of its windows as 64 random orders come; every part
    has a pass of every scenario with three (one with two has none to validate, one with one only trains).
    published: random 9:1, of a forecast's windows 8:2, validation and test being the same rows, many of which
    share frames with training ones. unseen: one scenario is the test part; of the others' passes a share
    validates and the rest trains. Altered copies of adaptation windows are pooled before a published split;
    else they only train, and only those of windows that train.
    """
    pool = windows.labelled & (windows.subset != "test")
    if not pool.any():
        raise UserError("data: no labelled windows, expected some in development or adaptation")
    nan = pool & windows.nan_power if settings.nan_labels == "drop" else np.zeros(len(windows), bool)
    pool &= ~nan
    adaptation = windows.subset == "adaptation"
    copies = COPIES if settings.augment else 0
    if settings.split == "published":
        rows = _with_copies(np.flatnonzero(pool), adaptation, copies)
        own = settings.history == WINDOW and settings.horizon == 1
        return _published(rows, 9 if own else 8, settings.split_seed, int(nan.sum()))
    crossing = pool & windows.crosses_jump
    pool &= ~crossing
    part = np.full(len(windows), -1)
    unseen = settings.unseen_scenario if settings.split == "unseen" else None
    if unseen is not None and not (pool & (windows.scenario == unseen)).any():
        labelled = ", ".join(map(str, np.unique(windows.scenario[pool])))
        raise UserError(f"data.unseen_scenario: {unseen} has no labelled windows; those that do: {labelled}")
    for scenario in np.unique(windows.scenario[pool]):
        members = pool & (windows.scenario == scenario)
        if scenario == unseen:
            part[members] = TEST
            continue
        _, index = np.unique(windows.pass_id[members], return_inverse=True)
        random = np.random.default_rng([settings.split_seed, int(scenario)])
        cut = cut_passes(np.bincount(index), random, settings.shares, test=unseen is None)
        part[members] = cut[index]
    parts = [np.flatnonzero(part == number) for number in (TRAIN, VALIDATION, TEST)]
    for name, rows in zip(("train", "validation", "test"), parts, strict=True):
        if not len(rows):
            least = "3 passes" if unseen is None else "2 passes in another scenario"
            raise UserError(f"data.split: {settings.split} leaves no windows to {name}, expected {least}")
    train, validation, test = parts
    train = _with_copies(train, adaptation, copies)
    return Split(train, validation, test, dropped=int(nan.sum()), crossing=int(crossing.sum()))


def _with_copies(chosen: IntArray, altered: NDArray[np.bool_], copies: int) -> IntArray:
    """Return the rows of the chosen windows and of every copy of those among them that are `altered` (N,)."""
    originals = chosen[altered[chosen]]
    rows = [chosen, *(originals + copy * len(altered) for copy in range(1, copies + 1))]
    return np.concatenate(rows)


def _published(rows: IntArray, tenths: int, seed: int, dropped: int) -> Split:
    members = np.random.default_rng(seed).permutation(rows)
    trained = len(members) * tenths // 10
    if not 0 < trained < len(members):
        raise UserError(
            f"data.split: published leaves a part empty; expected 2 windows, found {len(members)}"
        )
    train, scored = np.sort(members[:trained]), np.sort(members[trained:])
    return Split(train, scored, scored, dropped=dropped, crossing=0)


def cut_passes(
    sizes: IntArray, random: np.random.Generator, shares: tuple[float, float, float], *, test: bool
) -> IntArray:
    """Assign each of P passes, of `sizes` windows, to a part by its share: TRAIN, VALIDATION and TEST.

    Without `test`, the test part's share is trained on.
    """
    count = len(sizes)
    parts = np.full(count, TRAIN)
    fewest = 3 if test else 2
    if count < fewest:
        if test and count == 2:
            parts[random.permutation(2)[0]] = TEST
        return parts
    trained_on, validated_on, tested_on = shares
    goal = np.array(shares if test else (trained_on + tested_on, validated_on, 0.0)) * sizes.sum()
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
