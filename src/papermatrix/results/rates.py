"""What jobs would take by the rates of paper.yaml: samples x passes x measured seconds."""

from __future__ import annotations

from jobkit.settings import value_of
from papermatrix.config.paper import PaperCost, Rate
from papermatrix.matrix.jobs import Job


def rated_seconds(cost: PaperCost, job: Job) -> float | None:
    """Return a job's seconds on the device of the rates; None where there is no rate for it."""
    stage, rate = cost.stages.get(job.stage), _rate(cost, job)
    if stage is None or rate is None:
        return None
    passes = value_of(stage.passes, job.settings) if stage.passes else 1
    return float((rate.samples or stage.samples) * passes * rate.seconds)


def _rate(cost: PaperCost, job: Job) -> Rate | None:
    """Return the first rate whose settings are the job's."""
    stage = cost.stages.get(job.stage)
    for rate in stage.rates if stage else ():
        if all(value_of(key, job.settings, ...) == value for key, value in rate.when.items()):
            return rate
    return None
