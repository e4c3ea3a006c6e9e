"""Splits: which windows train, which validate, which are scored; checked over any recorded passes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from beamfusion.data.prepared import Prepared, Windows, window_dtype
from beamfusion.data.splits import Split, cut_passes, split
from beamfusion.settings import Data
from jobkit.errors import UserError

Recorded = list[tuple[str, int, int]]
"""Subset, scenario and number of windows of each pass."""


def windows_of(
    recorded: Recorded, nan: list[int] | None = None, crossing: list[int] | None = None
) -> Windows:
    """Make windows of passes whose neighbouring windows share four of five frames, as recorded ones do."""
    table = np.zeros(sum(length for *_, length in recorded), window_dtype(5))
    row, frame = 0, 0
    for number, (subset, scenario, length) in enumerate(recorded):
        inside = table[row : row + length]
        inside["subset"], inside["scenario"], inside["pass_id"] = subset, scenario, number
        inside["beam"] = -1 if subset == "test" else 7
        for modality in ("image", "lidar", "radar"):
            inside[f"{modality}_frames"] = frame + np.arange(length)[:, None] + np.arange(5)
        row, frame = row + length, frame + length + 4
    table["nan_power"][nan or []] = True
    table["crosses_jump"][crossing or []] = True
    return Windows(**{name: table[name] for name in table.dtype.names or ()})


PASSES = [
    *[("development", scenario, length) for scenario in (32, 33, 34) for length in (30, 25, 40, 33, 28, 36)],
    *[("adaptation", 31, length) for length in (16, 17, 17)],
    ("adaptation", 32, 25),
    *[("test", scenario, 20) for scenario in (31, 32, 33, 34)],
]

recordings = st.lists(
    st.tuples(
        st.sampled_from(["development", "adaptation", "test"]),
        st.sampled_from([31, 32, 33, 34]),
        st.integers(1, 30),
    ),
    min_size=1,
    max_size=25,
)


def parts_of(actual: Split) -> list[np.ndarray]:
    return [actual.train, actual.validation, actual.test]


@settings(max_examples=150, deadline=None)
@given(recordings, st.integers(0, 10**6), st.data())
@pytest.mark.parametrize("kind", ["blocks", "unseen"])
def test_passes_and_frames_are_in_one_part_and_every_sound_window_is_in_one(
    kind: str, recorded: Recorded, seed: int, data: st.DataObject
) -> None:
    count = sum(length for *_, length in recorded)
    rows = st.lists(st.integers(0, count - 1), max_size=5, unique=True)
    windows = windows_of(recorded, data.draw(rows), data.draw(rows))
    try:
        actual = split(windows, Data(split=kind, split_seed=seed, unseen_scenario=34))
    except UserError:
        labelled = [scenario for subset, scenario, _ in recorded if subset != "test"]
        enough = max((labelled.count(scenario) for scenario in labelled if kind == "blocks"), default=0) >= 3
        assert not enough or windows.nan_power.any() or windows.crosses_jump.any()
        return
    parts = parts_of(actual)
    together = np.concatenate(parts)
    assert len(set(together.tolist())) == len(together)
    sound = (windows.subset != "test") & ~windows.nan_power & ~windows.crosses_jump
    assert set(together.tolist()) == set(np.flatnonzero(sound).tolist())
    for number, part in enumerate(parts):
        others = np.concatenate(parts[:number] + parts[number + 1 :])
        assert len(part) > 0
        assert not np.isin(windows.pass_id[part], windows.pass_id[others]).any()
        for frames in (windows.image_frames, windows.lidar_frames, windows.radar_frames):
            assert not np.isin(frames[part], frames[others]).any()
    assert actual.dropped == np.sum(windows.nan_power & (windows.subset != "test"))
    assert len(together) + actual.dropped + actual.crossing == np.sum(windows.subset != "test")


@settings(max_examples=100, deadline=None)
@given(recordings, st.integers(0, 1000))
def test_blocks_gives_every_part_a_pass_of_every_scenario_with_three(recorded: Recorded, seed: int) -> None:
    windows = windows_of(recorded)
    labelled = [scenario for subset, scenario, _ in recorded if subset != "test"]
    if not any(labelled.count(scenario) >= 3 for scenario in labelled):
        return
    for part in parts_of(split(windows, Data(split_seed=seed))):
        scenarios = set(windows.scenario[part].tolist())
        assert {scenario for scenario in labelled if labelled.count(scenario) >= 3} <= scenarios


@pytest.mark.parametrize("seed", range(5))
def test_blocks_comes_near_80_10_10(seed: int) -> None:
    windows = windows_of([("development", 33, 20 + number % 7) for number in range(40)])
    actual = split(windows, Data(split_seed=seed))
    shares = np.array([len(part) for part in parts_of(actual)]) / len(windows)
    np.testing.assert_allclose(shares, [0.8, 0.1, 0.1], atol=0.01)


def test_blocks_comes_near_other_shares_and_unseen_validates_on_as_much() -> None:
    windows = windows_of(
        [("development", scenario, 3) for scenario in (32, 33) for _ in range(60)], nan=[0, 40]
    )
    shares = (0.7, 0.1, 0.2)
    parts = parts_of(split(windows, Data(shares=shares)))
    np.testing.assert_allclose([len(part) for part in parts], 358 * np.array(shares), atol=6)
    unseen = split(windows, Data(shares=shares, split="unseen", unseen_scenario=33))
    assert len(unseen.validation) == pytest.approx(0.1 * (len(unseen.train) + len(unseen.validation)), abs=3)


@pytest.mark.parametrize("shares", [(0.8, 0.1, 0.2), (1.0, 0.0, 0.0)])
def test_shares_that_are_no_parts_of_one_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ValidationError):
        Data(shares=shares)


def test_blocks_pools_development_and_adaptation_by_scenario() -> None:
    windows = windows_of([*[("development", 32, 10)] * 2, ("adaptation", 32, 10)])
    actual = split(windows, Data())
    assert [len(part) for part in parts_of(actual)] == [10, 10, 10]


def test_a_scenario_with_two_passes_trains_and_is_scored_and_one_with_one_trains() -> None:
    recorded = [
        *[("development", 32, 10)] * 3,
        *[("development", 33, 10)] * 2,
        ("development", 34, 10),
    ]
    windows = windows_of(recorded)
    train, validation, test = parts_of(split(windows, Data()))
    assert set(windows.scenario[train].tolist()) == {32, 33, 34}
    assert set(windows.scenario[validation].tolist()) == {32}
    assert set(windows.scenario[test].tolist()) == {32, 33}


def test_unseen_scores_one_scenario_and_trains_on_the_others() -> None:
    windows = windows_of(PASSES)
    actual = split(windows, Data(split="unseen", unseen_scenario=33))
    assert set(windows.scenario[actual.test].tolist()) == {33}
    assert len(actual.test) == 30 + 25 + 40 + 33 + 28 + 36
    assert set(windows.scenario[actual.train].tolist()) == {31, 32, 34}
    assert set(windows.scenario[actual.validation].tolist()) == {31, 32, 34}


def test_published_is_nine_to_one_of_the_pool_and_validates_on_what_it_reports() -> None:
    windows = windows_of(PASSES)
    actual = split(windows, Data(split="published"))
    pool = np.flatnonzero(windows.subset != "test")
    assert np.array_equal(actual.validation, actual.test)
    assert len(actual.train) == len(pool) * 9 // 10
    assert sorted([*actual.train.tolist(), *actual.test.tolist()]) == pool.tolist()


def test_published_shares_frames_between_its_parts() -> None:
    windows = windows_of(PASSES)
    actual = split(windows, Data(split="published"))
    assert np.isin(windows.image_frames[actual.test], windows.image_frames[actual.train]).any()


@pytest.mark.parametrize("kind", ["blocks", "unseen", "published"])
def test_the_same_seed_gives_the_same_parts_and_another_seed_others(kind: str) -> None:
    windows = windows_of(PASSES)
    first, again, other = (
        split(windows, Data(split=kind, split_seed=seed, unseen_scenario=34)) for seed in (3, 3, 4)
    )
    for part, same in zip(parts_of(first), parts_of(again), strict=True):
        assert np.array_equal(part, same)
    assert not np.array_equal(first.validation, other.validation)


@pytest.mark.parametrize("kind", ["blocks", "unseen", "published"])
def test_nan_labels_are_dropped_and_counted_or_kept(kind: str) -> None:
    windows = windows_of(PASSES, nan=[0, 5, 40])
    count = int((windows.subset != "test").sum())
    for handling, left_out in (("drop", 3), ("keep", 0)):
        actual = split(windows, Data(split=kind, nan_labels=handling))
        used = set(np.concatenate(parts_of(actual)).tolist())
        assert actual.dropped == left_out
        assert len(used) == count - left_out


def test_windows_across_a_jump_are_left_out_and_counted_but_for_the_published_split() -> None:
    windows = windows_of(PASSES, crossing=[2])
    assert 2 not in np.concatenate(parts_of(split(windows, Data())))
    assert split(windows, Data()).crossing == 1
    published = split(windows, Data(split="published"))
    assert 2 in np.concatenate([published.train, published.test])
    assert published.crossing == 0


def test_published_pools_47_copies_of_every_adaptation_sample_as_the_authors_counts_say() -> None:
    # 11,143 development and 100 adaptation samples: 15,943 rows with the copies, 14,348 of which train.
    development = [("development", scenario, n) for scenario, n in ((32, 3115), (33, 3837), (34, 4191))]
    adaptation = [("adaptation", scenario, n) for scenario, n in ((31, 50), (32, 25), (33, 25))]
    windows = windows_of([*development, *adaptation], nan=list(range(101)))
    actual = split(windows, Data(published=True))
    assert (len(actual.train), len(actual.test)) == (14348, 1595)
    rows = np.concatenate([actual.train, actual.test])
    assert len(set(rows.tolist())) == 15943
    copies = rows[rows >= len(windows)]
    assert len(copies) == 4700
    assert set((copies % len(windows)).tolist()) == set(
        np.flatnonzero(windows.subset == "adaptation").tolist()
    )
    assert set((copies // len(windows)).tolist()) == set(range(1, 48))
    assert np.isin(actual.test, copies).any()


@pytest.mark.parametrize("kind", ["blocks", "unseen"])
def test_other_splits_alter_no_window_but_those_of_adaptation_that_train(kind: str) -> None:
    windows = windows_of(PASSES)
    plain, actual = (split(windows, Data(split=kind, augment=augment)) for augment in (False, True))
    assert np.array_equal(actual.validation, plain.validation)
    assert np.array_equal(actual.test, plain.test)
    originals = plain.train[windows.subset[plain.train] == "adaptation"]
    assert np.array_equal(actual.train[: len(plain.train)], plain.train)
    copies = actual.train[len(plain.train) :]
    assert sorted((copies % len(windows)).tolist()) == sorted(47 * originals.tolist())
    assert (np.diff(actual.train) > 0).all()


def test_a_missing_unseen_scenario_is_an_error_that_names_the_others() -> None:
    windows = windows_of([("development", 32, 9), ("development", 33, 9)])
    with pytest.raises(UserError, match=r"data.unseen_scenario: 31 .* those that do: 32, 33"):
        split(windows, Data(split="unseen", unseen_scenario=31))


def test_too_few_passes_for_blocks_is_an_error() -> None:
    with pytest.raises(UserError, match="blocks leaves no windows to validation, expected 3 passes"):
        split(windows_of([("development", 32, 50)] * 2), Data())


def test_data_without_labels_is_an_error() -> None:
    with pytest.raises(UserError, match="no labelled windows"):
        split(windows_of([("test", 32, 50)]), Data())


def test_a_cut_of_equal_passes_is_exact() -> None:
    parts = cut_passes(np.full(10, 7), np.random.default_rng(0), (0.8, 0.1, 0.1), test=True)
    assert np.bincount(parts).tolist() == [8, 1, 1]
    parts = cut_passes(np.full(10, 7), np.random.default_rng(0), (0.8, 0.1, 0.1), test=False)
    assert np.bincount(parts).tolist() == [9, 1]


@pytest.mark.parametrize("kind", ["blocks", "unseen", "published"])
def test_prepared_files_split_like_any_windows(prepared: Prepared, kind: str) -> None:
    actual = split(prepared.windows, Data(split=kind))
    assert all(len(part) for part in parts_of(actual))
