"""`papermatrix diff`: which jobs an edit adds, drops and keeps, before anything runs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from papermatrix.commands.options import Commands, new_parser, overrides

if TYPE_CHECKING:
    from papermatrix.matrix.expand import Matrix
    from papermatrix.matrix.jobs import Job


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "diff", _run, "list the jobs that an edit adds and drops")
    parser.add_argument("--against", default="HEAD", metavar="REV", help="git's revision; default: HEAD")
    parser.add_argument("--json", action="store_true", help="with the jobs that are kept")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.matrix.changes import changes
    from papermatrix.matrix.expand import load_matrix

    values = overrides(options)
    matrix = load_matrix(values)
    edit = changes(matrix, values, options.against)
    documents = {
        "added": _as_json(edit.added, matrix),
        "dropped": _as_json(edit.dropped, edit.before or matrix),
        "kept": _as_json(edit.kept, matrix),
    }
    if options.json:
        print(json.dumps({"against": options.against, **documents}, indent=2))
        return
    for kind in ("added", "dropped"):
        for job in documents[kind]:
            print(f"{kind:8} {job['stage']:10} {job['id']} ({', '.join(job['tables'])}; {job['state']})")
    print(", ".join(f"{len(jobs)} {kind}" for kind, jobs in documents.items()))


def _as_json(jobs: Iterable[Job], matrix: Matrix) -> list[dict[str, Any]]:
    from papermatrix.results.store import Store

    store = Store(matrix)
    return [
        {"id": job.id, "stage": job.stage, "tables": matrix.tables_of[job.id], "state": store.status(job)}
        for job in jobs
    ]
