"""The stage `evaluate`: a predictor's scores, modalities missing or rebuilt."""

from __future__ import annotations

from beamfusion.evaluation.evaluate import evaluate
from beamfusion.stages.stage_job import StageJob, compute
from jobkit.job import Outcome
from jobkit.ledger import Ledger


def run(job: StageJob, ledger: Ledger) -> Outcome:
    rebuilding = job.upstream("rebuild") if job.settings.rebuild.enabled else None
    arguments = job.folder, job.frames, job.upstream("train"), rebuilding, job.settings
    return compute(job, ledger, lambda device: evaluate(*arguments, device))
