"""Runs one job: python -m tea.job STAGE --settings JSON --out FOLDER [--needs FOLDER]."""

import argparse
import csv
import json
import sys
from functools import partial
from pathlib import Path
from statistics import fmean

import pandas as pd

from jobkit.digest import digest_files
from jobkit.errors import exit_code
from jobkit.files import whole_file
from jobkit.job import JobSpec, Outcome, run_job
from jobkit.ledger import Ledger
from tea.dry import Leaf, dry, water
from tea.steep import BITTER_AFTER, steep
from tea.taste import flavours

LEAVES, HISTORY, SAMPLES = "leaves.csv", "history.csv", "samples.parquet"


def run_dry(job: JobSpec, ledger: Ledger) -> Outcome:
    """Dry leaves, write them beside the result, and name them for the header of tables."""
    leaf = job.settings["leaf"]
    write_leaves(job.folder, dry(leaf["kind"], leaf["grams"], job.settings["seed"]))
    days = pd.DataFrame(enumerate(water(leaf["grams"]), start=1), columns=["day", "water"])
    with whole_file(job.folder / HISTORY) as path:
        days.to_csv(path, index=False)
    digest = digest_files([job.folder / LEAVES], job.folder)
    return Outcome(provenance={"data": f"{leaf['kind']} leaves", "data_digest": digest})


def run_steep(job: JobSpec, ledger: Ledger) -> Outcome:
    """Steep the leaves; bitter tea is a result too: diverged, in the last minute that was not bitter."""
    leaves = steep(read_leaves(job), job.settings["steep"]["minutes"])
    if leaves is None:
        return Outcome(status="diverged", epoch=BITTER_AFTER)
    write_leaves(job.folder, leaves)
    return Outcome()


def run_taste(job: JobSpec, ledger: Ledger) -> Outcome:
    """Return the scores, and write those of each leaf for tests of significance."""
    leaves = read_leaves(job)
    tasted = flavours(leaves, job.settings["cup"]["colour"], job.settings["seed"])
    ages = [leaf.age for leaf in leaves]
    frame = pd.DataFrame({"sample": range(len(leaves)), "part": ages, "flavour": tasted})
    with whole_file(job.folder / SAMPLES) as path:
        frame.to_parquet(path)
    young = [flavour for age, flavour in zip(ages, tasted, strict=True) if age == "young"]
    return Outcome(scores={"flavour": {"overall": fmean(tasted), "young": fmean(young)}})


def write_leaves(folder: Path, leaves: list[Leaf]) -> None:
    with whole_file(folder / LEAVES) as path, path.open("w", newline="") as stream:
        csv.writer(stream).writerows((leaf.age, leaf.sugar) for leaf in leaves)


def read_leaves(job: JobSpec) -> list[Leaf]:
    assert job.upstream is not None
    with (job.upstream / LEAVES).open(newline="") as stream:
        return [Leaf(age, float(sugar)) for age, sugar in csv.reader(stream)]


STAGES = {"dry": run_dry, "steep": run_steep, "taste": run_taste}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--settings", type=json.loads, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--needs", type=Path)
    options = parser.parse_args()
    source = f"tea.{options.stage}"  # as config/stages.yaml has it
    job = JobSpec(options.stage, options.out, options.settings, options.needs, source, packages=("pandas",))
    run_job(job, partial(STAGES[options.stage], job))


if __name__ == "__main__":
    sys.exit(exit_code(main))
