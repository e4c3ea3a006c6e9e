"""Dries leaves."""

from random import Random

import pandas as pd

from jobkit.digest import digest_files
from jobkit.files import whole_file
from jobkit.job import JobSpec, Outcome
from jobkit.ledger import Ledger
from tea.leaves import LEAVES, Leaf, write_leaves

LEAVES_PER_GRAM = 100
SWEETEST = {"green": 0.9, "black": 0.7}
"""The most sugar that a leaf of each kind has."""
DAYS = 5
HISTORY = "history.csv"


def run(job: JobSpec, ledger: Ledger) -> Outcome:
    """Dry leaves, write them beside the result, and name them for the header of tables."""
    leaf = job.settings["leaf"]
    write_leaves(job.folder, dry(leaf["kind"], leaf["grams"], job.settings["seed"]))
    days = pd.DataFrame(enumerate(water(leaf["grams"]), start=1), columns=["day", "water"])
    with whole_file(job.folder / HISTORY) as path:
        days.to_csv(path, index=False)
    digest = digest_files([job.folder / LEAVES], job.folder)
    return Outcome(provenance={"data": f"{leaf['kind']} leaves", "data_digest": digest})


def dry(kind: str, grams: float, seed: int) -> list[Leaf]:
    random = Random(seed)
    ages = [random.choice(["young", "old"]) for _ in range(round(grams * LEAVES_PER_GRAM))]
    most = SWEETEST[kind]
    return [
        Leaf(age, most * (random.betavariate(4, 2) if age == "young" else random.random())) for age in ages
    ]


def water(grams: float) -> list[float]:
    """Return the grams of water that are left after each day."""
    return [4 * grams * 0.5**day for day in range(1, DAYS + 1)]
