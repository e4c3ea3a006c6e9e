"""Windows of other lengths, and the beams that follow: held against a plain loop over frame numbers."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from beamfusion.data.forecast import forecast_windows, with_windows_of
from beamfusion.data.prepared import Windows, open_prepared, window_dtype
from beamfusion.data.splits import split
from beamfusion.settings import Data
from jobkit.errors import UserError

Pass = tuple[str, int, int, int]
"""Subset, scenario, first frame number, and number of frames."""


def recorded(passes: list[Pass], gaps: tuple[int, ...] = (), shuffle: int | None = None) -> Windows:
    """Make a record for every frame from a pass's ninth on, 2 frames apart inside, as the data set has them.

    A frame's index is 1000 times its pass plus its number; so are its position and, modulo 64, its beam.
    """
    rows = [
        (number, subset, scenario, last)
        for number, (subset, scenario, first, length) in enumerate(passes)
        for last in range(first + 8, first + length)
    ]
    rows = [row for place, row in enumerate(rows) if place not in gaps]
    if shuffle is not None:
        rows = [rows[place] for place in np.random.default_rng(shuffle).permutation(len(rows))]
    table = np.zeros(len(rows), window_dtype(5))
    for place, (number, subset, scenario, last) in enumerate(rows):
        frames = 1000 * number + last - 2 * np.arange(5)[::-1]
        table[place]["image_frames"] = frames
        table[place]["lidar_frames"] = frames + 1
        table[place]["radar_frames"] = frames + 2
        table[place]["gps"] = [(frame, -frame) for frame in frames[:2]]
        table[place]["beam"] = -1 if subset == "test" else (1000 * number + last) % 64
        table[place]["line"], table[place]["frame_number"], table[place]["pass_id"] = place + 2, last, number
        table[place]["scenario"], table[place]["subset"] = scenario, subset
    return Windows(**{name: table[name] for name in table.dtype.names or ()})


def by_hand(windows: Windows, history: int, horizon: int) -> list[tuple[int, dict[str, Any]]]:
    """Return the index of each record that ends a window, and that window, made one frame after the other."""
    known: dict[tuple[int, int], tuple[int, int, int]] = {}
    position: dict[tuple[int, int], list[float]] = {}
    beam: dict[tuple[int, int], int] = {}
    nan: dict[tuple[int, int], bool] = {}
    usable = [
        index
        for index in range(len(windows))
        if windows.subset[index] == "development"
        and windows.beam[index] >= 0
        and not windows.crosses_jump[index]
    ]
    for index in usable:
        name, last = int(windows.pass_id[index]), int(windows.frame_number[index])
        for k in range(5):
            known[name, last - 2 * (4 - k)] = (
                int(windows.image_frames[index, k]),
                int(windows.lidar_frames[index, k]),
                int(windows.radar_frames[index, k]),
            )
        for k in range(2):
            position[name, last - 2 * (4 - k)] = windows.gps[index, k].tolist()
        beam[name, last], nan[name, last] = int(windows.beam[index]), bool(windows.nan_power[index])
    actual = []
    for index in usable:
        name, last = int(windows.pass_id[index]), int(windows.frame_number[index])
        frames = [(name, last - 2 * k) for k in range(history - 1, -1, -1)]
        fixes = [(name, last - 12), (name, last - 6)]
        steps = [(name, last + k) for k in range(horizon)]
        if (
            all(key in known for key in frames)
            and all(key in position for key in fixes)
            and all(key in beam for key in steps)
        ):
            window = {
                "frames": [known[key] for key in frames],
                "gps": [position[key] for key in fixes],
                "beam": [beam[key] for key in steps],
                "nan": any(nan[key] for key in steps),
            }
            actual.append((index, window))
    return actual


passes = st.lists(
    st.tuples(
        st.sampled_from(["development", "development", "adaptation", "test"]),
        st.sampled_from([32, 33]),
        st.integers(0, 30),
        st.integers(9, 45),
    ),
    min_size=1,
    max_size=5,
)


@hypothesis_settings(max_examples=80, deadline=None)
@given(passes, st.integers(2, 24), st.integers(1, 6), st.data())
def test_windows_are_those_of_a_plain_loop(
    made: list[Pass], history: int, horizon: int, data: st.DataObject
) -> None:
    made = [*made, ("development", 32, 0, 45), ("development", 33, 3, 45)]
    count = sum(length - 8 for *_, length in made)
    places = st.lists(st.integers(0, count - 1), max_size=3, unique=True)
    windows = recorded(made, tuple(data.draw(places)), data.draw(st.integers(0, 99)))
    windows.nan_power[:: data.draw(st.integers(2, 9))] = True
    windows.crosses_jump[:: data.draw(st.integers(7, 99))] = True
    expected = by_hand(windows, history, horizon)
    if not expected:
        with pytest.raises(UserError, match=r"need a pass of \d+ frames"):
            forecast_windows(windows, history=history, horizon=horizon)
        return
    actual = forecast_windows(windows, history=history, horizon=horizon)
    assert actual.line.tolist() == [int(windows.line[index]) for index, _ in expected]
    for place, (index, window) in enumerate(expected):
        together = zip(
            *(getattr(actual, f"{m}_frames")[place] for m in ("image", "lidar", "radar")), strict=True
        )
        assert list(together) == window["frames"]
        assert actual.gps[place].tolist() == window["gps"]
        assert actual.beam[place].ravel().tolist() == window["beam"]
        assert actual.nan_power[place] == window["nan"]
        for name in ("scenario", "subset", "frame_number", "pass_id"):
            assert getattr(actual, name)[place] == getattr(windows, name)[index]


def test_the_first_beam_is_the_last_frame_s_own_and_the_others_follow_record_by_record() -> None:
    windows = recorded([("development", 32, 1, 40)])
    actual = forecast_windows(windows, history=10, horizon=5)
    assert actual.image_frames[0].tolist() == [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]
    assert actual.gps[0, :, 0].tolist() == [7, 13]
    assert actual.beam[0].tolist() == [19, 20, 21, 22, 23]
    assert len(actual) == 40 - 18 - 4


def test_a_history_of_30_spans_59_frames() -> None:
    windows = recorded([("development", 32, 1, 63)])
    actual = forecast_windows(windows, history=30, horizon=5)
    assert len(actual) == 1
    assert actual.image_frames[0, [0, -1]].tolist() == [1, 59]


def test_no_pass_that_is_long_enough_is_an_error_with_the_longest_one() -> None:
    windows = recorded([("development", 32, 1, 62), ("development", 33, 1, 40)])
    expected = r"data\.history 30 and data\.horizon 5 need a pass of 63 frames .* longest .* has 62"
    with pytest.raises(UserError, match=expected):
        forecast_windows(windows, history=30, horizon=5)


def test_records_of_another_stride_are_refused() -> None:
    windows = recorded([("development", 32, 1, 40)])
    apart = replace(windows, image_frames=windows.image_frames * 3)
    apart.image_frames[:] = apart.image_frames[:, -1:] - 3 * np.arange(5)[::-1]
    with pytest.raises(UserError, match="frames are not 2 frames apart"):
        forecast_windows(apart, history=10, horizon=5)


@pytest.mark.parametrize("modality", ["image", "lidar", "radar"])
def test_records_that_name_different_frames_at_one_place_are_refused(modality: str) -> None:
    windows = recorded([("development", 32, 1, 40)])
    frames = getattr(windows, f"{modality}_frames").copy()
    frames[5, 2] += 1
    with pytest.raises(UserError, match=f"{modality} frames are not 2 frames apart"):
        forecast_windows(replace(windows, **{f"{modality}_frames": frames}), history=10, horizon=5)


def test_five_frames_and_one_beam_are_the_records_themselves(prepared_job: Path) -> None:
    prepared = open_prepared(prepared_job / "frames")
    assert with_windows_of(prepared, Data()) is prepared


def test_simulated_records_give_windows_that_share_the_records_frames(prepared_job: Path) -> None:
    prepared = open_prepared(prepared_job / "frames")
    actual = with_windows_of(prepared, Data(history=10, horizon=5)).windows
    own = {
        int(line): index
        for index, line in enumerate(prepared.windows.line.tolist())
        if prepared.windows.subset[index] == "development"
    }
    for place, line in enumerate(actual.line.tolist()):
        assert np.array_equal(actual.image_frames[place, -5:], prepared.windows.image_frames[own[line]])
        assert np.array_equal(actual.gps[place, 1], prepared.windows.gps[own[line], 1])
        assert actual.beam[place, 0] == prepared.windows.beam[own[line]]
        assert actual.beam[place, 1] == prepared.windows.beam[own[line] + 1]
    assert {field.name for field in fields(actual)} == {field.name for field in fields(prepared.windows)}


def many(scenarios: tuple[int, ...] = (32, 33, 34), count: int = 6) -> Windows:
    recordings = [("development", number, 1, 30 + k) for number in scenarios for k in range(count)]
    return recorded([*recordings, ("adaptation", 31, 1, 40), ("test", 34, 1, 40)])


def test_the_published_split_of_a_forecast_is_eight_to_two() -> None:
    options = Data(history=10, horizon=5, split="published")
    windows = forecast_windows(many(), history=10, horizon=5)
    actual = split(windows, options)
    assert len(actual.train) == len(windows) * 8 // 10
    assert sorted([*actual.train, *actual.test]) == list(range(len(windows)))


def test_blocks_keeps_the_passes_of_a_forecast_whole() -> None:
    windows = forecast_windows(many(), history=10, horizon=5)
    actual = split(windows, Data(history=10, horizon=5))
    parts = [set(windows.pass_id[part].tolist()) for part in (actual.train, actual.validation, actual.test)]
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts))


def test_a_forecast_cannot_leave_out_a_scenario_that_has_no_development_records() -> None:
    windows = forecast_windows(many(), history=10, horizon=5)
    with pytest.raises(UserError, match=r"unseen_scenario: 31 has no labelled windows; .*: 32, 33, 34"):
        split(windows, Data(history=10, horizon=5, split="unseen", unseen_scenario=31))


def test_a_forecast_is_dropped_for_any_nan_among_its_beams() -> None:
    windows = many((32,))
    windows.nan_power[windows.frame_number == 24] = True
    actual = forecast_windows(windows, history=10, horizon=5)
    assert set(actual.frame_number[actual.nan_power].tolist()) == {20, 21, 22, 23, 24}
    assert split(actual, Data(history=10, horizon=5)).dropped == actual.nan_power.sum()
