"""What each stage of the matrix does: settings and folders in, an outcome out."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamfusion.settings import Model, Settings, parse_settings
from jobkit.errors import UserError, did_you_mean
from jobkit.files import sync_folder
from jobkit.job import JobSpec, Outcome, run_job, upstream_folder
from jobkit.ledger import Ledger

if TYPE_CHECKING:
    import torch

TREE = "tree"
SOURCES = {
    "simulate": "beamfusion.simulation.tree",
    "prepare": "beamfusion.data.prepare",
    "train": "beamfusion.training.train",
    "rebuild": "beamfusion.training.rebuild",
    "evaluate": "beamfusion.evaluate",
    "profile": "beamfusion.profile",
}
"""The module that makes each stage's result; its source digest, imports included, dates the result.

How `training.launch` starts the processes of a training is not among them: it changes no result.
"""

PACKAGES = ("numpy", "scipy", "pillow", "torch", "numba", "mamba-ssm")


def run_stage(
    stage: str, folder: Path, document: dict[str, Any], *, needs: Path | None, device: str, threads: int
) -> None:
    """Run one job in `folder`; `document` is its settings, with those of the jobs that it stands on."""
    if stage not in SOURCES:
        raise UserError(f"stage {stage}: unknown{did_you_mean(stage, list(SOURCES))}")
    settings = parse_settings(document)
    began = False

    def work(ledger: Ledger) -> Outcome:
        nonlocal began
        began = True
        match stage:
            case "simulate":
                return _simulate(folder, settings)
            case "prepare":
                return _prepare(folder, settings, needs)
            case _:
                return _compute(stage, folder, settings, device, threads, ledger)

    rank = None
    if stage == "train" and settings.train.devices > 1:
        from beamfusion.training.launch import dismiss_torchrun, follow_torchrun, torchrun_rank

        rank = torchrun_rank()
        if rank:
            prepared = upstream_folder(needs or folder, "prepare") / "frames"
            follow_torchrun(folder, prepared, settings, device, threads)
            return
    run_job(JobSpec(stage, folder, document, needs, SOURCES[stage], PACKAGES), work)
    if rank == 0 and not began:
        dismiss_torchrun(settings, device)


def _simulate(folder: Path, settings: Settings) -> Outcome:
    from beamfusion.simulation.tree import simulate

    tree = folder / TREE
    if tree.exists():  # of a run that was killed
        shutil.rmtree(tree)
    simulate(tree, settings.simulation, progress=True)
    sync_folder(tree)
    return Outcome()


def _prepare(folder: Path, settings: Settings, needs: Path | None) -> Outcome:
    from beamfusion.data.prepare import forget_index, prepare

    if settings.frames.source == "simulated":
        if needs is None:
            raise UserError("--needs: simulated frames stand on a job of stage simulate")
        root, name = needs / TREE, f"simulated (seed {settings.simulation.seed})"
    else:
        root, name = Path(settings.frames.root), "DeepSense 6G scenarios 31-34"
        if not settings.frames.root:
            raise UserError(
                "frames.root: the data set's folder is not set; expected --config data_root=DIR, "
                "the folder that holds Multi_Modal"
            )
    forget_index(folder / "frames")  # without result.json nothing vouches for what is there; the journal does
    summary = prepare(
        root, folder / "frames", settings.frames, progress=True, on_error=settings.data.on_error
    )
    if summary.dropped:
        for fault in summary.faults:
            print(f"left out: {fault}", file=sys.stderr)
        name = f"{name}, {summary.dropped} faulty samples left out"
    return Outcome(scores=summary.counts, provenance={"data": name, "data_digest": summary.digest})


def _compute(
    stage: str, folder: Path, settings: Settings, device_name: str, threads: int, ledger: Ledger
) -> Outcome:
    """The stages that need torch, which takes a second to import."""
    import torch

    from beamfusion.device import choose_device

    kind = choose_device(device_name)
    scan = _name_scan(settings.model, kind)
    prepared = upstream_folder(folder, "prepare") / "frames"
    try:
        outcome = _compute_on_free(stage, folder, prepared, settings, device_name, threads, ledger)
    except torch.cuda.OutOfMemoryError:
        size = getattr(settings, stage).batch_size
        raise UserError(
            f"{stage}.batch_size: {size} windows do not fit into the GPU's memory; expected fewer"
        ) from None
    if kind.type == "cpu":
        outcome = replace(outcome, device_count=max(outcome.device_count, threads))
    return replace(outcome, provenance={**outcome.provenance, **scan})


def _compute_on_free(
    stage: str,
    folder: Path,
    prepared: Path,
    settings: Settings,
    device_name: str,
    threads: int,
    ledger: Ledger,
) -> Outcome:
    """The stage's work on the devices that it needs, once they are free."""
    import torch

    from beamfusion.device import free_devices

    if stage == "train" and settings.train.devices > 1:
        from beamfusion.training.launch import train_together

        return train_together(folder, prepared, settings, device_name, threads, ledger)
    torch.set_num_threads(threads)
    with free_devices(device_name) as (device,):
        ledger.begin()
        return _compute_on(device, stage, folder, prepared, settings, ledger)


def _name_scan(model: Model, device: torch.device) -> dict[str, str]:
    """Which kernel a network's selective scans run by, where it has some."""
    if model.kind != "fusion" or (model.feature_fusion == "transformer" and model.time_fusion == "sum"):
        return {}
    from beamfusion.models.selective_scan import choose_backend

    return {"scan_backend": choose_backend(device)}


def _compute_on(
    device: torch.device, stage: str, folder: Path, prepared: Path, settings: Settings, ledger: Ledger
) -> Outcome:
    if stage == "train":
        from beamfusion.training.train import train

        return train(folder, prepared, settings, device, ledger)
    training = upstream_folder(folder, "train")
    if stage == "rebuild":
        from beamfusion.training.rebuild import rebuild

        return rebuild(folder, prepared, training, settings, device, ledger)
    if stage == "profile":
        from beamfusion.profile import profile

        return profile(prepared, training, settings, device)
    from beamfusion.evaluate import evaluate

    rebuilding = upstream_folder(folder, "rebuild") if settings.rebuild.enabled else None
    return evaluate(folder, prepared, training, rebuilding, settings, device)
