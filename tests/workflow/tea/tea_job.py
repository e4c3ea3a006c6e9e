"""One job of the paper about tea: STAGE SETTINGS FOLDER [FOLDER-BELOW]. 13 g burn; 99 minutes diverge."""

import json
import sys
from pathlib import Path

from jobkit.job import Job, Outcome, run_job
from jobkit.ledger import Ledger


def work(ledger: Ledger) -> Outcome:
    with Path("runs.txt").open("a") as runs:
        runs.write(f"{stage}\n")
    if settings["leaf"]["grams"] == 13:
        sys.exit("the leaves burn")
    if stage == "steep" and settings["steep"]["minutes"] == 99:
        return Outcome(status="diverged", epoch=7)
    return Outcome(scores={"flavour": settings["leaf"]["grams"] / 8})


stage, text, folder, *below = sys.argv[1:]
settings = json.loads(text)
run_job(Job(stage, Path(folder), settings, Path(below[0]) if below else None, "jobkit.digest"), work)
