"""Passes: where the frame numbers jump."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from beamfusion.data.passes import crosses_jump, pass_ids


def windows(starts: list[int], stride: int) -> np.ndarray:
    return np.array(starts)[:, None] + stride * np.arange(5)


def passes_of(numbers: np.ndarray, group: list[int] | None = None, gap: int = 0) -> list[int]:
    groups = np.array(group or [0] * len(numbers))
    frames = numbers + 1000 * groups[:, None]
    return pass_ids(numbers, groups, crosses_jump(numbers, groups), [frames] * 3, gap).tolist()


def test_a_pass_ends_where_the_numbers_jump() -> None:
    assert passes_of(windows([10, 12, 14, 40, 42, 90], 2)) == [0, 0, 0, 1, 1, 2]


def test_a_pass_that_follows_with_the_next_number_is_another_pass() -> None:
    assert passes_of(windows([1, 2, 3, 12, 13, 14], 2)) == [0, 0, 0, 1, 1, 1]


def test_windows_that_interleave_are_one_pass() -> None:
    assert passes_of(windows([10, 11, 12, 13, 14], 2)) == [0] * 5


def test_a_window_missing_in_between_ends_no_pass_as_its_neighbours_share_frames() -> None:
    assert passes_of(windows([10, 12, 18, 20], 2)) == [0] * 4


def test_windows_that_never_overlap_are_passes_of_their_own() -> None:
    assert passes_of(windows([0, 10, 20], 1)) == [0, 1, 2]


def test_windows_apart_by_no_more_than_the_gap_are_one_pass() -> None:
    numbers = windows([0, 29, 59, 90], 1)  # which jump by 25, 26 and 27
    assert passes_of(numbers, gap=24) == [0, 1, 2, 3]
    assert passes_of(numbers, gap=25) == [0, 0, 1, 2]
    assert passes_of(numbers, gap=26) == [0, 0, 0, 1]


def test_the_order_of_the_rows_does_not_matter() -> None:
    assert passes_of(windows([42, 10, 90, 12, 40, 14], 2)) == [1, 0, 2, 0, 1, 0]


def test_the_same_numbers_in_another_scenario_or_subset_are_other_passes() -> None:
    assert passes_of(windows([10, 12, 10, 12], 2), [5, 5, 7, 7])[2:] == [1, 1]


def test_a_window_whose_frames_cross_a_jump_is_told_apart() -> None:
    numbers = windows([10, 12, 40, 42], 2)
    numbers = np.vstack([numbers, [14, 16, 18, 40, 42]])
    group = np.zeros(5, int)
    assert crosses_jump(numbers, group).tolist() == [False] * 4 + [True]
    assert passes_of(numbers) == [0, 0, 1, 1, 2]


def test_the_usual_step_is_each_group_s_own() -> None:
    numbers = np.vstack([windows([10, 12], 2), windows([10, 11], 1)])
    assert not crosses_jump(numbers, np.array([0, 0, 1, 1])).any()


def test_passes_that_share_a_frame_of_any_modality_are_one() -> None:
    numbers = windows([10, 40, 70, 100], 2)
    other = numbers.copy()
    other[2, 3] = other[0, 4]
    group = np.zeros(4, int)
    ids = pass_ids(numbers, group, crosses_jump(numbers, group), [numbers, other, numbers])
    assert ids.tolist() == [0, 1, 0, 2]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(5, 20)), min_size=1, max_size=6),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 2]),
)
def test_no_frame_is_in_two_passes_and_a_gap_always_ends_one(
    recorded: list[tuple[int, int]], stride: int, slide: int
) -> None:
    starts, expected, first = [], [], 0
    for number, (gap, length) in enumerate(recorded):
        first += gap
        own = list(range(first, first + length, slide))
        starts += own
        expected += [number] * len(own)
        first = own[-1] + 4 * stride + 1
    numbers = windows(starts, stride)
    actual = passes_of(numbers)
    assert actual == expected
    for one in set(actual):
        inside = np.array(actual) == one
        assert not np.isin(numbers[inside], numbers[~inside]).any()
