"""Preparing a frame, against scenes whose maps are known beforehand and the procedure written out plainly."""

import numpy as np
import pytest
from PIL import Image

from beamfusion.data.frames import image, lidar_grid, radar_maps


def test_an_image_is_resized_by_bicubic_interpolation() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (54, 96, 3), np.uint8)
    expected = np.asarray(Image.fromarray(pixels).resize((32, 32), Image.Resampling.BICUBIC))
    assert np.array_equal(image(pixels, 32), expected)


def test_points_are_counted_in_the_cells_of_their_scenario_s_area() -> None:
    # Scenario 33 spans x -50..0 and y -12..7: ten cells of 5 m by 1.9 m.
    points = [
        *[(-50.0, -12.0, 0.0)] * 2,  # the area's own corner, in cell (0, 0)
        (-0.1, 6.9, 1.0),  # in cell (9, 9)
        (0.0, 7.0, 1.0),  # the upper edges belong to it too
        *[(-24.9, -2.4, 5.0)] * 3,  # 25.1 m and 9.6 m into the area: cell (5, 5)
        (0.1, 0.0, 0.0),  # behind the array
        (-20.0, 7.1, 0.0),  # beside the area
    ]
    grid = lidar_grid(np.array(points), 33, 10)
    expected = np.zeros((10, 10), np.uint8)
    expected[0, 0], expected[9, 9], expected[5, 5] = 2, 2, 3
    assert grid.dtype == np.uint8
    assert np.array_equal(grid, expected)


def test_counts_are_cut_at_five() -> None:
    assert lidar_grid(np.full((40, 3), -10.0), 33, 8).max() == 5


@pytest.mark.parametrize(
    ("scenario", "area"),
    [
        (31, (-70, 0, -25, 14)),
        (32, (-60, 0, -40, 5.5)),
        (33, (-50, 0, -12, 7)),
        (34, (-50, 0, -20, 10)),
        (9, (-50, 0, -50, 50)),
    ],
)
def test_each_scenario_has_its_own_area(scenario: int, area: tuple[float, float, float, float]) -> None:
    left, right, low, high = area
    inside = [(left + 0.01, low + 0.01, 0), (right - 0.01, high - 0.01, 0)]
    outside = [(left - 0.01, low + 1, 0), (right + 0.01, 0, 0), (-1, low - 0.01, 0), (-1, high + 0.01, 0)]
    grid = lidar_grid(np.array(inside + outside), scenario, 256)
    assert (grid[0, 0], grid[255, 255], grid.sum()) == (1, 1, 2)


def test_a_point_that_is_no_number_counts_nowhere() -> None:
    assert lidar_grid(np.array([[np.nan, 0, 0], [-1, np.inf, 0]]), 33, 8).sum() == 0


def target(
    shape: tuple[int, int, int], antenna_turns: float, sample_turns: float, chirp_turns: float
) -> np.ndarray:
    """Make a point target's cube: its phase turns from antenna to antenna, and along the whole other axes."""
    antennas, samples, chirps = (np.arange(length) for length in shape)
    turns = (
        antenna_turns * antennas[:, None, None]
        + sample_turns * samples[None, :, None] / shape[1]
        + chirp_turns * chirps / shape[2]
    )
    return np.exp(2j * np.pi * turns).astype(np.complex64)


def peak(map_: np.ndarray) -> tuple[int, int]:
    row, column = np.unravel_index(map_.argmax(), map_.shape)
    return int(row), int(column)


def test_a_moving_target_peaks_at_its_range_angle_and_velocity_bins() -> None:
    # A quarter turn from antenna to antenna is a quarter of the angle bins.
    cube = target((4, 32, 32), antenna_turns=0.25, sample_turns=9, chirp_turns=5)
    angle, velocity = radar_maps(cube, 32)
    assert peak(angle) == (9, 8)
    assert peak(velocity) == (9, 5)


def test_an_approaching_and_a_receding_target_lie_at_opposite_ends_unshifted() -> None:
    velocity = radar_maps(target((4, 32, 32), 0, 3, 2) + target((4, 32, 32), 0, 20, -2), 32)[1]
    assert peak(velocity[:10]) == (3, 2)
    assert peak(velocity[10:]) == (10, 30)


def test_a_standing_target_is_taken_from_the_range_angle_map_only() -> None:
    standing = 10 * target((4, 32, 32), 0.25, 9, 0)
    moving = target((4, 32, 32), 0.5, 20, 3)
    angle, velocity = radar_maps(standing + moving, 32)
    assert peak(angle) == (20, 16)
    assert angle[9].max() < 1e-5
    assert peak(velocity) == (9, 0)


def test_the_published_size_gives_the_published_procedure_s_maps() -> None:
    random = np.random.default_rng(1)
    cube = (random.normal(size=(4, 256, 250)) + 1j * random.normal(size=(4, 256, 250))).astype(np.complex64)
    ranges = np.fft.fft(cube.astype(complex), axis=1)
    angle = abs(np.fft.fft(ranges - ranges.mean(2, keepdims=True), 256, axis=0)).sum(2).T
    velocity = abs(np.fft.fft(ranges, 256, axis=2)).sum(0)
    for ours, plain in zip(radar_maps(cube, 256), (angle, velocity), strict=True):
        np.testing.assert_allclose(ours, (plain - plain.min()) / (plain.max() - plain.min()), atol=1e-6)


def test_samples_and_chirps_beyond_the_size_are_averaged_down_and_not_cut_off() -> None:
    cube = target((4, 64, 96), antenna_turns=0, sample_turns=41, chirp_turns=70)
    angle, velocity = radar_maps(cube, 32)
    assert peak(angle)[0] == 41 // 2
    assert peak(velocity) == (41 // 2, 70 // 3)


def test_fewer_samples_than_the_size_are_padded() -> None:
    angle, velocity = radar_maps(target((4, 16, 8), 0.25, 5, 2), 64)
    assert angle.shape == velocity.shape == (64, 64)
    assert peak(velocity) == (5 * 4, 2 * 8)


def test_sizes_that_do_not_divide_share_their_bins() -> None:
    velocity = radar_maps(target((4, 48, 48), 0.25, 9, 5), 36)[1]
    assert velocity.shape == (36, 36)
    assert peak(velocity) == (int(9.5 * 36 / 48), int(5.5 * 36 / 48))
    # Bin 9 of 48 spans 6.75 to 7.5 of 36: a third of it is in bin 6, two thirds in bin 7.
    assert velocity[6, 4] == pytest.approx(velocity[7, 4] / 2, rel=1e-4)


def test_maps_are_min_max_scaled() -> None:
    random = np.random.default_rng(2)
    maps = radar_maps(random.normal(size=(4, 16, 8)).astype(np.complex64), 16)
    assert maps.dtype == np.float32
    assert [map_.min() for map_ in maps] == [0, 0]
    assert [map_.max() for map_ in maps] == [1, 1]


def test_a_cube_without_any_signal_gives_maps_of_zeros() -> None:
    assert np.array_equal(radar_maps(np.zeros((4, 16, 8), np.complex64), 16), np.zeros((2, 16, 16)))
