"""`papermatrix rerun`: runs Snakemake with the stale jobs behind tables, or jobs that lack files."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jobkit.errors import UserError, did_you_mean
from papermatrix.commands.options import Commands, new_parser, overrides

if TYPE_CHECKING:
    from papermatrix.matrix.expand import Matrix
    from papermatrix.matrix.jobs import Job
    from papermatrix.results.store import Store


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "rerun", _run, "rerun stale jobs, and render what shows them")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="TABLE|JOB",
        help="all tables, if none is given; of a job its id or folder, to have it, or its files, again",
    )
    parser.add_argument("--cores", metavar="N", help="for Snakemake; default: what its profile says")
    parser.add_argument("--dry-run", action="store_true", help="say what would run")
    parser.epilog = "What follows `--` is given to Snakemake as it is."


def _run(options: argparse.Namespace) -> None:
    from jobkit.removed import REMOVED
    from jobkit.result import RESULT
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.results.store import Store, stale_jobs
    from papermatrix.rules.planner import RERUN

    matrix = load_matrix(overrides(options))
    tables, jobs = _given(options.names, matrix)
    store = Store(matrix)
    shown = [job for table in tables for job in matrix.shown_jobs(table)]
    stale = stale_jobs((*shown, *jobs), store)
    for job in stale:
        print(store.stale_line(job))
    gone = _without_files(jobs, stale, store)
    for job in gone:
        print(f"{job.stage} {job.id}: some of its files were removed")
    again = [*stale, *gone]
    if not again and not jobs:
        print("no stale jobs")
        return
    targets = [str(matrix.project.outputs.tables / f"{table}.md") for table in tables if options.names]
    command = [sys.executable, "-m", "snakemake", *targets, *(str(job.folder / RESULT) for job in jobs)]
    command += ["--forcerun", *(str(job.folder / RESULT) for job in again)] if again else []
    command += ["--cores", options.cores] if options.cores else []
    command += ["--dry-run"] if options.dry_run else []
    command += ["--config", *options.config] if options.config else []
    for job in () if options.dry_run else gone:
        # A result that lacks files which nobody removed on purpose is made again.
        (job.folder / REMOVED).unlink(missing_ok=True)
    sys.stdout.flush()
    os.execve(sys.executable, [*command, *options.passed], {**os.environ, RERUN: "1"})


def _given(names: Sequence[str], matrix: Matrix) -> tuple[list[str], list[Job]]:
    """Return the tables and the jobs that names stand for; all tables, if there are no names."""
    jobs = {name: matrix.jobs[Path(name).name] for name in names if Path(name).name in matrix.jobs}
    tables = [name for name in names if name not in jobs]
    if unknown := [name for name in tables if name not in matrix.cells]:
        known = [*matrix.cells, *matrix.jobs]
        raise UserError(f"{name}: no such table or job{_hint(name, matrix, known)}" for name in unknown)
    return tables if names else list(matrix.cells), list(jobs.values())


def _hint(name: str, matrix: Matrix, known: Sequence[str]) -> str:
    """Return the nearest name, or else the tables: jobs are too many."""
    hint = did_you_mean(name, known)
    return hint if "did you mean" in hint else did_you_mean(name, list(matrix.cells))


def _without_files(jobs: Sequence[Job], stale: Sequence[Job], store: Store) -> list[Job]:
    """Return the jobs that lack files of theirs, and those upstream of which files were removed.

    A `UserError` for a job that lacks nothing and is not stale.
    """
    from jobkit.removed import is_whole, read_removed

    gone = {
        link.id: link
        for job in jobs
        for link in job.chain()
        if link not in stale and not is_whole(link.folder, read_removed(link.folder).files)
    }
    complete = []
    for job in jobs:
        result = store.result(job)
        if result is None or job in stale or job.id in gone:
            continue
        if is_whole(job.folder, result.files):
            complete.append(job)
        gone[job.id] = job
    if complete:
        raise UserError(
            f"{job.stage} {job.id}: has its result with all its files; to run it again, remove {job.folder}"
            for job in complete
        )
    return list(gone.values())
