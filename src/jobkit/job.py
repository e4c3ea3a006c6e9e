"""Runs one job in its folder: lock, settings.json, work, result.json, in that order.

A job whose upstream diverged is `diverged` too, without running. `result.json` is written last.
"""

import contextlib
import importlib
import os
import resource
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobkit import provenance
from jobkit.digest import digest_files
from jobkit.errors import UserError
from jobkit.files import read_json, write_bytes, write_json
from jobkit.form import read_form
from jobkit.ledger import LEDGER, Account, Ledger
from jobkit.lock import LOCK, OWNER, job_lock
from jobkit.result import RESULT, SETTINGS, Cost, Result, Status, parse_result, read_result, write_result

KEPT, KEPT_LOG = ".result.json", ".log.txt"
LOG, BENCHMARK = "log.txt", "benchmark.tsv"
"""Written by whoever runs the job."""
_OF_THE_RUN = frozenset({LOCK, OWNER, LOG, KEPT_LOG, BENCHMARK})
"""What may be there before a job begins."""
INHERITED = ("data_digest", "data")
"""Provenance that a job takes over from the one it stands on."""


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
class Job:
    """One job: a stage's work with its settings, in its folder, on top of another job's folder."""

    stage: str
    folder: Path
    settings: dict[str, Any]
    needs: Path | None
    source: str
    """The module whose source, with all that it imports, makes this job's result."""
    packages: tuple[str, ...] = ()
    """Libraries whose versions are worth recording."""

    @property
    def id(self) -> str:
        return self.folder.resolve().name


@dataclass(frozen=True)
class _Document:
    """The form of settings.json."""

    stage: str
    id: str
    needs: str | None
    """Folder of the job that it stands on, relative to its own."""
    settings: dict[str, Any]


def run_job(job: Job, work: Callable[[Ledger], Outcome]) -> Result:
    """Do the work of one job and write its result; the result of a complete job is returned as it is."""
    _check_folder(job.folder)
    with job_lock(job.folder):
        _remove_leftovers(job.folder)
        _continue_log(job.folder)
        upstream = _upstream(job)
        stands_on = digest_files([job.needs / RESULT], job.needs) if job.needs else None
        if (job.folder / RESULT).exists():
            result = read_result(job.folder)
            _check_names(result, job.folder)
            if result.provenance.get("stands_on") == stands_on:
                return result
            (job.folder / RESULT).unlink()  # of a process that began before what it stands on was made again
        source = provenance.source_digest(job.source)
        if (kept := _kept_result(job, source, stands_on)) is not None:
            return kept
        # What runs is what was digested, however long it waits for a device.
        importlib.import_module(job.source)
        started = _now()
        before = provenance.commit()
        if not Ledger.goes_on(job.folder, stands_on, _began(job.folder / KEPT)):
            _empty(job.folder)
        needs = os.path.relpath(job.needs, job.folder) if job.needs else None
        write_json(job.folder / SETTINGS, asdict(_Document(job.stage, job.id, needs, job.settings)))
        ledger = Ledger(job.folder, started=started, source=source, stands_on=stands_on)
        ledger.save()
        inherited = {k: upstream.provenance[k] for k in INHERITED if upstream and k in upstream.provenance}
        if upstream is not None and upstream.status == "diverged":
            outcome = Outcome(status="diverged", epoch=upstream.epoch)
        else:
            outcome = work(ledger)
        account = ledger.account(outcome.peak_memory if outcome.peak_memory is not None else resident_peak())
        origin = {**inherited, **before, "stands_on": stands_on}
        result = _result(job, outcome, account, origin)
        for name in (KEPT, RESULT):
            write_result(job.folder, result, name)
        for name in outcome.obsolete:
            (job.folder / name).unlink(missing_ok=True)
        ledger.clear()
        return result


def _upstream(job: Job) -> Result | None:
    if job.needs is None:
        return None
    result = read_result(job.needs)
    _check_names(result, job.needs)
    return result


def _check_names(result: Result, folder: Path) -> None:
    if result.id != (name := folder.resolve().name):
        raise UserError(f"{folder / RESULT}: the result of {result.stage} {result.id}, not of {name}")


