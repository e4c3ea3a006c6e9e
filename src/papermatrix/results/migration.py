"""Carries results of older forms and ids over to today's, chains included, and computes nothing.

A job's folder is renamed to today's id of its settings; `settings.json` and `result.json` are written anew.
What cannot be carried over stays where it is, with the reason. A migration that is killed goes on when it is
called again: each step is known by what is in the folders.
"""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jobkit.digest import digest_files
from jobkit.errors import UserError
from jobkit.files import read_json, read_sealed, write_json, write_sealed
from jobkit.ledger import LEDGER
from jobkit.lock import is_locked
from jobkit.result import OLDER, RESULT, SETTINGS, VERSION
from jobkit.settings import flat
from jobkit.source import Digests, parse_source, source_digests
from jobkit.yaml12 import read_yaml
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import JOBS, Job, JobFactory
from papermatrix.results.provenance import SOURCE, UNKNOWN

MIGRATED = "migrated_from"
"""The entry of the provenance that holds a result's id and digest before it was carried over."""


@dataclass(frozen=True)
class Move:
    """A finished job and what it is today."""

    folder: Path
    """As it is now."""
    upstream: str | None
    """The name of its upstream's folder, as its settings have it."""
    job: Job
    form: int


@dataclass(frozen=True)
class Left:
    """A folder that stays as it is."""

    folder: Path
    reason: str


@dataclass(frozen=True)
class Migration:
    moves: tuple[Move, ...]
    """Each after its upstream's."""
    left: tuple[Left, ...]


def plan_migration(matrix: Matrix) -> Migration:
    """Return what becomes of each folder of an older form or id."""
    factory, left = JobFactory(matrix.project), list[Left]()
    candidates: dict[str, list[Move]] = {}
    for folder in sorted(JOBS.glob("*/*/")):
        planned = _planned(folder, matrix, factory)
        if isinstance(planned, Left):
            left.append(planned)
        elif planned is not None:
            candidates.setdefault(planned.job.id, []).append(planned)
    chosen: dict[str, Move] = {}
    for name in sorted(candidates, key=lambda name: len(list(candidates[name][0].job.chain()))):
        best = min(candidates[name], key=lambda move: _rank(move, chosen))
        chosen[name] = best
        others = (move for move in candidates[name] if move is not best)
        left += [Left(move.folder, f"the same job today as {best.folder.name}") for move in others]
    moves = tuple(move for move in chosen.values() if not _is_done(move))
    return Migration(moves, tuple(left))


def has_older_results(matrix: Matrix) -> bool:
    """Return whether a folder that no table needs holds a finished job of an older form."""
    known = {job.folder for job in matrix.jobs.values()}
    results = (folder / RESULT for folder in JOBS.glob("*/*/") if folder not in known)
    return any(_form(path) in OLDER for path in results)


def migrate(migration: Migration, matrix: Matrix) -> Iterator[Move]:
    """Carry finished jobs over, and yield each that is."""
    sources = _Sources(matrix)
    for move in migration.moves:
        _carry_over(move, sources)
        yield move


def _planned(folder: Path, matrix: Matrix, factory: JobFactory) -> Move | Left | None:
    """Return what becomes of a folder; None where it holds nothing to carry over."""
    if not (folder / RESULT).exists():
        is_of_today = folder.name in matrix.jobs
        return Left(folder, "not finished") if (folder / LEDGER).exists() and not is_of_today else None
    try:
        result, document = read_sealed(folder / RESULT), read_json(folder / SETTINGS)
        stage, form = result["stage"], result["form"]
        if stage not in matrix.project.stages.stages:
            return Left(folder, f"there is no stage {stage} any more")
        settings = matrix.project.schema.complete_older(_known_settings(document["settings"], matrix))
        job = factory.finished(stage, settings)
    except (UserError, ValueError, KeyError, TypeError) as error:
        return Left(folder, f"not what a job wrote ({error})")
    needs = document.get("needs")
    move = Move(folder, Path(needs).name if needs else None, job, form)
    if is_locked(folder) or (folder / LEDGER).exists():
        return Left(folder, "it runs, or its rerun has not ended")
    if folder != job.folder and job.folder.exists() and not (job.folder / RESULT).exists():
        return Left(folder, f"{job.folder} has been begun; remove it first")
    return move


def _known_settings(settings: dict[str, Any], matrix: Matrix) -> dict[str, Any]:
    """Return a job's settings in today's form; ValueError for one that is gone or has another type."""
    schema = matrix.project.schema
    kept = {key: value for key, value in flat(settings).items() if key not in schema.retired}
    values, issues = schema.resolve(kept)
    if issues:
        raise ValueError("; ".join(f"{'.'.join(map(str, path))}: {message}" for path, message in issues))
    return values


