"""The data of a job: what trains, what validates and what is scored, as its settings ask for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from beamfusion.data.dataset import Flip, WindowDataset
from beamfusion.data.forecast import with_windows_of
from beamfusion.data.prepared import Prepared, open_prepared
from beamfusion.data.splits import Split, split
from beamfusion.settings import Settings


@dataclass(frozen=True, eq=False)
class Parts:
    """Three data sets over the same prepared frames."""

    prepared: Prepared
    split: Split
    train: WindowDataset
    """Every so many windows of the training part, some mirrored, copies altered."""
    validation: WindowDataset
    test: WindowDataset

    @property
    def left_out(self) -> dict[str, int]:
        """Windows that no part has: of a NaN power, across a jump, and of faulty files when preparing."""
        faulty = self.prepared.summary.dropped
        return {"dropped": self.split.dropped, "crossing": self.split.crossing, "faulty": faulty}


def open_parts(folder: Path, settings: Settings, *, window_step: int = 1) -> Parts:
    """Open what a job of stage prepare left in `folder`; of the training part every `window_step`th window.

    Altered copies are drawn by `data.split_seed`, so that all trainings on a split see, and are scored on,
    the same ones; mirrored are windows that train, drawn by `seed`.
    """
    prepared = with_windows_of(open_prepared(folder), settings.data)
    found = split(prepared.windows, settings.data)
    flip = Flip(settings.seed, settings.frames.gps) if settings.data.flip else None
    copy_seed = settings.data.split_seed
    return Parts(
        prepared,
        found,
        WindowDataset(prepared, found.train[::window_step], copy_seed=copy_seed, flip=flip),
        WindowDataset(prepared, found.validation, copy_seed=copy_seed),
        WindowDataset(prepared, found.test, copy_seed=copy_seed),
    )
