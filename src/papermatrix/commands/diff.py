"""`papermatrix diff`: what an edit makes new and drops, row by row, before anything runs."""

from __future__ import annotations

import argparse
import functools
import json
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from papermatrix.commands.options import Commands, new_parser, overrides, warn

if TYPE_CHECKING:
    from papermatrix.matrix.changes import RowJobs
    from papermatrix.matrix.expand import Matrix
    from papermatrix.matrix.jobs import Job
    from papermatrix.results.history import History
    from papermatrix.results.store import Store

HEAD = "HEAD"


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "diff", _run, "say which jobs of which rows an edit adds and drops")
    parser.add_argument("revision", nargs="?", metavar="REVISION", help=f"of git; default: {HEAD}")
    parser.add_argument("--against", metavar="REVISION", help="the same")
    parser.add_argument("--json", action="store_true", help="with every job, also those that are kept")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.config.load import CONFIG
    from papermatrix.matrix.changes import changes
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.results.history import History
    from papermatrix.results.store import Store

    values, revision = overrides(options), options.revision or options.against or HEAD
    matrix = load_matrix(values)
    edit = changes(matrix, values, revision)
    store, before = Store(matrix), edit.before or matrix
    old_store = Store(before)
    warn(
        edit.untracked if edit.before else [f"{CONFIG}: git does not have it at {revision}; all jobs are new"]
    )
    if options.json:
        jobs = {
            "added": _as_json(edit.added, matrix, store.status),
            "dropped": _as_json(edit.dropped, before, functools.partial(_last_state, store=old_store)),
            "kept": _as_json(edit.kept, matrix, store.status),
        }
        print(json.dumps({"against": revision, **jobs}, indent=2))
        return
    history = History(matrix, store)
    for row in _rows(matrix, edit.added):
        print(f"added    {_labels(row)}: {_counts(row)}{_rest(row.own, store, history)}")
    for row in _rows(before, edit.dropped):
        print(f"dropped  {_labels(row)}: {_counts(row)}{_finished(row.own, old_store)}")
    total = _rest(edit.added, store, history)
    print(f"{len(edit.added)} added{total}; {len(edit.dropped)} dropped; {len(edit.kept)} kept")


def _rows(matrix: Matrix, jobs: Iterable[Job]) -> list[RowJobs]:
    from papermatrix.matrix.changes import by_row

    return by_row(matrix, jobs)


def _as_json(jobs: Iterable[Job], matrix: Matrix, state: Callable[[Job], str]) -> list[dict[str, Any]]:
    rows: dict[str, list[list[str]]] = {}
    jobs = list(jobs)
    for row in _rows(matrix, jobs):
        for job in (*row.own, *row.shared):
            rows.setdefault(job.id, []).append([row.table, row.row])
    return [
        {
            "id": job.id,
            "stage": job.stage,
            "tables": matrix.tables_of[job.id],
            "rows": rows[job.id],
            "state": state(job),
        }
        for job in jobs
    ]


def _last_state(job: Job, store: Store) -> str:
    """Return the state of a dropped job, whose source may be gone."""
    result = store.result(job)
    return result.status if result else store.status(job)


def _labels(row: RowJobs) -> str:
    return f"{row.table}, {row.row}"


def _counts(row: RowJobs) -> str:
    """Return `4 rebuild, 8 evaluate`, and how many the rows above have counted."""
    own = ", ".join(f"{count} {stage}" for stage, count in Counter(job.stage for job in row.own).items())
    shared = f"{len(row.shared)} of rows above" if row.shared else ""
    return " and ".join(filter(None, (own, shared)))


def _rest(jobs: Iterable[Job], store: Store, history: History) -> str:
    """Return `, 3 have results, about 6 min without 4 rebuild`: what is left to do of new jobs."""
    from papermatrix.render.text import duration_text

    jobs = list(jobs)
    left = [job for job in jobs if store.result(job) is None]
    forecasts = [forecast for job in left if (forecast := history.forecast(job))]
    unknown = Counter(job.stage for job in left if history.forecast(job) is None)
    parts = [_finished(jobs, store)]
    if forecasts:
        parts.append(f", about {duration_text(sum(forecast.seconds.likely for forecast in forecasts))}")
    if unknown and forecasts:
        parts.append(f" without {', '.join(f'{count} {stage}' for stage, count in unknown.items())}")
    elif unknown:
        parts.append(", time unknown")
    return "".join(parts)


def _finished(jobs: Iterable[Job], store: Store) -> str:
    count = sum(store.result(job) is not None for job in jobs)
    return f", {count} with a result" if count else ""
