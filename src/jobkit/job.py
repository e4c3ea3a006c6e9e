"""Runs one job in its folder: lock, settings.json, work, result.json, in that order.

A job whose upstream diverged is `diverged` too, without running. `result.json` is written last; until then an
older one stays in its place, and `ledger.json` beside it says that it is being replaced.
"""

import contextlib
import os
import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobkit import provenance
from jobkit.acceptance import is_accepted
from jobkit.data import data_digest
from jobkit.declared import Declared, digests_of_work
from jobkit.digest import digest_files
from jobkit.errors import UserError
from jobkit.failure import FAILURE, refuse_to_crash_again
from jobkit.files import STRICT, read_as, read_json, write_json
from jobkit.folder import check_folder, continue_log, empty, remove_leftovers, sizes
from jobkit.ledger import Account, Ledger, is_unfinished, unfinished
from jobkit.lock import job_lock
from jobkit.progress import PROGRESS
from jobkit.removed import REMOVED, expect_files, read_removed
from jobkit.result import RESULT, SETTINGS, Cost, Result, Status, read_result, write_result
from jobkit.source import Digests, Source

INHERITED = ("data_digest", "data", "data_root_digest")
"""Provenance that a job takes over from its upstream."""


@dataclass(frozen=True)
class Outcome:
    """What a job's work returns."""

    scores: dict[str, Any] = field(default_factory=dict)
    status: Status = "done"
    epoch: int | None = None
    epochs: int | None = None
    """How many were begun, of a job that has epochs."""
    device: str = "cpu"
    device_count: int = 1
    """On a CPU the threads."""
    processes: int = 1
    """That shared the work, each with memory of its own."""
    peak_memory: int | None = None
    """Bytes on a GPU; None: this process's resident peak."""
    provenance: dict[str, Any] = field(default_factory=dict)
    obsolete: tuple[str, ...] = ()
    """Files that only an unfinished job needs; they are removed once the result is written."""


@dataclass(frozen=True)
class JobSpec:
    """One job to run: a stage's work, settings and folder, and the folder of its upstream."""

    stage: str
    folder: Path
    settings: dict[str, Any]
    upstream: Path | None
    packages: tuple[str, ...] = ()
    """Libraries whose versions are worth recording."""
    data_root: Path | None = None
    """Folder of recorded data that it reads."""

    @property
    def id(self) -> str:
        return self.folder.resolve().name


@dataclass(frozen=True)
class _Document:
    """What settings.json holds."""

    __pydantic_config__ = STRICT
    stage: str
    id: str
    needs: str | None
    """Folder of its upstream, relative to its own."""
    settings: dict[str, Any]


def run_job(job: JobSpec, work: Callable[[Ledger], Outcome]) -> Result:
    """Do the work of one job and write its result.

    A result that today's source made from the upstream's present result, and from the same data, is returned
    as it is. The source is that of the module that defines `work`, or what stages.yaml declares.
    """
    check_folder(job.folder)
    declared = Declared.of_environment()
    # What runs is what is digested, however long it waits for a device: the work's module is imported by now.
    source = digests_of_work(work, declared.sources.get(job.stage, Source()))
    with job_lock(job.folder):
        remove_leftovers(job.folder)
        continue_log(job.folder)
        upstream = _named_result(job.upstream) if job.upstream else None
        upstream_digest = digest_files([job.upstream / RESULT], job.upstream) if job.upstream else None
        last = _named_result(job.folder) if (job.folder / RESULT).exists() else None
        past = unfinished(job.folder, last)
        made_from = {"upstream_digest": upstream_digest, **_data_digest(job, declared)}
        if last is not None and past is None and _is_of_today(last, job.folder, source, made_from):
            (job.folder / FAILURE).unlink(missing_ok=True)
            return last
        if job.upstream and is_unfinished(job.upstream):
            raise UserError(
                f"{job.upstream}: its rerun has not ended, and its result is of before; end it first"
            )
        if job.upstream and upstream and upstream.status == "done":
            expect_files(_with_upstream(job.upstream))
        ledger = _open_ledger(job, source, upstream_digest, past)
        ledger.begin()
        before = provenance.commit()
        inherited = {k: upstream.provenance[k] for k in INHERITED if upstream and k in upstream.provenance}
        if upstream is not None and upstream.status == "diverged":
            outcome = Outcome(status="diverged", epoch=upstream.epoch)
        else:
            outcome = work(ledger)
        account = ledger.account(outcome.peak_memory if outcome.peak_memory is not None else resident_peak())
        result = _result(job, outcome, account, {**inherited, **before, **made_from})
        write_result(job.folder, result)
        for name in (*outcome.obsolete, FAILURE, PROGRESS, REMOVED):
            (job.folder / name).unlink(missing_ok=True)
        ledger.clear()
        return result


