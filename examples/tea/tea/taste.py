"""Tastes a cup of every leaf."""

from random import Random
from statistics import fmean

import pandas as pd

from jobkit.files import whole_file
from jobkit.job import JobSpec, Outcome
from jobkit.ledger import Ledger
from tea.leaves import Leaf, read_leaves

SWEETENS = {"blue": 0.05}
"""How much a cup's colour adds."""
SAMPLES = "samples.parquet"


def run(job: JobSpec, ledger: Ledger) -> Outcome:
    """Return the scores, and write those of each leaf for tests of significance."""
    leaves = read_leaves(job.upstream)
    tasted = flavours(leaves, job.settings["cup"]["colour"], job.settings["seed"])
    ages = [leaf.age for leaf in leaves]
    frame = pd.DataFrame({"sample": range(len(leaves)), "part": ages, "flavour": tasted})
    with whole_file(job.folder / SAMPLES) as path:
        frame.to_parquet(path)
    young = [flavour for age, flavour in zip(ages, tasted, strict=True) if age == "young"]
    return Outcome(scores={"flavour": {"overall": fmean(tasted), "young": fmean(young)}})


def flavours(leaves: list[Leaf], colour: str, seed: int) -> list[float]:
    """Return a flavour from 0 to 1 for each leaf; tasters differ."""
    random = Random(seed)
    tasted = (leaf.sugar + SWEETENS.get(colour, 0.0) + random.gauss(0, 0.05) for leaf in leaves)
    return [min(max(flavour, 0.0), 1.0) for flavour in tasted]
