"""Altered copies: which there are, and each alteration against a definition of its own."""

import colorsys

import numpy as np
import pytest
from scipy import ndimage

from beamfusion.data.augment import (
    CAMERA_RANGES,
    COPIES,
    alter,
    alter_images,
    combination,
    scaled,
    shift_grids,
)
from beamfusion.data.dataset import WindowDataset
from beamfusion.data.frames import lidar_area, lidar_grid
from beamfusion.data.prepared import Prepared

LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue in a grey picture (ITU-R BT.601)."""


def pictures(frames: int = 2, size: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (frames, size, size, 3), np.uint8)


def blended(degenerate: np.ndarray, frames: np.ndarray, strength: float) -> np.ndarray:
    """Blend as brightness, contrast and saturation do: away from, or towards, a picture without any."""
    return np.clip(degenerate + strength * (frames - degenerate.astype(float)), 0, 255)


def test_there_are_47_combinations_and_each_differs() -> None:
    assert COPIES == 8 * 3 * 2 - 1
    assert combination(0) == (None, None, None)
    assert len({combination(copy) for copy in range(48)}) == 48
    assert {combination(copy)[0] for copy in range(48)} == {None, *CAMERA_RANGES}
    with pytest.raises(ValueError, match="copy 48, expected 0 to 47"):
        combination(48)


@pytest.mark.parametrize("kind", sorted(set(CAMERA_RANGES) - {"blur"}))
def test_a_strength_in_the_middle_leaves_a_picture_as_it_is(kind: str) -> None:
    frames = pictures()
    same = alter_images(kind, 0.0 if kind == "hue" else 1.0, frames)
    assert same.dtype == np.uint8
    np.testing.assert_allclose(same, frames, atol=6 if kind == "hue" else 1)


@pytest.mark.parametrize("strength", [0.5, 1.7, 3.0])
def test_brightness_multiplies(strength: float) -> None:
    frames = pictures()
    actual = alter_images("brightness", strength, frames)
    np.testing.assert_allclose(actual, blended(np.zeros_like(frames), frames, strength), atol=1)


@pytest.mark.parametrize("strength", [0.5, 4.0])
def test_contrast_spreads_about_each_frame_s_mean_grey(strength: float) -> None:
    frames = pictures()
    mean = (frames @ np.array(LUMA)).mean((1, 2))[:, None, None, None]
    actual = alter_images("contrast", strength, frames)
    np.testing.assert_allclose(actual, blended(mean, frames, strength), atol=2 + strength)


@pytest.mark.parametrize("strength", [0.0, 2.5])
def test_saturation_spreads_about_each_pixel_s_grey(strength: float) -> None:
    frames = pictures()
    grey = (frames @ np.array(LUMA))[..., None]
    actual = alter_images("saturation", strength, frames)
    np.testing.assert_allclose(actual, blended(grey, frames, strength), atol=2 + strength)


@pytest.mark.parametrize("strength", [0.5, 2.2])
def test_gamma_is_a_power_of_the_value(strength: float) -> None:
    frames = pictures()
    expected = 255 * (frames / 255) ** strength
    np.testing.assert_allclose(alter_images("gamma", strength, frames), expected, atol=0.51)


@pytest.mark.parametrize("turns", [-0.5, -0.2, 1 / 3])
def test_hue_turns_the_colour_circle(turns: float) -> None:
    frames = pictures()
    actual = alter_images("hue", turns, frames)
    for colour, altered in zip(frames.reshape(-1, 3), actual.reshape(-1, 3), strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*(colour / 255))
        expected = 255 * np.array(colorsys.hsv_to_rgb((hue + turns) % 1, saturation, value))
        np.testing.assert_allclose(altered, expected, atol=10)


def test_a_third_of_a_turn_makes_red_green() -> None:
    red = np.full((1, 4, 4, 3), (200, 0, 0), np.uint8)
    assert np.abs(alter_images("hue", 1 / 3, red)[0, 0, 0].astype(int) - (0, 200, 0)).max() <= 3


def test_sharpness_goes_away_from_the_smoothed_picture() -> None:
    frames = pictures()
    kernel = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13
    smooth = np.stack([
        np.stack([ndimage.convolve(frame[..., c].astype(float), kernel) for c in range(3)], -1)
        for frame in frames
    ])  # fmt: skip
    actual = alter_images("sharpness", 3.0, frames)[:, 1:-1, 1:-1]
    np.testing.assert_allclose(actual, blended(smooth, frames, 3.0)[:, 1:-1, 1:-1], atol=3)


def test_blur_is_a_gaussian_of_the_camera_s_nine_by_seven_pixels() -> None:
    point = np.zeros((1, 256, 256, 3), np.uint8)
    point[0, 100, 60] = 255
    actual = alter_images("blur", 1.0, point)[0, 95:106, 55:66, 0]
    down, across = (
        np.exp(-(np.arange(-5, 6) ** 2) / (2 * sigma**2)) for sigma in (1.4 * 256 / 540, 1.7 * 256 / 960)
    )
    expected = 255 * np.outer(down / down.sum(), across / across.sum())
    np.testing.assert_allclose(actual, expected, atol=0.6)


def test_thinning_keeps_nine_points_in_ten() -> None:
    random = np.random.default_rng(0)
    grid = random.integers(0, 6, (5, 64, 64), np.uint8)
    thin = grid.copy()
    alter(8, random, 31, pictures(5), thin, np.zeros((5, 2, 4, 4), np.float32))
    assert combination(8) == (None, "thinning", None)
    assert (thin <= grid).all()
    assert thin.sum() / grid.sum() == pytest.approx(0.9, abs=0.005)


@pytest.mark.parametrize("metres", [(0.4, -0.4), (-0.3, 0.05), (0.0, 0.0)])
@pytest.mark.parametrize("scenario", [31, 33])
def test_a_shift_moves_the_points_by_so_many_metres(metres: tuple[float, float], scenario: int) -> None:
    random = np.random.default_rng(1)
    points = np.zeros((4000, 3))
    points[:, :2] = random.normal((-25, -2), 1.5, (4000, 2))
    grid = lidar_grid(points, scenario, 256)
    before = _centre(grid, scenario)
    moved = shift_grids(grid[None], scenario, np.array(metres), random)
    assert moved.max() <= 5
    np.testing.assert_allclose(_centre(moved[0], scenario) - before, metres, atol=0.03)
    cells = lidar_grid(points + np.array([*metres, 0]), scenario, 256)
    assert abs(int(moved.sum()) - int(cells.sum())) < 0.1 * cells.sum()


def test_points_shifted_out_of_the_area_are_lost_and_none_come_in() -> None:
    grid = np.full((1, 10, 10), 2, np.uint8)
    moved = shift_grids(grid, 33, np.array([10.0, -3.8]), np.random.default_rng(0))[0]
    assert (moved[:2] == 0).all()
    assert (moved[:, -2:] == 0).all()
    assert (moved[2:, :8] == 2).all()


def test_radar_noise_adds_its_share_of_the_range_and_is_scaled_again() -> None:
    random = np.random.default_rng(2)
    maps = scaled(random.random((5, 2, 32, 32))).astype(np.float32)
    noisy = maps.copy()
    alter(24, random, 31, pictures(5), np.zeros((5, 8, 8), np.uint8), noisy)
    assert combination(24) == (None, None, "noise")
    assert (noisy.min((-2, -1)) == 0).all()
    assert (noisy.max((-2, -1)) == 1).all()
    difference = abs(noisy - maps)
    assert 0 < difference.mean() < difference.max() < 0.1


def test_a_copy_alters_what_its_combination_names_and_nothing_else() -> None:
    for copy in range(48):
        camera, lidar, radar = combination(copy)
        random = np.random.default_rng(copy)
        before = (
            pictures(2),
            random.integers(0, 6, (2, 64, 64), np.uint8),
            random.random((2, 2, 8, 8), np.float32),
        )
        after = [array.copy() for array in before]
        alter(copy, random, 32, *after)
        changed = [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
        assert changed == [camera is not None, lidar is not None, radar is not None]


def copies_of(prepared: Prepared, seed: int, rows: list[int], epoch: int = 0) -> WindowDataset:
    dataset = WindowDataset(prepared, rows, copy_seed=seed)
    dataset.start_epoch(epoch)
    return dataset


def test_a_copy_is_the_same_at_every_visit_and_another_for_another_seed(prepared: Prepared) -> None:
    window = int(np.flatnonzero(prepared.windows.subset == "adaptation")[0])
    count = len(prepared.windows)
    rows = [window + copy * count for copy in range(48)]
    dataset = copies_of(prepared, 3, rows)
    first, single = dataset.batch(range(48)), dataset.batch([47])
    again = copies_of(prepared, 3, rows[::-1], epoch=5).batch([0])
    other = copies_of(prepared, 4, rows).batch([47])
    for name in ("image", "lidar", "radar"):
        assert getattr(first, name)[47].equal(getattr(single, name)[0])
        assert getattr(first, name)[47].equal(getattr(again, name)[0])
    assert not other.radar.equal(single.radar)
    assert first.gps.eq(first.gps[0]).all()
    assert first.beam.eq(first.beam[0]).all()


def test_a_copy_leaves_the_prepared_frames_alone(prepared: Prepared) -> None:
    before = [array.copy() for array in (prepared.image, prepared.lidar, prepared.radar)]
    copies_of(prepared, 0, [10 + 47 * len(prepared.windows)]).batch([0])
    after = (prepared.image, prepared.lidar, prepared.radar)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def _centre(grid: np.ndarray, scenario: int) -> np.ndarray:
    """Return mean x and y of a grid's points in metres."""
    means = []
    for axis, (low, high) in enumerate(lidar_area(scenario)):
        edges = np.linspace(low, high, grid.shape[axis] + 1)
        means.append(np.average((edges[1:] + edges[:-1]) / 2, weights=grid.sum(1 - axis)))
    return np.array(means)
