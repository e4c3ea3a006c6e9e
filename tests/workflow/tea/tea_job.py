"""One job of the paper about tea: STAGE SETTINGS FOLDER [FOLDER-BELOW].

13 g burn, 99 minutes diverge, and 11 g take a minute the first time.
"""

import json
import sys
import time
from pathlib import Path

from jobkit.job import Job, Outcome, run_job
from jobkit.ledger import Ledger


def work(ledger: Ledger) -> Outcome:
    with Path("runs.txt").open("a") as runs:
        runs.write(f"{stage}\n")
    if settings["leaf"]["grams"] == 13:
        sys.exit("the leaves burn")
    if settings["leaf"]["grams"] == 11 and not Path("slow").exists():
        Path("slow").touch()
        time.sleep(60)
    if stage == "dry":
        Path(folder, "history.csv").write_text("day,water\n1,5\n2,4\n")
    if stage == "steep" and settings["steep"]["minutes"] == 99:
        return Outcome(status="diverged", epoch=7)
    return Outcome(scores={"flavour": settings["leaf"]["grams"] / 8})


stage, text, folder, *below = sys.argv[1:]
settings = json.loads(text)
run_job(Job(stage, Path(folder), settings, Path(below[0]) if below else None, f"tea.{stage}"), work)
