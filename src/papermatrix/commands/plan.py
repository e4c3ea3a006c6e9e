"""`papermatrix plan`: the jobs that tables need, with their statuses."""

from __future__ import annotations

import argparse
import json
from collections import Counter

from papermatrix.commands.options import Commands, add_tables, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "plan", _run, "list the jobs that tables need")
    add_tables(parser)
    parser.add_argument("--json", action="store_true", help="with settings, as a JSON list")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.results.store import Store

    matrix = load_matrix(overrides(options), options.tables or None)
    store = Store(matrix)
    if options.json:
        jobs = [
            {
                "id": job.id,
                "stage": job.stage,
                "needs": [job.upstream.id] if job.upstream else [],
                "settings": job.settings,
                "tables": list(matrix.tables_of[job.id]),
                "state": store.status(job),
            }
            for job in matrix.jobs.values()
        ]
        print(json.dumps(jobs, indent=2))
        return
    for job in matrix.jobs.values():
        print(f"{store.status(job):11} {job.stage:10} {job.id}")
    counts = Counter(store.status(job) for job in matrix.jobs.values())
    print(f"{len(matrix.jobs)} jobs: {', '.join(f'{count} {status}' for status, count in counts.items())}")
