"""The stage `prepare`: frames decoded once, of the simulated tree or of the recorded data."""

from __future__ import annotations

import sys

from beamfusion.data.prepare import discard_index, prepare
from beamfusion.stages.stage_job import FRAMES, TREE, StageJob
from jobkit.errors import UserError
from jobkit.job import Outcome
from jobkit.ledger import Ledger


def run(job: StageJob, ledger: Ledger) -> Outcome:
    settings, frames = job.settings, job.folder / FRAMES
    if settings.frames.source == "deepsense":
        assert job.data_root is not None
        root, name = job.data_root, "DeepSense 6G scenarios 31-34"
    elif job.needs is None:
        raise UserError("--needs: simulated frames depend on a job of stage simulate")
    else:
        root, name = job.needs / TREE, f"simulated (seed {settings.simulation.seed})"
    discard_index(frames)  # without result.json nothing vouches for what is there; the journal does
    summary = prepare(
        root,
        frames,
        settings.frames,
        progress=True,
        on_error=settings.data.on_error,
        pass_gap=settings.data.pass_gap,
        processes=job.threads,
    )
    if summary.dropped:
        for line in summary.faults:
            print(f"left out: {line}", file=sys.stderr)
        name = f"{name}, {summary.dropped} faulty samples left out"
    return Outcome(
        scores=summary.counts,
        device_count=job.threads,
        processes=job.threads,
        provenance={"data": name, "data_digest": summary.digest},
    )
