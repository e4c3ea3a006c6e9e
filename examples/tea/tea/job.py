"""Runs one job: python -m tea.job STAGE --settings JSON --out FOLDER [--needs FOLDER]."""

import argparse
import csv
import json
import sys
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from jobkit.digest import digest_files
from jobkit.errors import exit_code
from jobkit.files import whole_file
from jobkit.job import Job, Outcome, run_job
from jobkit.ledger import Ledger
from tea.brew import flavours
from tea.pick import Leaf, pick

LEAVES, SAMPLES = "leaves.csv", "samples.parquet"


def run_pick(settings: dict[str, Any], job: Job, ledger: Ledger) -> Outcome:
    """Leaves the data beside its result, and says what they are: a table's header shows it."""
    garden = settings["garden"]
    with whole_file(job.folder / LEAVES) as path, path.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerows((leaf.age, leaf.sugar) for leaf in pick(garden["leaves"], garden["seed"]))
    digest = digest_files([job.folder / LEAVES], job.folder)
    return Outcome(provenance={"data": f"the {garden['name']}", "data_digest": digest})


def run_brew(settings: dict[str, Any], job: Job, ledger: Ledger) -> Outcome:
    """Returns the scores, and leaves those of each leaf for the tests of significance."""
    assert job.needs is not None
    with (job.needs / LEAVES).open(newline="") as stream:
        leaves = [Leaf(age, float(sugar)) for age, sugar in csv.reader(stream)]
    brew = settings["brew"]
    tasted = flavours(leaves, brew["celsius"], brew["minutes"], settings["seed"])
    ages = [leaf.age for leaf in leaves]
    frame = pd.DataFrame({"sample": range(len(leaves)), "part": ages, "flavour": tasted})
    with whole_file(job.folder / SAMPLES) as path:
        frame.to_parquet(path)
    young = [flavour for age, flavour in zip(ages, tasted, strict=True) if age == "young"]
    return Outcome(scores={"flavour": {"overall": fmean(tasted), "young": fmean(young)}})


STAGES = {"pick": run_pick, "brew": run_brew}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--settings", type=json.loads, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--needs", type=Path)
    options = parser.parse_args()
    source = f"tea.{options.stage}"  # as config/stages.yaml has it
    job = Job(options.stage, options.out, options.settings, options.needs, source, packages=("pandas",))
    run_job(job, partial(STAGES[options.stage], options.settings, job))


if __name__ == "__main__":
    sys.exit(exit_code(main))
