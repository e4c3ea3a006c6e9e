"""Windows as batches of tensors, gathered from the memory-mapped frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.utils.data import Dataset

from beamfusion.data.frames import MAX_COUNT
from beamfusion.data.prepared import Prepared
from jobkit.errors import UserError


@dataclass(frozen=True, eq=False)
class Batch:
    """B windows of T frames."""

    image: Tensor
    """(B,T,3,H,W) float, 0 to 255."""
    lidar: Tensor
    """(B,T,1,G,G) float, 0 to 1."""
    radar: Tensor
    """(B,T,2,R,R) float, 0 to 1."""
    gps: Tensor
    """(B,2,2) float."""
    beam: Tensor
    """(B,) int64, zero-based; -1 without a label."""
    scenario: Tensor
    """(B,) int64."""

    def __len__(self) -> int:
        return len(self.beam)

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Batch:
        """On a device; the floating-point tensors as `dtype`, if given."""
        moved = {}
        for field in fields(self):
            tensor: Tensor = getattr(self, field.name)
            target = dtype if dtype is not None and tensor.is_floating_point() else tensor.dtype
            moved[field.name] = tensor.to(device, target, non_blocking=True)
        return Batch(**moved)


class WindowDataset(Dataset[Batch]):
    """The windows of `prepared` that `indices` names, in that order."""

    def __init__(self, prepared: Prepared, indices: ArrayLike):
        self._prepared = prepared
        self._indices = np.asarray(indices, np.int64)
        if (self._indices < 0).any() or (self._indices >= len(prepared.windows)).any():
            raise UserError(f"{prepared.folder}: windows beyond the {len(prepared.windows)} that there are")

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, row: int) -> Batch:
        """A batch of one window."""
        return self.batch([row])

    def batch(self, rows: Sequence[int] | NDArray[np.int64]) -> Batch:
        """The windows in these rows of the dataset, in that order."""
        chosen = self._indices[np.asarray(rows, np.int64)]
        prepared, windows = self._prepared, self._prepared.windows
        image = torch.from_numpy(prepared.image[windows.image_frames[chosen]])
        lidar = torch.from_numpy(prepared.lidar[windows.lidar_frames[chosen]])
        radar = torch.from_numpy(prepared.radar[windows.radar_frames[chosen]])
        return Batch(
            image=image.permute(0, 1, 4, 2, 3).to(torch.float32),
            lidar=lidar[:, :, None].to(torch.float32) / MAX_COUNT,
            radar=radar,
            gps=torch.from_numpy(windows.gps[chosen]),
            beam=torch.from_numpy(windows.beam[chosen]),
            scenario=torch.from_numpy(windows.scenario[chosen]),
        )


def batches(dataset: WindowDataset, *, order: Iterable[Sequence[int] | NDArray[np.int64]]) -> Iterator[Batch]:
    """One batch for each entry of `order`, which names its rows of the dataset."""
    for rows in order:
        yield dataset.batch(rows)
