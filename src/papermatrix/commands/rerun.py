"""`papermatrix rerun`: runs Snakemake with the stale jobs behind tables forced to run."""

from __future__ import annotations

import argparse
import os
import sys

from papermatrix.commands.options import Commands, add_tables, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "rerun", _run, "rerun stale jobs, and render what shows them")
    add_tables(parser)
    parser.add_argument("--cores", metavar="N", help="for Snakemake; default: what its profile says")
    parser.add_argument("--dry-run", action="store_true", help="say what would run")
    parser.epilog = "What follows `--` is given to Snakemake as it is."


def _run(options: argparse.Namespace) -> None:
    from jobkit.result import RESULT
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.results.store import Store, stale_jobs
    from papermatrix.rules.planner import RERUN

    matrix = load_matrix(overrides(options), options.tables or None)
    store = Store(matrix)
    stale = stale_jobs((job for table in matrix.cells for job in matrix.shown_jobs(table)), store)
    for job in stale:
        print(store.stale_line(job))
    if not stale:
        print("no stale jobs")
        return
    command = [sys.executable, "-m", "snakemake", *(f"results/{table}.md" for table in options.tables)]
    command += ["--forcerun", *(str(job.folder / RESULT) for job in stale)]
    command += ["--cores", options.cores] if options.cores else []
    command += ["--dry-run"] if options.dry_run else []
    command += ["--config", *options.config] if options.config else []
    sys.stdout.flush()
    os.execve(sys.executable, [*command, *options.passed], {**os.environ, RERUN: "1"})
