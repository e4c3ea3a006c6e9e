"""What jobs will cost, by finished jobs like them.

Alike are jobs of one stage and one scale, the more so the more of their settings are equal. A finished job is
of the scale whose settings it shares most.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jobkit.errors import UserError
from jobkit.files import read_json
from jobkit.ledger import LEDGER, unfinished
from jobkit.result import RESULT, SETTINGS, parse_result
from jobkit.settings import Flat, flat
from papermatrix.config.load import scales_of
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import JOBS, Job
from papermatrix.results.status import JobStatus
from papermatrix.results.store import Store

NEIGHBOURS = 5
"""So many of the most alike give the range."""
LARGEST = 1e9
"""Seconds, or hours of a device, that no job took."""


@dataclass(frozen=True)
class Amount:
    """The likely amount, and between what it was for the jobs that it is taken from."""

    likely: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.likely + other.likely, self.low + other.low, self.high + other.high)

    def less(self, done: float) -> Amount:
        return Amount(max(self.likely - done, 0), max(self.low - done, 0), max(self.high - done, 0))


@dataclass(frozen=True)
class Forecast:
    """What a job will still take."""

    device_hours: Amount = Amount()
    seconds: Amount = Amount()


@dataclass(frozen=True)
class _Past:
    settings: Flat
    scale: str
    seconds: float
    device_hours: float


class History:
    """The finished jobs on disk, also those that no table needs any more."""

    def __init__(self, matrix: Matrix, store: Store):
        self._store = store
        self._scale = matrix.project.config.scale
        self._scales = scales_of(matrix.project)
        self._known: dict[str, list[_Past]] = {}
        self._forecasts: dict[str, Forecast | None] = {}

    def forecast(self, job: Job) -> Forecast | None:
        """Return what the job will still take; None where no job like it was ever finished."""
        if job.id not in self._forecasts:
            self._forecasts[job.id] = self._forecast(job)
        return self._forecasts[job.id]

    def _forecast(self, job: Job) -> Forecast | None:
        upstream = self._store.result(job.upstream) if job.upstream else None
        if upstream is not None and upstream.status == "diverged":
            return Forecast()
        settings = flat(job.settings)
        past = [past for past in self._past(job.stage) if past.scale == self._scale]
        neighbours = sorted(past, key=lambda other: _differences(settings, other.settings))[:NEIGHBOURS]
        if not neighbours:
            return None
        fewest = _differences(settings, neighbours[0].settings)
        nearest = [other for other in neighbours if _differences(settings, other.settings) == fewest]
        hours = _amount(neighbours, nearest, "device_hours")
        seconds = _amount(neighbours, nearest, "seconds")
        if self._store.status(job) is not JobStatus.RUNNING:
            return Forecast(hours, seconds)
        done = elapsed(job.folder)
        devices = hours.likely * 3600 / seconds.likely if seconds.likely else 1
        return Forecast(hours.less(done * devices / 3600), seconds.less(done))

    def _past(self, stage: str) -> list[_Past]:
        if stage not in self._known:
            jobs = (_read(folder, self._scales) for folder in sorted((JOBS / stage).glob("*")))
            self._known[stage] = [past for past in jobs if past]
        return self._known[stage]


def _amount(neighbours: list[_Past], nearest: list[_Past], of: str) -> Amount:
    amounts = [getattr(past, of) for past in neighbours]
    return Amount(statistics.median(getattr(past, of) for past in nearest), min(amounts), max(amounts))


def _read(folder: Path, scales: Mapping[str, Flat]) -> _Past | None:
    """Read a finished job; one that diverged, or whose upstream did, did not do all of its work."""
    if not (folder / RESULT).exists() or not (folder / SETTINGS).exists():
        return None
    try:
        result, settings = parse_result(folder / RESULT), flat(read_json(folder / SETTINGS)["settings"])
    except (UserError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    cost = result.cost
    if result.status != "done" or not (0 <= cost.seconds < LARGEST and 0 <= cost.device_hours < LARGEST):
        return None
    scale = min(scales, key=lambda name: _differences(settings, scales[name]))
    return _Past(settings, scale, cost.seconds, cost.device_hours)


def _differences(one: Flat, other: Flat) -> int:
    """Count the settings that both state and that are not equal."""
    return sum(value != other[key] for key, value in one.items() if key in other)


def elapsed(folder: Path) -> float:
    """Return the seconds that an unfinished job has worked so far, over its resumptions, if it works now."""
    try:
        account, saved = unfinished(folder, None), (folder / LEDGER).stat().st_mtime
    except (OSError, UserError):
        account, saved = None, 0.0
    return account.seconds + max(datetime.now(UTC).timestamp() - saved, 0) if account else 0.0
