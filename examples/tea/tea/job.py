"""Runs one job: python -m tea.job STAGE --settings JSON --out FOLDER [--needs FOLDER]."""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from jobkit.errors import exit_code
from jobkit.job import JobSpec, run_job
from tea import dry, steep, taste

STAGES = {"dry": dry.run, "steep": steep.run, "taste": taste.run}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--settings", type=json.loads, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--needs", type=Path)
    options = parser.parse_args()
    job = JobSpec(options.stage, options.out, options.settings, options.needs, packages=("pandas",))
    run_job(job, partial(STAGES[options.stage], job))


if __name__ == "__main__":
    sys.exit(exit_code(main))
