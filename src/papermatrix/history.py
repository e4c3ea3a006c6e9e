"""What jobs will cost, by finished jobs like them.

Alike are jobs of one stage and one scale, the more so the more of their settings are equal. A finished job is
of the scale whose settings it shares most.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobkit.errors import UserError
from jobkit.files import read_json
from jobkit.ledger import LEDGER
from jobkit.lock import OWNER
from jobkit.result import RESULT, SETTINGS, parse_result
from papermatrix.expand import JOBS, Job, Matrix
from papermatrix.project import scales_of
from papermatrix.settings import Flat
from papermatrix.store import Store

LIKES = 5
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
        """What the job will still take; None where no job like it was ever finished."""
        if job.id not in self._forecasts:
            self._forecasts[job.id] = self._forecast(job)
        return self._forecasts[job.id]

    def _forecast(self, job: Job) -> Forecast | None:
        below = self._store.result(job.needs) if job.needs else None
        if below is not None and below.status == "diverged":
            return Forecast()
        settings = flat(job.settings)
        past = [past for past in self._past(job.stage) if past.scale == self._scale]
        likes = sorted(past, key=lambda like: _differences(settings, like.settings))[:LIKES]
        if not likes:
            return None
        fewest = _differences(settings, likes[0].settings)
        nearest = [like for like in likes if _differences(settings, like.settings) == fewest]
        hours = _amount([like.device_hours for like in likes], [like.device_hours for like in nearest])
        seconds = _amount([like.seconds for like in likes], [like.seconds for like in nearest])
        if self._store.state(job) != "running":
            return Forecast(hours, seconds)
        done = elapsed(job.folder)
        devices = hours.likely * 3600 / seconds.likely if seconds.likely else 1
        return Forecast(hours.less(done * devices / 3600), seconds.less(done))

    def _past(self, stage: str) -> list[_Past]:
        if stage not in self._known:
            found = (_read(folder, self._scales) for folder in sorted((JOBS / stage).glob("*")))
            self._known[stage] = [past for past in found if past]
        return self._known[stage]


def _amount(likes: Iterable[float], nearest: Iterable[float]) -> Amount:
    likes = list(likes)
    return Amount(statistics.median(nearest), min(likes), max(likes))


def _read(folder: Path, scales: Mapping[str, Flat]) -> _Past | None:
    """What a finished job says; one that diverged, or stands on one, did not do all of its work."""
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
    """How many of the settings that both state are not equal."""
    return sum(value != other[key] for key, value in one.items() if key in other)


def flat(settings: Mapping[str, Any], above: str = "") -> Flat:
    """`{"model": {"layers": 2}}` as `{"model.layers": 2}`."""
    values: Flat = {}
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            values |= flat(value, f"{above}{name}.")
        else:
            values[f"{above}{name}"] = value
    return values


def elapsed(folder: Path) -> float:
    """Seconds that an unfinished job has worked so far, over its resumptions, if it works now."""
    try:
        ledger = folder / LEDGER
        since = datetime.now(UTC).timestamp() - ledger.stat().st_mtime
        seconds = float(read_json(ledger)["seconds"])
        if 0 <= seconds < LARGEST:
            return seconds + max(since, 0)
    except (OSError, UserError, KeyError, TypeError, ValueError, OverflowError):
        pass
    try:
        return (
            datetime.now(UTC) - datetime.fromisoformat(read_json(folder / OWNER)["since"])
        ).total_seconds()
    except (OSError, UserError, KeyError, TypeError, ValueError):
        return 0.0
