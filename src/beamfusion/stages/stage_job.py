"""What the work of every stage is given, and where it computes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from beamfusion.settings import Model, Settings
from jobkit.errors import UserError
from jobkit.job import Outcome, upstream_folder
from jobkit.ledger import Ledger

if TYPE_CHECKING:
    import torch

TREE, FRAMES = "tree", "frames"
"""Folders of simulated and of prepared data, in the folder of their job."""


@dataclass(frozen=True)
class StageJob:
    """A job that runs: its settings, with those of its upstream jobs, its folders and where it computes."""

    stage: str
    folder: Path
    settings: Settings
    needs: Path | None
    device: str
    threads: int
    data_root: Path | None = None
    """Folder of the recorded data, of a job that reads them."""

    def upstream(self, stage: str) -> Path:
        return upstream_folder(self.needs or self.folder, stage)

    @property
    def frames(self) -> Path:
        return self.upstream("prepare") / FRAMES


def compute(job: StageJob, ledger: Ledger, work: Callable[[torch.device], Outcome]) -> Outcome:
    """Do a stage's work on one device, once it is free."""
    import torch

    from beamfusion.device import free_devices

    torch.set_num_threads(job.threads)
    with computing(job), free_devices(job.device, 1) as devices:
        ledger.begin()
        return with_device(job, work(devices[0]))


@contextlib.contextmanager
def computing(job: StageJob) -> Iterator[None]:
    """Say which setting asked for more memory than a GPU has."""
    import torch

    try:
        yield
    except torch.cuda.OutOfMemoryError:
        size = getattr(job.settings, job.stage).batch_size
        raise UserError(
            f"{job.stage}.batch_size: {size} windows do not fit into the GPU's memory; expected fewer"
        ) from None


def with_device(job: StageJob, outcome: Outcome) -> Outcome:
    """Return an outcome with the threads that it held, and the kernel of its selective scans."""
    from beamfusion.device import choose_device

    device = choose_device(job.device)
    if device.type == "cpu":
        outcome = replace(outcome, device_count=max(outcome.device_count, job.threads))
    return replace(outcome, provenance={**outcome.provenance, **_scan_backend(job.settings.model, device)})


def _scan_backend(model: Model, device: torch.device) -> dict[str, str]:
    """Return which kernel a network's selective scans run by, for the provenance, where it has some."""
    if model.kind != "fusion" or (model.feature_fusion == "transformer" and model.time_fusion == "sum"):
        return {}
    from beamfusion.ops.selective_scan import choose_backend

    return {"scan_backend": choose_backend(device)}