def _rank(move: Move, chosen: dict[str, Move]) -> tuple[bool, bool, str]:
    """Order folders of one job: today's own comes first, then those made from what is carried over."""
    upstream = move.job.upstream
    taken = chosen.get(upstream.id) if upstream else None
    is_of_chain = upstream is None or (
        taken is not None and move.upstream in (taken.folder.name, upstream.id)
    )
    return move.folder != move.job.folder, not is_of_chain, move.folder.name


def _is_done(move: Move) -> bool:
    if move.folder != move.job.folder or move.form != VERSION:
        return False
    upstream = move.job.upstream
    return read_json(move.folder / SETTINGS)["id"] == move.job.id and move.upstream == (
        upstream and upstream.id
    )


def _carry_over(move: Move, sources: _Sources) -> None:
    """Write the job's files anew, and then rename its folder."""
    folder, job = move.folder, move.job
    result = read_sealed(folder / RESULT)
    if result["id"] != job.id or result["form"] != VERSION:
        old = {"id": result["id"], "digest": digest_files([folder / RESULT], folder)}
        times = (folder / RESULT).stat()
        needs = os.path.relpath(job.upstream.folder, job.folder) if job.upstream else None
        document = {"stage": job.stage, "id": job.id, "needs": needs, "settings": job.settings}
        write_json(folder / SETTINGS, document)
        files = {**result["files"], SETTINGS: (folder / SETTINGS).stat().st_size}
        provenance = _provenance(result, job, sources) | {MIGRATED: old}
        write_sealed(
            folder / RESULT,
            {**result, "form": VERSION, "id": job.id, "files": files, "provenance": provenance},
        )
        os.utime(folder / RESULT, ns=(times.st_atime_ns, times.st_mtime_ns))
    if folder != job.folder:
        folder.rename(job.folder)


def _provenance(result: dict[str, Any], job: Job, sources: _Sources) -> dict[str, Any]:
    """Return a result's provenance in today's form: of the same upstream result and the same source."""
    provenance = dict(result["provenance"])
    if "stands_on" in provenance:
        provenance["upstream_digest"] = provenance.pop("stands_on")
    if (older := provenance.pop("source_digest", None)) is not None:
        provenance[SOURCE] = [sources.at_commit(job.stage, provenance) or {UNKNOWN: older}]
    upstream = job.upstream.folder if job.upstream else None
    if upstream is not None and (upstream / RESULT).exists():
        before = read_sealed(upstream / RESULT)["provenance"].get(MIGRATED, {}).get("digest")
        if before is not None and before == provenance.get("upstream_digest"):
            provenance["upstream_digest"] = digest_files([upstream / RESULT], upstream)
    return provenance


class _Sources:
    """The digests of stages' source at the commits by which results were made, where git has them."""

    def __init__(self, matrix: Matrix):
        self._stages, self._stages_file = matrix.project.stages, matrix.project.config.stages
        self._known: dict[tuple[str, str], Digests | None] = {}

    def at_commit(self, stage: str, provenance: dict[str, Any]) -> Digests | None:
        """Return the digests at a result's commit; None with uncommitted changes, or where git has it not."""
        commit = provenance.get("commit")
        if not isinstance(commit, str) or provenance.get("dirty") is not False:
            return None
        if (stage, commit) not in self._known:
            self._known[stage, commit] = self._digests(stage, commit)
        return self._known[stage, commit]

    def _digests(self, stage: str, commit: str) -> Digests | None:
        folder = self._unpacked(commit)
        if folder is None:
            return None
        now = self._stages.source(stage)
        try:
            return source_digests(now, folder, is_run=False)
        except UserError:  # its modules had other names then
            pass
        try:
            stated = read_yaml(folder / self._stages_file).value(("stages", stage, "source"))
            return source_digests(parse_source([str(stated)], now.besides), folder, is_run=False)
        except UserError:
            return None

    def _unpacked(self, commit: str) -> Path | None:
        folder = Path(self._temporary.name) / commit
        if folder.exists():
            return folder
        command = ["git", "archive", "--format=zip", commit]
        try:
            packed = subprocess.run(command, check=True, capture_output=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return None
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            archive.extractall(folder)
        return folder

    @cached_property
    def _temporary(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory()


def _form(path: Path) -> int | None:
    """Return the form of a result, from its first line: whole ones would take long to read."""
    try:
        with path.open() as stream:
            return int(stream.read(30).partition('"form":')[2].partition(",")[0])
    except (OSError, ValueError):
        return None
