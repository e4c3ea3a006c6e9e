"""What the tests do to jobs of the paper about tea: they are counted, and some fail, wait or die.

13 g burn, 11 g take a minute the first time, and a file `kill` holds the signal that kills the process.
With a file `import_slowly` the process takes a minute before it could have the job's lock.
"""

import functools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jobkit.progress
from jobkit.job import JobSpec, Outcome
from jobkit.ledger import Ledger

Work = Callable[[Ledger], Outcome]

if Path("import_slowly").exists():
    Path("slow").touch()
    time.sleep(60)


def watched(job: JobSpec, work: Work) -> Work:
    @functools.wraps(work)
    def run(ledger: Ledger) -> Outcome:
        with Path("runs.txt").open("a") as runs:
            runs.write(f"{job.stage}\n")
        grams = job.settings["leaf"]["grams"]
        if grams == 13:
            sys.exit("the leaves burn")
        if grams == 11 and not Path("slow").exists():
            jobkit.progress.EVERY_SECONDS = 0.1
            meter = jobkit.progress.Meter(job.folder, "day", 50, items="leaves")
            time.sleep(0.2)
            meter.at(2.4, items=300)
            Path("slow").touch()
            time.sleep(60)
        if Path("kill").exists():
            os.kill(os.getpid(), int(Path("kill").read_text()))
        return work(ledger)

    return run
