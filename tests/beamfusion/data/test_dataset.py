"""Batches of tensors, gathered from prepared frames."""

import numpy as np
import pytest
import torch

from beamfusion.data.dataset import WindowDataset, batches
from beamfusion.data.prepared import Prepared
from jobkit.errors import UserError


def test_a_batch_has_the_shapes_and_ranges_of_the_network_s_inputs(prepared: Prepared) -> None:
    batch = WindowDataset(prepared, [0, 5, 9]).batch([0, 1, 2])
    assert len(batch) == 3
    assert batch.image.shape == (3, 5, 3, 8, 8)
    assert batch.lidar.shape == (3, 5, 1, 16, 16)
    assert batch.radar.shape == (3, 5, 2, 16, 16)
    assert batch.gps.shape == (3, 2, 2)
    assert batch.image.dtype == batch.lidar.dtype == batch.radar.dtype == batch.gps.dtype == torch.float32
    assert batch.beam.dtype == batch.scenario.dtype == torch.int64
    assert batch.image.max() > 200
    assert 0 < batch.lidar.max() <= 1


def test_a_batch_holds_its_windows_frames(prepared: Prepared) -> None:
    windows = prepared.windows
    batch = WindowDataset(prepared, np.array([3, 20, 41])).batch([2, 0])
    for row, window in enumerate([41, 3]):
        for step in range(5):
            pixels = prepared.image[windows.image_frames[window, step]]
            counts = prepared.lidar[windows.lidar_frames[window, step]]
            maps = prepared.radar[windows.radar_frames[window, step]]
            assert np.array_equal(batch.image[row, step].permute(1, 2, 0), pixels)
            assert np.array_equal(batch.lidar[row, step, 0], counts.astype(np.float32) / 5)
            assert np.array_equal(batch.radar[row, step], maps)
        assert np.array_equal(batch.gps[row], windows.gps[window])
        assert batch.beam[row] == windows.beam[window]
        assert batch.scenario[row] == windows.scenario[window]


def test_batches_follow_the_order_that_is_given(prepared: Prepared) -> None:
    dataset = WindowDataset(prepared, np.arange(10, 20))
    order = [np.array([4, 0, 9]), np.array([1]), [7, 7]]
    actual = list(batches(dataset, order=order))
    assert [len(batch) for batch in actual] == [3, 1, 2]
    assert actual[0].beam.tolist() == prepared.windows.beam[[14, 10, 19]].tolist()


def test_a_dataset_tells_its_windows_and_which_copies_of_them_they_are(prepared: Prepared) -> None:
    dataset = WindowDataset(prepared, [7, 47 + 8, 3 * 47 + 7])
    assert dataset.windows.tolist() == [7, 8, 7]
    assert dataset.copies.tolist() == [0, 1, 3]
    assert (len(dataset), dataset.altered) == (3, 2)


def test_only_floats_change_their_type(prepared: Prepared) -> None:
    batch = WindowDataset(prepared, [0]).batch([0]).to("cpu", torch.float64)
    assert batch.image.dtype == batch.lidar.dtype == batch.radar.dtype == batch.gps.dtype == torch.float64
    assert batch.beam.dtype == torch.int64


def test_windows_that_do_not_exist_are_refused(prepared: Prepared) -> None:
    with pytest.raises(UserError, match="windows beyond the 47 that there are"):
        WindowDataset(prepared, [47 * 48])


def test_tensors_do_not_share_memory_with_the_files(prepared: Prepared) -> None:
    batch = WindowDataset(prepared, [0]).batch([0])
    before = float(batch.radar[0, 0, 0, 0, 0])
    batch.radar.add_(1)
    assert float(WindowDataset(prepared, [0]).batch([0]).radar[0, 0, 0, 0, 0]) == before
