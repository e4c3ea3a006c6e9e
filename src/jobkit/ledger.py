"""What a job has cost so far, and by which source, kept over its resumptions."""

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jobkit.files import read_json, write_json

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


class Ledger:
    """Counts the time of one run on top of the runs before it; `save` bounds what a killed run loses."""

    def __init__(self, folder: Path, *, started: str, source: str):
        self._path = folder / LEDGER
        self._begin = time.monotonic()
        if self._path.exists():
            kept = read_json(self._path)
            past = Account(**{**kept, "sources": tuple(kept["sources"])})
            self._past = replace(past, resumptions=past.resumptions + 1)
        else:
            self._past = Account(started=started)
        if source not in self._past.sources:
            self._past = replace(self._past, sources=(*self._past.sources, source))

    def account(self, peak_memory: int = 0) -> Account:
        seconds = self._past.seconds + time.monotonic() - self._begin
        return replace(self._past, seconds=seconds, peak_memory=max(self._past.peak_memory, peak_memory))

    def save(self, peak_memory: int = 0) -> None:
        write_json(self._path, asdict(self.account(peak_memory)))

    def clear(self) -> None:
        """A job that begins anew, or is complete, has no past."""
        self._path.unlink(missing_ok=True)
