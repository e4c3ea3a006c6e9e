"""`papermatrix accept`: keeps stale results, for a reason that tables show."""

from __future__ import annotations

import argparse

from papermatrix.commands.options import Commands, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "accept", _run, "keep stale results as they are, for a stated reason")
    parser.add_argument("names", nargs="+", metavar="JOB|TABLE", help="a job's id, or a table")
    parser.add_argument("--because", required=True, metavar="REASON", help="why; tables say it")


def _run(options: argparse.Namespace) -> None:
    from jobkit.acceptance import accept
    from jobkit.errors import UserError, did_you_mean
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.results.store import Store, stale_jobs

    if not options.because.strip():
        raise UserError("--because: expected a reason that tables can show")
    matrix = load_matrix(overrides(options))
    known = {**matrix.cells, **matrix.jobs}
    if unknown := [name for name in options.names if name not in known]:
        raise UserError(f"{name}: no such job or table{did_you_mean(name, list(known))}" for name in unknown)
    tops = [
        job
        for name in options.names
        for job in (matrix.shown_jobs(name) if name in matrix.cells else [matrix.jobs[name]])
    ]
    store = Store(matrix)
    accepted = [job for job in stale_jobs(tops, store) if store.differs(job)]
    for job in accepted:
        accept(job.folder, options.because, store.made_from(job))
        print(f"accepted: {job.stage} {job.id}")
    results = "result" if len(accepted) == 1 else "results"
    print(f"{len(accepted)} {results} accepted" if accepted else "no stale results")
