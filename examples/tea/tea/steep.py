"""Steeps leaves."""

import math
from dataclasses import replace

from jobkit.job import JobSpec, Outcome
from jobkit.ledger import Ledger
from tea.leaves import Leaf, read_leaves, write_leaves

BITTER_AFTER = 60
"""Minutes."""


def run(job: JobSpec, ledger: Ledger) -> Outcome:
    """Steep the leaves; bitter tea is a result too: diverged, in the last minute that was not bitter."""
    leaves = steep(read_leaves(job.upstream), job.settings["steep"]["minutes"])
    if leaves is None:
        return Outcome(status="diverged", epoch=BITTER_AFTER)
    write_leaves(job.folder, leaves)
    return Outcome()


def steep(leaves: list[Leaf], minutes: int) -> list[Leaf] | None:
    """Return the leaves with the sugar that is drawn out of them; None once the tea has turned bitter."""
    if minutes > BITTER_AFTER:
        return None
    drawn = 1 - math.exp(-minutes / 2)
    return [replace(leaf, sugar=leaf.sugar * drawn) for leaf in leaves]
