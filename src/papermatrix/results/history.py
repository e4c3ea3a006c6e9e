"""What jobs will cost, by finished jobs like them, else by the rates of paper.yaml.

Alike are jobs of one stage and one scale: first those of the same method, of which all settings but numbers
are equal, else the more so the more of these are; then by their numbers. A seed costs nothing. A finished job
is of the scale whose settings it shares most.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from jobkit.errors import UserError
from jobkit.files import read_json
from jobkit.folder import BENCHMARK
from jobkit.ledger import LEDGER, unfinished
from jobkit.progress import read_position
from jobkit.result import RESULT, SETTINGS, Cost, parse_result
from jobkit.settings import Flat, flat
from papermatrix.config.load import scales_of
from papermatrix.config.tables import SEED
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import JOBS, Job
from papermatrix.results.rates import rated_seconds
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

    @classmethod
    def exactly(cls, amount: float) -> Amount:
        return cls(amount, amount, amount)


@dataclass(frozen=True)
class Forecast:
    """What a job will still take."""

    device_hours: Amount = Amount()
    seconds: Amount = Amount()
    """From the start of its process to its end."""
    disk: Amount | None = Amount()
    """Bytes of its files; None where no job like it was ever finished."""
    is_rated: bool = False
    """Whether it is by the rates of paper.yaml."""


@dataclass(frozen=True)
class _Past:
    slug: str
    settings: Flat
    scale: str
    cost: Cost
    start_up: float | None
    """Seconds that its process took besides its work; None where nothing measured it."""
    disk: float

    @property
    def seconds(self) -> float:
        return self.cost.seconds + (self.start_up or 0)

    @property
    def device_hours(self) -> float:
        return self.cost.device_hours + (self.start_up or 0) * self.cost.device_count / 3600


class History:
    """The finished jobs on disk, also those that no table needs any more."""

    def __init__(self, matrix: Matrix, store: Store):
        self._store = store
        self._scale = matrix.project.config.scale
        self._scales = scales_of(matrix.project)
        self._rates = matrix.project.paper.cost
        self._known: dict[str, list[_Past]] = {}
        self._forecasts: dict[str, Forecast | None] = {}

    def forecast(self, job: Job) -> Forecast | None:
        """Return what the job will still take; None without a job like it and a rate for it."""
        if job.id not in self._forecasts:
            self._forecasts[job.id] = self._forecast(job)
        return self._forecasts[job.id]

    def _forecast(self, job: Job) -> Forecast | None:
        upstream = self._store.result(job.upstream) if job.upstream else None
        if upstream is not None and upstream.status == "diverged":
            return Forecast()
        whole = self._by_jobs(job) or self._by_rates(job)
        return self._rest(job, whole) if self._store.status(job) is JobStatus.RUNNING else whole

    def _by_jobs(self, job: Job) -> Forecast | None:
        settings = flat(job.settings)
        past = [past for past in self._past(job.stage) if past.scale == self._scale]
        distances = {id(other): _distance(_slug(job.id), settings, other) for other in past}
        same_method = [other for other in past if distances[id(other)][0] == 0]
        neighbours = sorted(same_method or past, key=lambda other: distances[id(other)])[:NEIGHBOURS]
        if not neighbours:
            return None
        least = distances[id(neighbours[0])]
        nearest = [other for other in neighbours if distances[id(other)] == least]
        hours, seconds, disk = (
            _amount(neighbours, nearest, of) for of in ("device_hours", "seconds", "disk")
        )
        return Forecast(hours, seconds, disk)

    def _by_rates(self, job: Job) -> Forecast | None:
        of_scale = self._rates if self._rates and self._rates.scale == self._scale else None
        seconds = rated_seconds(of_scale, job) if of_scale else None
        if seconds is None:
            return None
        seconds += _start_up(self._past(job.stage))
        return Forecast(Amount.exactly(seconds / 3600), Amount.exactly(seconds), None, is_rated=True)

    def _rest(self, job: Job, whole: Forecast | None) -> Forecast | None:
        """Return what is left of a running job: as it says itself, else by the time that it has worked."""
        has_seconds = whole is not None and whole.seconds.likely > 0
        devices = whole.device_hours.likely * 3600 / whole.seconds.likely if whole and has_seconds else 1
        position = read_position(job.folder)
        if position is not None and position.seconds_left is not None:
            left, disk = position.seconds_left, whole.disk if whole else None
            return Forecast(Amount.exactly(left * devices / 3600), Amount.exactly(left), disk)
        if whole is None:
            return None
        done = elapsed(job.folder)
        hours, seconds = whole.device_hours.less(done * devices / 3600), whole.seconds.less(done)
        return replace(whole, device_hours=hours, seconds=seconds)

    def _past(self, stage: str) -> list[_Past]:
        """Return the finished jobs of a stage; a start-up that nothing measured is the usual one."""
        if stage not in self._known:
            read = (_read(folder, self._scales) for folder in sorted((JOBS / stage).glob("*")))
            past = [past for past in read if past]
            usual = _start_up(past)
            self._known[stage] = [
                replace(job, start_up=usual) if job.start_up is None else job for job in past
            ]
        return self._known[stage]


def _amount(neighbours: list[_Past], nearest: list[_Past], of: str) -> Amount:
    amounts = [getattr(past, of) for past in neighbours]
    return Amount(statistics.median(getattr(past, of) for past in nearest), min(amounts), max(amounts))


def _start_up(past: list[_Past]) -> float:
    """Return how long the processes of some jobs usually took besides their work, as far as that is known."""
    return statistics.median([job.start_up for job in past if job.start_up is not None] or [0.0])


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
    scale = min(scales, key=lambda name: sum(_differences(settings, scales[name])))
    disk = float(sum(result.files.values()))
    return _Past(_slug(folder.name), settings, scale, cost, _read_start_up(folder, cost), disk)


def _read_start_up(folder: Path, cost: Cost) -> float | None:
    """Return what Snakemake measured of a job's process besides its work; None where it did not."""
    try:
        seconds = float((folder / BENCHMARK).read_text().splitlines()[1].split("\t")[0])
    except (OSError, ValueError, IndexError):
        return None
    is_whole = not cost.resumptions and cost.seconds <= seconds < LARGEST
    return seconds - cost.seconds if is_whole else None


def _slug(job: str) -> str:
    return job.rpartition("-")[0]


def _distance(slug: str, settings: Flat, other: _Past) -> tuple[int, int, int]:
    """Return how many settings that are no numbers are not equal, words of the slugs, and numbers."""
    kinds, numbers = _differences(settings, other.settings)
    return kinds, len({*slug.split("-")} ^ {*other.slug.split("-")}), numbers


def _differences(one: Flat, other: Flat) -> tuple[int, int]:
    """Count the settings that both state and that are not equal: those that are no numbers, and numbers."""
    pairs = [(value, other[key]) for key, value in one.items() if key in other and key != SEED]
    different = [pair for pair in pairs if pair[0] != pair[1]]
    numbers = sum(all(type(value) in (int, float) for value in pair) for pair in different)
    return len(different) - numbers, numbers


def elapsed(folder: Path) -> float:
    """Return the seconds that an unfinished job has worked so far, over its resumptions, if it works now."""
    try:
        account, saved = unfinished(folder, None), (folder / LEDGER).stat().st_mtime
    except (OSError, UserError):
        account, saved = None, 0.0
    return account.seconds + max(datetime.now(UTC).timestamp() - saved, 0) if account else 0.0
