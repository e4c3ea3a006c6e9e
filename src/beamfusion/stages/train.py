"""The stage `train`: a predictor, on one device or several."""

from __future__ import annotations

import functools

from beamfusion.distributed.launch import run_on_devices
from beamfusion.distributed.process_group import Work
from beamfusion.stages.stage_job import StageJob, computing, with_device
from beamfusion.training.train import train
from jobkit.job import Outcome
from jobkit.ledger import Ledger


def run(job: StageJob, ledger: Ledger) -> Outcome:
    with computing(job):
        devices = job.settings.train.devices
        outcome = run_on_devices(training(job), job.device, devices, job.threads, ledger)
    return with_device(job, outcome)


def training(job: StageJob) -> Work:
    """Return the work of each process of a training."""
    return functools.partial(train, job.folder, job.frames, job.settings)
