"""The status of a job, and of a value: what is known of it, with words made at the edge."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class JobStatus(StrEnum):
    DONE = "done"
    DIVERGED = "diverged"
    STALE = "stale"
    RUNNING = "running"
    FAILED = "failed"
    PENDING = "pending"


HAS_RESULT = (JobStatus.DONE, JobStatus.DIVERGED, JobStatus.STALE)
UNFINISHED = (JobStatus.PENDING, JobStatus.RUNNING, JobStatus.FAILED)
TO_BE_REPLACED = (JobStatus.STALE, JobStatus.RUNNING, JobStatus.FAILED)
"""What has a result of an upstream job like these has it of an older one."""


class Kind(StrEnum):
    """What a cell's job says of its value."""

    VALUE = "value"
    ABSENT = "absent"
    PENDING = "pending"
    RUNNING = "running"
    FAILED = "failed"
    DIVERGED = "diverged"


UNFINISHED_KINDS = (Kind.PENDING, Kind.RUNNING, Kind.FAILED)


@dataclass(frozen=True)
class Status:
    """A value's status; `str` makes the words that tables and commands show."""

    kind: Kind
    epoch: int | None = None
    """In which a diverged run's loss stopped being finite."""
    is_stale: bool = False

    @property
    def has_value(self) -> bool:
        return self.kind is Kind.VALUE

    @property
    def marks(self) -> frozenset[str]:
        """What keeps it from being a value of today's code: `diverged`, `stale` and the like."""
        return frozenset(({self.kind.value} - {"value"}) | ({"stale"} if self.is_stale else set()))

    def __str__(self) -> str:
        if self.kind is Kind.VALUE:
            return "stale" if self.is_stale else "value"
        epoch = f" (epoch {self.epoch})" if self.epoch is not None else ""
        return f"{self.kind}{epoch}{', stale' if self.is_stale else ''}"


VALUE = Status(Kind.VALUE)
STALE_VALUE = Status(Kind.VALUE, is_stale=True)
ABSENT = Status(Kind.ABSENT)