def _result(job: Job, outcome: Outcome, account: Account, origin: dict[str, Any]) -> Result:
    """What the work returned, with what it cost over all its runs and where it came from."""
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
            "source_digest": "+".join(account.sources),
            "seed": job.settings.get("seed"),
            "started": account.started,
            "ended": _now(),
            "versions": provenance.versions(job.packages),
            **provenance.machine(),
            **outcome.provenance,
        },
        files=_files(job.folder, besides=outcome.obsolete),
    )


def _kept_result(job: Job, source: str, stands_on: str | None) -> Result | None:
    """The copy of a result, put back, if today's source made it from what the job stands on.

    Snakemake deletes the result of a job that it starts, also one that a process of a killed Snakemake has
    finished meanwhile.
    """
    try:
        result = parse_result(job.folder / KEPT)
    except UserError:
        return None
    current = {"source_digest": source, "stands_on": stands_on}
    if result.id != job.id or any(result.provenance.get(key) != value for key, value in current.items()):
        return None
    if not result.files.items() <= _files(job.folder, besides=()).items():
        return None
    write_bytes(job.folder / RESULT, (job.folder / KEPT).read_bytes())
    return result


def _began(result: Path) -> str | None:
    try:
        return str(parse_result(result).provenance.get("started"))
    except UserError:
        return None


def _continue_log(folder: Path) -> None:
    """Put what earlier runs said into this run's log: Snakemake deletes the log of a job that it starts."""
    log, kept = folder / LOG, folder / KEPT_LOG
    if not log.exists() or (kept.exists() and log.samefile(kept)):
        return
    if kept.exists():
        with log.open("ab") as stream:
            stream.write(kept.read_bytes())
        kept.unlink()
    with contextlib.suppress(OSError):  # a file system without links keeps the last run's words
        kept.hardlink_to(log)


def _remove_leftovers(folder: Path) -> None:
    """Temporary files of a process that was killed while it wrote."""
    for entry in folder.glob(".*"):
        if entry.name not in (LOCK, OWNER, KEPT, KEPT_LOG) and entry.is_file():
            entry.unlink()


def _check_folder(folder: Path) -> None:
    """Refuse a folder that holds other things than a job's: beginning anew would remove them."""
    names = {entry.name for entry in folder.iterdir()} if folder.exists() else set[str]()
    if not names & {LOCK, RESULT, LEDGER} and (others := sorted(names - _OF_THE_RUN)):
        raise UserError(f"{folder}: holds {others[0]}, and is no job's folder; expected a new folder")


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name in _OF_THE_RUN | {KEPT}:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def upstream_folder(folder: Path, stage: str) -> Path:
    """The folder of the job of `stage` that the job in `folder` stands on, directly or not."""
    top, seen = folder, set[Path]()
    while folder.resolve() not in seen:
        seen.add(folder.resolve())
        document = _read_document(folder)
        if document.stage == stage:
            return folder
        if document.needs is None:
            raise UserError(f"{folder}: stands on no job of stage {stage}")
        folder = folder / document.needs
    raise UserError(f"{top / SETTINGS}: the job stands on itself")


def _read_document(folder: Path) -> _Document:
    path = folder / SETTINGS
    try:
        return read_form(_Document, read_json(path))
    except ValueError as error:
        raise UserError(f"{path}: not the settings of a job ({error})") from None


def resident_peak() -> int:
    """The largest resident size of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _files(folder: Path, besides: tuple[str, ...]) -> dict[str, int]:
    """Sizes in bytes of what the job made; a folder, which can hold thousands of files, is one entry."""
    others = {RESULT, LEDGER, LOG, BENCHMARK, *besides}
    found: dict[str, int] = {}
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name in others:
            continue
        found[entry.name] = _size(entry.rglob("*")) if entry.is_dir() else entry.stat().st_size
    return found


def _size(entries: Iterable[Path]) -> int:
    return sum(entry.stat().st_size for entry in entries if entry.is_file())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
