"""What the tests do to jobs of the paper about tea: they are counted, and some fail, wait or die.

13 g burn, 11 g take a minute the first time, and a file `kill` holds the signal that kills the process.
"""

import functools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from jobkit.job import JobSpec, Outcome
from jobkit.ledger import Ledger

Work = Callable[[Ledger], Outcome]


def watched(job: JobSpec, work: Work) -> Work:
    @functools.wraps(work)
    def run(ledger: Ledger) -> Outcome:
        with Path("runs.txt").open("a") as runs:
            runs.write(f"{job.stage}\n")
        grams = job.settings["leaf"]["grams"]
        if grams == 13:
            sys.exit("the leaves burn")
        if grams == 11 and not Path("slow").exists():
            Path("slow").touch()
            time.sleep(60)
        if Path("kill").exists():
            os.kill(os.getpid(), int(Path("kill").read_text()))
        return work(ledger)

    return run
