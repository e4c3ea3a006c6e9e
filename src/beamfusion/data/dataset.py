"""Training, validation and test windows as batches of tensors, gathered from the memory-mapped frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from beamfusion.data.augment import COPIES, alter
from beamfusion.data.forecast import with_windows_of
from beamfusion.data.frames import MAX_COUNT
from beamfusion.data.mirror import mirror_beam, mirror_gps, mirror_grid, mirror_image, mirror_radar
from beamfusion.data.prepared import Prepared, open_prepared
from beamfusion.data.splits import Split, split
from beamfusion.settings import Settings
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
    """(B,), or (B,horizon) of a forecast, int64, zero-based; -1 without a label."""
    scenario: Tensor
    """(B,) int64."""

    def __len__(self) -> int:
        return len(self.beam)

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Batch:
        """Move to a device, the floating-point tensors as `dtype` if given."""
        moved = {}
        for field in fields(self):
            tensor: Tensor = getattr(self, field.name)
            target = dtype if dtype is not None and tensor.is_floating_point() else tensor.dtype
            moved[field.name] = tensor.to(device, target, non_blocking=True)
        return Batch(**moved)


@dataclass(frozen=True)
class Flip:
    """Mirror each window at random, with probability 1/2, drawn in every epoch."""

    seed: int
    gps: Literal["polar", "angle"]
    """Encoding of the prepared positions."""


class WindowDataset:
    """The windows of `prepared` that `rows` names, in that order.

    Of N windows, row w is window w itself, and row c N + w its altered copy c, the same at every visit for
    the same `copy_seed`.
    """

    windows: NDArray[np.int64]
    """(N,): each window's index in the prepared data."""
    copies: NDArray[np.int64]
    """(N,): which altered copy of it each is, 0 for itself."""

    def __init__(self, prepared: Prepared, rows: ArrayLike, *, copy_seed: int = 0, flip: Flip | None = None):
        self._prepared, self._copy_seed, self._flip = prepared, copy_seed, flip
        rows, windows = np.asarray(rows, np.int64), len(prepared.windows)
        if (rows < 0).any() or (rows >= windows * (COPIES + 1)).any():
            raise UserError(f"{prepared.folder}: windows beyond the {windows} that there are")
        self.copies, self.windows = np.divmod(rows, max(windows, 1))
        self.start_epoch(0)

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def altered(self) -> int:
        """Number of windows that are altered copies."""
        return int(np.count_nonzero(self.copies))

    def positions(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return GPS (N,2,2) and beams of all windows, without a look at their frames."""
        prepared = self._prepared.windows
        return self._mirror_labels(self._mirrored, prepared.gps[self.windows], prepared.beam[self.windows])

    def start_epoch(self, epoch: int) -> None:
        """Draw which windows are mirrored in this epoch, from 0."""
        if self._flip is None:
            self._mirrored = np.zeros(len(self), bool)
        else:
            self._mirrored = np.random.default_rng([self._flip.seed, epoch, 1]).random(len(self)) < 0.5

    def batch(self, rows: Sequence[int] | NDArray[np.int64]) -> Batch:
        """Return the windows in these rows of the dataset, in that order."""
        self._prepared.check_whole()
        rows = np.asarray(rows, np.int64)
        chosen, mirrored = self.windows[rows], self._mirrored[rows]
        prepared, windows = self._prepared, self._prepared.windows
        image = prepared.image[windows.image_frames[chosen]]
        lidar = prepared.lidar[windows.lidar_frames[chosen]]
        radar = prepared.radar[windows.radar_frames[chosen]]
        scenario, copies = windows.scenario[chosen], self.copies[rows]
        for i in np.flatnonzero(copies):
            random = self._copy_random(int(chosen[i]), int(copies[i]))
            alter(
                int(copies[i]),
                random,
                int(scenario[i]),
                image[i],
                lidar[i],
                radar[i],
            )
        for i in np.flatnonzero(mirrored):
            image[i] = mirror_image(image[i])
            lidar[i] = mirror_grid(lidar[i], int(scenario[i]))
            radar[i] = mirror_radar(radar[i])
        gps, beam = self._mirror_labels(mirrored, windows.gps[chosen], windows.beam[chosen])
        return Batch(
            image=torch.from_numpy(image).permute(0, 1, 4, 2, 3).to(torch.float32),
            lidar=torch.from_numpy(lidar)[:, :, None].to(torch.float32) / MAX_COUNT,
            radar=torch.from_numpy(radar),
            gps=torch.from_numpy(gps),
            beam=torch.from_numpy(beam),
            scenario=torch.from_numpy(scenario),
        )

    def _mirror_labels(
        self, mirrored: NDArray[np.bool_], gps: NDArray[np.float32], beam: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        if self._flip is not None:
            gps[mirrored] = mirror_gps(gps[mirrored], self._flip.gps)
            beam[mirrored] = mirror_beam(beam[mirrored])
        return gps, beam

    def _copy_random(self, window: int, copy: int) -> np.random.Generator:
        windows = self._prepared.windows
        return np.random.default_rng(
            [self._copy_seed, int(windows.scenario[window]), int(windows.line[window]), copy]
        )


def batches(dataset: WindowDataset, *, order: Iterable[Sequence[int] | NDArray[np.int64]]) -> Iterator[Batch]:
    """Yield one batch for each entry of `order`, which names its rows of the dataset."""
    for rows in order:
        yield dataset.batch(rows)


@dataclass(frozen=True, eq=False)
class Datasets:
    """Three parts of the same prepared windows."""

    prepared: Prepared
    split: Split
    train: WindowDataset
    """Every so many windows of the training part, some mirrored, copies altered."""
    validation: WindowDataset
    test: WindowDataset

    @property
    def left_out(self) -> dict[str, int]:
        """Windows that no part has: of a NaN power, across a jump, and of broken files when preparing."""
        broken = self.prepared.summary.dropped
        return {"dropped": self.split.dropped, "crossing": self.split.crossing, "faulty": broken}


def open_datasets(folder: Path, settings: Settings, *, window_step: int = 1) -> Datasets:
    """Open what a job of stage prepare wrote; of the training part every `window_step`th window.

    Altered copies are drawn by `data.split_seed`, so that all trainings on a split see, and are scored on,
    the same ones; mirrored are windows that train, drawn by `seed`.
    """
    prepared = with_windows_of(open_prepared(folder), settings.data)
    rows = split(prepared.windows, settings.data)
    flip = Flip(settings.seed, settings.frames.gps) if settings.data.flip else None
    copy_seed = settings.data.split_seed
    return Datasets(
        prepared,
        rows,
        WindowDataset(prepared, rows.train[::window_step], copy_seed=copy_seed, flip=flip),
        WindowDataset(prepared, rows.validation, copy_seed=copy_seed),
        WindowDataset(prepared, rows.test, copy_seed=copy_seed),
    )
