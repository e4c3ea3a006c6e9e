"""Run a stage of the matrix as a job: settings and folders in, an outcome out."""

from __future__ import annotations

import functools
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamfusion.settings import Model, Settings, parse_settings
from jobkit.errors import UserError, did_you_mean
from jobkit.files import sync_folder
from jobkit.job import JobSpec, Outcome, run_job, upstream_folder
from jobkit.ledger import Ledger

if TYPE_CHECKING:
    import torch

    from beamfusion.distributed.process_group import Work

TREE, FRAMES = "tree", "frames"
"""Folders of simulated and of prepared data, in the folder of their job."""
PACKAGES = ("numpy", "scipy", "pillow", "torch", "numba", "mamba-ssm")


@dataclass(frozen=True)
class _Run:
    """A job that runs: its settings, with those of its upstream jobs, its folders and where it computes."""

    stage: str
    folder: Path
    settings: Settings
    needs: Path | None
    device: str
    threads: int

    def upstream(self, stage: str) -> Path:
        return upstream_folder(self.needs or self.folder, stage)

    @property
    def frames(self) -> Path:
        return self.upstream("prepare") / FRAMES


def run_stage(
    stage: str, folder: Path, document: dict[str, Any], *, needs: Path | None, device: str, threads: int
) -> None:
    """Run one job in `folder`; `document` is its settings, with those of its upstream jobs."""
    if stage not in STAGES:
        raise UserError(f"stage {stage}: unknown{did_you_mean(stage, list(STAGES))}")
    source, work = STAGES[stage]
    run = _Run(stage, folder, parse_settings(document), needs, device, threads)
    devices = run.settings.train.devices if stage == "train" else 1
    rank, began = None, False

    def begin(ledger: Ledger) -> Outcome:
        nonlocal began
        began = True
        return work(run, ledger)

    if devices > 1:
        from beamfusion.distributed.torchrun import dismiss_torchrun, follow_torchrun, torchrun_rank

        rank = torchrun_rank()
        if rank:
            follow_torchrun(_training(run), device, devices, threads)
            return
    run_job(JobSpec(stage, folder, document, needs, source, PACKAGES), begin)
    if rank == 0 and not began:
        dismiss_torchrun(device, devices)


def _simulate(run: _Run, _: Ledger) -> Outcome:
    from beamfusion.simulation.tree import simulate

    tree = run.folder / TREE
    if tree.exists():  # of a run that was killed
        shutil.rmtree(tree)
    simulate(tree, run.settings.simulation, progress=True)
    sync_folder(tree)
    return Outcome()


def _prepare(run: _Run, _: Ledger) -> Outcome:
    from beamfusion.data.prepare import discard_index, prepare

    settings, frames = run.settings, run.folder / FRAMES
    if settings.frames.source == "simulated":
        if run.needs is None:
            raise UserError("--needs: simulated frames depend on a job of stage simulate")
        root, name = run.needs / TREE, f"simulated (seed {settings.simulation.seed})"
    else:
        root, name = Path(settings.frames.root), "DeepSense 6G scenarios 31-34"
        if not settings.frames.root:
            raise UserError(
                "frames.root: the data set's folder is not set; expected --config data_root=DIR, "
                "the folder that holds Multi_Modal"
            )
    discard_index(frames)  # without result.json nothing vouches for what is there; the journal does
    summary = prepare(root, frames, settings.frames, progress=True, on_error=settings.data.on_error)
    if summary.dropped:
        for line in summary.faults:
            print(f"left out: {line}", file=sys.stderr)
        name = f"{name}, {summary.dropped} faulty samples left out"
    return Outcome(scores=summary.counts, provenance={"data": name, "data_digest": summary.digest})


def _training(run: _Run) -> Work:
    from beamfusion.training.train import train

    return functools.partial(train, run.folder, run.frames, run.settings)


def _train(run: _Run, ledger: Ledger) -> Outcome:
    return _compute(run, ledger, _training(run), run.settings.train.devices)


def _rebuild(run: _Run, ledger: Ledger) -> Outcome:
    from beamfusion.training.rebuild import rebuild

    arguments = run.folder, run.frames, run.upstream("train"), run.settings
    return _compute(run, ledger, lambda device, ledger, _: rebuild(*arguments, device, ledger))


def _evaluate(run: _Run, ledger: Ledger) -> Outcome:
    from beamfusion.evaluation.evaluate import evaluate

    rebuilding = run.upstream("rebuild") if run.settings.rebuild.enabled else None
    arguments = run.folder, run.frames, run.upstream("train"), rebuilding, run.settings
    return _compute(run, ledger, lambda device, *_: evaluate(*arguments, device))


def _profile(run: _Run, ledger: Ledger) -> Outcome:
    from beamfusion.evaluation.profile import profile

    arguments = run.frames, run.upstream("train"), run.settings
    return _compute(run, ledger, lambda device, *_: profile(*arguments, device))


def _compute(run: _Run, ledger: Ledger, work: Work, devices: int = 1) -> Outcome:
    """Do what needs torch, which takes a second to import, once the devices are free."""
    import torch

    from beamfusion.device import choose_device
    from beamfusion.distributed.launch import run_on_devices

    device = choose_device(run.device)
    scan = _scan_backend(run.settings.model, device)
    try:
        outcome = run_on_devices(work, run.device, devices, run.threads, ledger)
    except torch.cuda.OutOfMemoryError:
        size = getattr(run.settings, run.stage).batch_size
        raise UserError(
            f"{run.stage}.batch_size: {size} windows do not fit into the GPU's memory; expected fewer"
        ) from None
    if device.type == "cpu":
        outcome = replace(outcome, device_count=max(outcome.device_count, run.threads))
    return replace(outcome, provenance={**outcome.provenance, **scan})


def _scan_backend(model: Model, device: torch.device) -> dict[str, str]:
    """Return which kernel a network's selective scans run by, for the provenance, where it has some."""
    if model.kind != "fusion" or (model.feature_fusion == "transformer" and model.time_fusion == "sum"):
        return {}
    from beamfusion.ops.selective_scan import choose_backend

    return {"scan_backend": choose_backend(device)}


STAGES: dict[str, tuple[str, Callable[[_Run, Ledger], Outcome]]] = {
    "simulate": ("beamfusion.simulation.tree", _simulate),
    "prepare": ("beamfusion.data.prepare", _prepare),
    "train": ("beamfusion.training.train", _train),
    "rebuild": ("beamfusion.training.rebuild", _rebuild),
    "evaluate": ("beamfusion.evaluation.evaluate", _evaluate),
    "profile": ("beamfusion.evaluation.profile", _profile),
}
"""Each stage's source, the module whose digest with all that it imports dates the result, and its work.

How the processes of a training are started is not part of the source: it changes no result.
"""
