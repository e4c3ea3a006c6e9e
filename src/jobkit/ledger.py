"""What a job has cost so far, and by which source, kept over its resumptions."""

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jobkit.errors import UserError
from jobkit.files import read_sealed, write_sealed
from jobkit.form import read_form

LEDGER = "ledger.json"


@dataclass(frozen=True)
class Account:
    """Sums over all resumptions up to the last save."""

    seconds: float = 0.0
    peak_memory: int = 0
    resumptions: int = 0
    started: str = ""
    sources: tuple[str, ...] = ()
    """Digests of the source that worked on the job, in order of appearance."""
    stands_on: str | None = None
    """Digest of the result that the job was begun on."""


class Ledger:
    """Counts the time of one run on top of the runs before it; `save` bounds what a killed run loses."""

    def __init__(self, folder: Path, *, started: str, source: str, stands_on: str | None = None):
        self._path = folder / LEDGER
        self._begin = time.monotonic()
        if self._path.exists():
            past = _read(self._path)
            self._past = replace(past, resumptions=past.resumptions + 1)
        else:
            self._past = Account(started=started, stands_on=stands_on)
        if source not in self._past.sources:
            self._past = replace(self._past, sources=(*self._past.sources, source))

    @staticmethod
    def goes_on(folder: Path, stands_on: str | None, ended: str | None = None) -> bool:
        """Whether there is an unfinished job in a folder, begun on the result that it would stand on now.

        `ended`: when the job began that was finished there last; its ledger may have been left behind.
        """
        path = folder / LEDGER
        past = _read(path) if path.exists() else None
        return past is not None and past.stands_on == stands_on and past.started != ended

    def account(self, peak_memory: int = 0) -> Account:
        seconds = self._past.seconds + time.monotonic() - self._begin
        return replace(self._past, seconds=seconds, peak_memory=max(self._past.peak_memory, peak_memory))

    def begin(self) -> None:
        """Count from now on: until now the run has waited for a device."""
        self._begin = time.monotonic()

    def save(self, peak_memory: int = 0) -> None:
        write_sealed(self._path, asdict(self.account(peak_memory)))

    def clear(self) -> None:
        """A job that begins anew, or is complete, has no past."""
        self._path.unlink(missing_ok=True)


def _read(path: Path) -> Account:
    try:
        return read_form(Account, read_sealed(path))
    except ValueError as error:
        raise UserError(
            f"{path}: not what a job has cost ({error}); remove the job's folder to begin anew"
        ) from None