def _is_of_today(result: Result, folder: Path, source: Digests, made_from: dict[str, Any]) -> bool:
    """Return whether a result and its files are what a rerun would make, or are accepted as such.

    Files that were removed since count as if they were there.
    """
    files = {**read_removed(folder).files, **sizes(folder)}
    if not result.files.items() <= files.items():
        return False
    past = result.provenance
    differs = {
        "source": past.get("source") != [source],
        **{k: past.get(k) != v for k, v in made_from.items()},
    }
    return not any(differs.values()) or is_accepted(folder, {"source": source, **made_from})


def _data_digest(job: JobSpec, declared: Declared) -> dict[str, str]:
    """Return the digest of the recorded data that a job reads, by its name in the provenance."""
    if job.data_root is None:
        return {}
    known = Path(declared.data_digests) if declared.data_digests else None
    return {"data_root_digest": data_digest(job.data_root, known)}


def _open_ledger(job: JobSpec, source: Digests, upstream_digest: str | None, past: Account | None) -> Ledger:
    """Resume what was begun on the same upstream result; else start over in an empty folder.

    The ledger comes first: it says that the result beside it is no longer that of the other files.
    """
    if past is not None and past.upstream_digest == upstream_digest:
        refuse_to_crash_again(job.folder, source)
        ledger = Ledger.resume(job.folder, past, source)
    else:
        ledger = Ledger.start(job.folder, started=_now(), source=source, upstream_digest=upstream_digest)
        empty(job.folder)
    upstream = os.path.relpath(job.upstream, job.folder) if job.upstream else None
    write_json(job.folder / SETTINGS, asdict(_Document(job.stage, job.id, upstream, job.settings)))
    return ledger


def _named_result(folder: Path) -> Result:
    """Return a folder's result; a `UserError` where it is another job's."""
    result = read_result(folder)
    if result.id != (name := folder.resolve().name):
        raise UserError(f"{folder / RESULT}: the result of {result.stage} {result.id}, not of {name}")
    return result


def _result(job: JobSpec, outcome: Outcome, account: Account, origin: dict[str, Any]) -> Result:
    """Return the work's outcome as a result, with its cost over all runs and its provenance."""
    seconds = round(account.seconds, 3)
    return Result(
        stage=job.stage,
        id=job.id,
        status=outcome.status,
        epoch=outcome.epoch,
        scores=outcome.scores,
        cost=Cost(
            seconds=seconds,
            seconds_per_epoch=seconds / outcome.epochs if outcome.epochs else None,
            device=outcome.device,
            device_count=outcome.device_count,
            device_hours=seconds * outcome.device_count / 3600,
            peak_memory=account.peak_memory,
            total_memory=account.peak_memory * outcome.processes,
            resumptions=account.resumptions,
        ),
        provenance={
            **origin,
            "source": list(account.sources),
            "seed": job.settings.get("seed"),
            "started": account.started,
            "ended": _now(),
            "versions": provenance.versions(job.packages),
            **provenance.machine(),
            **outcome.provenance,
        },
        files=sizes(job.folder, besides=outcome.obsolete),
    )


def upstream_folder(folder: Path, stage: str) -> Path:
    """Return the folder of the job of `stage` that the job in `folder` depends on, directly or not."""
    last = folder
    for last, document in _chain(folder):
        if document.stage == stage:
            return last
    raise UserError(f"{last}: depends on no job of stage {stage}")


def _with_upstream(folder: Path) -> Iterator[Path]:
    """Yield a job's folder and those of the jobs that it depends on, as far as these are stated."""
    with contextlib.suppress(UserError):
        yield from (link for link, _ in _chain(folder))


def _chain(folder: Path) -> Iterator[tuple[Path, _Document]]:
    """Yield the folders of a job and of those that it depends on, the nearest first, with their documents."""
    top, visited = folder, set[Path]()
    while folder.resolve() not in visited:
        visited.add(folder.resolve())
        document = _read_document(folder)
        yield folder, document
        if document.needs is None:
            return
        folder = folder / document.needs
    raise UserError(f"{top / SETTINGS}: the job depends on itself")


def _read_document(folder: Path) -> _Document:
    path = folder / SETTINGS
    try:
        return read_as(_Document, read_json(path))
    except ValueError as error:
        raise UserError(f"{path}: not the settings of a job ({error})") from None


def resident_peak() -> int:
    """Return the largest resident size of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
