"""Run a stage of the matrix as a job: settings and folders in, `result.json` out."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path
from typing import Any

from beamfusion.settings import Settings, parse_settings
from beamfusion.stages import STAGES
from beamfusion.stages.stage_job import StageJob
from jobkit.errors import UserError, did_you_mean
from jobkit.job import JobSpec, Outcome, run_job
from jobkit.ledger import Ledger
from jobkit.validation import UNKNOWN

PACKAGES = ("numpy", "scipy", "pillow", "torch", "numba", "mamba-ssm")


def run_stage(
    stage: str,
    folder: Path,
    document: dict[str, Any],
    *,
    needs: Path | None,
    device: str,
    threads: int,
    data_root: Path | None = None,
) -> None:
    """Run one job in `folder`; `document` is its settings, with those of its upstream jobs."""
    if stage not in STAGES:
        raise UserError(f"stage {stage}: unknown{did_you_mean(stage, STAGES)}")
    settings = _settings(document)
    reads_data = stage == "prepare" and settings.frames.source == "deepsense"
    job = StageJob(stage, folder, settings, needs, device, threads, data_root if reads_data else None)
    if reads_data and data_root is None:
        raise UserError(
            "the folder of the data set is not set; expected --config data_root=DIR, "
            "the folder that holds Multi_Modal"
        )
    module = importlib.import_module(f"beamfusion.stages.{stage}")
    spec = JobSpec(stage, folder, document, needs, PACKAGES, job.data_root)
    if stage != "train" or settings.train.devices == 1:
        run_job(spec, functools.partial(module.run, job))
        return
    from beamfusion.distributed.torchrun import dismiss_torchrun, follow_torchrun, torchrun_rank

    rank, has_begun = torchrun_rank(), False

    @functools.wraps(module.run)
    def begin(ledger: Ledger) -> Outcome:
        nonlocal has_begun
        has_begun = True
        outcome: Outcome = module.run(job, ledger)
        return outcome

    if rank:
        follow_torchrun(module.training(job), device, settings.train.devices, threads)
        return
    run_job(spec, begin)
    if rank == 0 and not has_begun:
        dismiss_torchrun(device, settings.train.devices)


def _settings(document: dict[str, Any]) -> Settings:
    """Return a job's settings; an unknown one may come from a schema of another day."""
    try:
        return parse_settings(document)
    except UserError as error:
        is_unknown = any(diagnostic.message.startswith(UNKNOWN) for diagnostic in error.diagnostics)
        hint = [
            "if papermatrix made these settings, config/settings.schema.json is of other code: make schema"
        ]
        raise UserError([*error.diagnostics, *(hint if is_unknown else [])]) from None
