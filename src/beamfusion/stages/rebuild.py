"""The stage `rebuild`: the modality rebuilding module of a trained predictor."""

from __future__ import annotations

from beamfusion.stages.stage_job import StageJob, compute
from beamfusion.training.rebuild import rebuild
from jobkit.job import Outcome
from jobkit.ledger import Ledger


def run(job: StageJob, ledger: Ledger) -> Outcome:
    arguments = job.folder, job.frames, job.upstream("train"), job.settings
    return compute(job, ledger, lambda device: rebuild(*arguments, device, ledger))
