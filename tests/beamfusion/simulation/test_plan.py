"""Which passes and windows a tree has, and that no file depends on how many of them there are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamfusion.data.passes import pass_ids
from beamfusion.settings import Simulation
from beamfusion.simulation.plan import ADAPTATION, APART, DEVELOPMENT, PAUSE, Subset, plan, window_starts

TINY = Simulation(passes=4, adaptation_passes=3, windows=3)


def frames_of(starts: np.ndarray, subset: Subset) -> np.ndarray:
    return np.asarray(starts[:, None] + subset.stride * np.arange(5))


@given(
    st.integers(9, 400),
    st.integers(1, 8),
    st.integers(1, 70),
    st.sampled_from([DEVELOPMENT, ADAPTATION]),
    st.integers(0, 99),
)
def test_windows_lie_in_the_pass_and_its_runs_share_no_frame(
    frames: int, windows: int, run: int, subset: Subset, seed: int
) -> None:
    settings = Simulation(windows=windows, run=run)
    starts = window_starts(frames, subset, settings, np.random.default_rng(seed))
    numbers = frames_of(starts, subset)
    assert len(starts)
    assert 0 <= numbers.min() <= numbers.max() < frames
    assert len(starts) <= windows * run
    if len(starts) % run == 0 and len(starts) > run:
        runs = numbers.reshape(len(starts) // run, -1)
        assert (runs[1:].min(axis=1) > runs[:-1].max(axis=1)).all()


def test_a_long_enough_pass_has_all_windows_asked_for() -> None:
    for frames in (27, 60, 400):
        starts = window_starts(frames, DEVELOPMENT, Simulation(windows=3), np.random.default_rng(0))
        assert len(starts) == 3


def test_a_run_is_of_windows_that_follow_one_another() -> None:
    starts = window_starts(200, DEVELOPMENT, Simulation(windows=2, run=20), np.random.default_rng(0))
    assert np.diff(starts).tolist() == [*[1] * 19, starts[20] - starts[19], *[1] * 19]


def test_without_a_number_of_windows_every_one_is_written() -> None:
    starts = window_starts(50, DEVELOPMENT, Simulation(), np.random.default_rng(0))
    assert starts.tolist() == list(range(42))


@pytest.mark.parametrize("speed", [(2.5, 4.0), (6.0, 13.0)])
def test_passes_with_few_windows_are_told_apart_by_the_jumps_of_frame_numbers(
    speed: tuple[float, float],
) -> None:
    settings = TINY.model_copy(update={"speed": speed})
    numbers, expected = [], []
    for order, one in enumerate(plan(settings)):
        if one.subset is DEVELOPMENT and one.scenario == 32:
            own = one.first + frames_of(one.starts(settings, one.drive(settings).frames), DEVELOPMENT)
            numbers.append(own)
            expected += [order] * len(own)
    pooled = np.concatenate(numbers)
    alone = np.zeros(len(pooled), np.int64), np.zeros(len(pooled), bool), [pooled] * 3
    for gap in (APART + 1, PAUSE[0]):
        assert pass_ids(pooled, *alone, gap).tolist() == expected
    assert len(set(pass_ids(pooled, *alone).tolist())) > 4


def test_more_passes_leave_the_earlier_ones_where_they_are() -> None:
    more = plan(TINY.model_copy(update={"passes": 6}))
    assert set(plan(TINY)) < set(more)


def test_another_seed_has_other_passes_on_the_same_streets() -> None:
    first, other = (plan(TINY.model_copy(update={"seed": seed})) for seed in (0, 1001))
    assert [one.site for one in first] == [one.site for one in other]
    assert [one.first for one in first] != [one.first for one in other]
    ways = [
        passes[0].drive(TINY.model_copy(update={"seed": seed}))
        for passes, seed in ((first, 0), (other, 1001))
    ]
    assert ways[0].position.shape != ways[1].position.shape or not np.array_equal(
        ways[0].position, ways[1].position
    )
