"""What a job has cost so far, and by which source, kept over its resumptions."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jobkit.errors import UserError
from jobkit.files import STRICT, Integer, Number, read_as, read_sealed, write_sealed
from jobkit.result import RESULT, Result, parse_result
from jobkit.source import Digests

LEDGER = "ledger.json"


@dataclass(frozen=True)
class Account:
    """Sums over all resumptions up to the last save."""

    __pydantic_config__ = STRICT
    seconds: Number = 0.0
    peak_memory: Integer = 0
    resumptions: Integer = 0
    started: str = ""
    sources: tuple[Digests, ...] = ()
    """Digests of the source that worked on the job, in order of appearance."""
    upstream_digest: str | None = None
    """Of the result that the job was begun on."""
    saves: Integer = 0
    """How often its work has saved its state."""


class Ledger:
    """Counts the time of one run on top of the runs before it; `save` bounds what a killed run loses."""

    def __init__(self, folder: Path, past: Account, source: Digests):
        sources = past.sources if source in past.sources else (*past.sources, source)
        self._path, self._past = folder / LEDGER, replace(past, sources=sources)
        self.begin()
        self._write()

    @classmethod
    def start(
        cls, folder: Path, *, started: str, source: Digests, upstream_digest: str | None = None
    ) -> Ledger:
        """Open the ledger of a job that starts over; it replaces the one in the folder."""
        return cls(folder, Account(started=started, upstream_digest=upstream_digest), source)

    @classmethod
    def resume(cls, folder: Path, past: Account, source: Digests) -> Ledger:
        """Open the ledger of an unfinished job that has cost `past`."""
        return cls(folder, replace(past, resumptions=past.resumptions + 1), source)

    def account(self, peak_memory: int = 0) -> Account:
        seconds = self._past.seconds + time.monotonic() - self._begin
        return replace(self._past, seconds=seconds, peak_memory=max(self._past.peak_memory, peak_memory))

    def begin(self) -> None:
        """Count from now on: until now the run has waited for a device."""
        self._begin = time.monotonic()

    def save(self, peak_memory: int = 0) -> None:
        """Keep the cost of work whose state is on the disk."""
        self._past = replace(self._past, saves=self._past.saves + 1)
        self._write(peak_memory)

    def clear(self) -> None:
        """Remove the ledger of a job that is complete."""
        self._path.unlink(missing_ok=True)

    def _write(self, peak_memory: int = 0) -> None:
        write_sealed(self._path, asdict(self.account(peak_memory)))


def unfinished(folder: Path, result: Result | None) -> Account | None:
    """Return what an unfinished run in a job's folder has cost; None where none has begun since the result.

    A job that was killed after its result was written may have left its ledger.
    """
    past = _read(folder / LEDGER) if (folder / LEDGER).exists() else None
    is_of_result = past and result and past.started == result.provenance.get("started")
    return None if is_of_result else past


def is_unfinished(folder: Path) -> bool:
    """Return whether a run or rerun has begun and not ended; also where its ledger is broken."""
    try:
        return (folder / LEDGER).exists() and unfinished(folder, parse_result(folder / RESULT)) is not None
    except UserError:
        return True


def _read(path: Path) -> Account:
    try:
        return read_as(Account, read_sealed(path))
    except ValueError as error:
        raise UserError(
            f"{path}: not what a job has cost ({error}); remove the job's folder to start over"
        ) from None
