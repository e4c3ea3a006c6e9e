"""The stage `simulate`: a tree of simulated frames, as the data set's own."""

from __future__ import annotations

from beamfusion.simulation.tree import simulate
from beamfusion.stages.stage_job import TREE, StageJob
from jobkit.files import sync_folder
from jobkit.job import Outcome
from jobkit.ledger import Ledger


def run(job: StageJob, ledger: Ledger) -> Outcome:
    tree = job.folder / TREE
    simulate(tree, job.settings.simulation, processes=job.threads, progress=True)
    sync_folder(tree)
    return Outcome(device_count=job.threads, processes=job.threads)
