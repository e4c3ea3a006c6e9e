"""The stage `profile`: a network's size and speed."""

from __future__ import annotations

from beamfusion.evaluation.profile import profile
from beamfusion.stages.stage_job import StageJob, compute
from jobkit.job import Outcome
from jobkit.ledger import Ledger


def run(job: StageJob, ledger: Ledger) -> Outcome:
    arguments = job.frames, job.upstream("train"), job.settings
    return compute(job, ledger, lambda device: profile(*arguments, device))
