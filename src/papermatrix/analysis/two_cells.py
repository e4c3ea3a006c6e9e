"""What differs between two cells: settings, code, data and machines of the jobs behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from jobkit.settings import flat
from jobkit.source import file_of
from papermatrix.config.tables import SEED
from papermatrix.matrix.cells import Cell
from papermatrix.matrix.jobs import Job
from papermatrix.results.provenance import SOURCE
from papermatrix.results.store import Store

_NOT_SET = "none"
_MACHINE = ("host", "system", "processors")


def what_differs(ours: Cell, theirs: Cell, store: Store) -> Iterator[tuple[str, str]]:
    """Yield what the jobs behind two cells do not share, by what to call it."""
    yield "settings", "; ".join(_settings(ours.jobs, theirs.jobs)) or "the same"
    yield "seeds", _against(_seeds(ours), _seeds(theirs))
    if not all(any(store.result(job) for job in cell.jobs) for cell in (ours, theirs)):
        yield "made by", "unknown: no result on either side, or on one"
        return
    yield "code", ", ".join(_code(ours.jobs, theirs.jobs, store)) or "the same"
    yield "data", _against(_data(ours.jobs, store), _data(theirs.jobs, store))
    yield "machine", _against(_machine(ours.jobs, store), _machine(theirs.jobs, store))


def _against(ours: Sequence[str], theirs: Sequence[str]) -> str:
    return "the same" if ours == theirs else f"{_listed(ours)} against {_listed(theirs)}"


def _seeds(cell: Cell) -> list[str]:
    runs = [*cell.runs, *(run for part in cell.parts for run in part.runs)]
    return _unique(str(run.seed) for run in runs if run.job and run.seed is not None)


def _settings(ours: Sequence[Job], theirs: Sequence[Job]) -> Iterator[str]:
    """Yield `model.layers: 2 against 4` for what both sides use, and the sections that only one uses."""
    first, second = (_values(jobs) for jobs in (ours, theirs))
    for side, only in (("this", first.keys() - second.keys()), ("the other", second.keys() - first.keys())):
        for section in sorted({key.partition(".")[0] for key in only}):
            yield f"only {side} uses {section}"
    for key in first:
        if key in second and key != SEED and set(first[key]) != set(second[key]):
            yield f"{key}: {' and '.join(first[key])} against {' and '.join(second[key])}"


def _values(jobs: Sequence[Job]) -> dict[str, list[str]]:
    values: dict[str, dict[str, None]] = {}
    for job in jobs:
        for key, value in flat(job.settings).items():
            values.setdefault(key, {})[json.dumps(value)] = None
    return {key: list(texts) for key, texts in values.items()}


def _code(ours: Sequence[Job], theirs: Sequence[Job], store: Store) -> Iterator[str]:
    """Yield the files whose code was another when both sides' jobs of one stage were made."""
    first, second = (_digests(jobs, store) for jobs in (ours, theirs))
    for stage, name in sorted(first.keys() & second.keys()):
        if first[stage, name] != second[stage, name]:
            yield f"{file_of(name)} ({stage})"


def _digests(jobs: Sequence[Job], store: Store) -> dict[tuple[str, str], set[str]]:
    digests: dict[tuple[str, str], set[str]] = {}
    for job in _chain(jobs):
        for source in _provenance(job, store).get(SOURCE, [])[-1:]:
            for name, digest in source.items():
                digests.setdefault((job.stage, name), set()).add(digest)
    return digests


def _data(jobs: Sequence[Job], store: Store) -> list[str]:
    made = (_provenance(job, store) for job in jobs)
    return _unique(
        f"{p.get('data', 'unnamed')}, digest {p['data_digest'][:12]}" for p in made if "data_digest" in p
    )


def _machine(jobs: Sequence[Job], store: Store) -> list[str]:
    """Return device, host and versions of libraries behind some jobs."""
    found = []
    for job in _chain(jobs):
        provenance, result = _provenance(job, store), store.result(job)
        versions = (f"{name} {version}" for name, version in provenance.get("versions", {}).items())
        device = [result.cost.device] if result else []
        found.append(
            ", ".join([*device, *(str(provenance[k]) for k in _MACHINE if k in provenance), *versions])
        )
    return _unique(found)


def _chain(jobs: Sequence[Job]) -> list[Job]:
    return list({job.id: job for top in jobs for job in top.chain()}.values())


def _provenance(job: Job, store: Store) -> dict[str, Any]:
    result = store.result(job)
    return result.provenance if result else {}


def _unique(texts: Any) -> list[str]:
    return list(dict.fromkeys(filter(None, texts)))


def _listed(texts: Sequence[str]) -> str:
    return " and ".join(texts) or _NOT_SET
