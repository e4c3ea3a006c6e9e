"""The status of a job, and of a value: what is known of it, with words made at the edge."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class JobStatus(StrEnum):
    DONE = "done"
    DIVERGED = "diverged"
    STALE = "stale"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    PENDING = "pending"


UNSETTLED = (JobStatus.RUNNING, JobStatus.INTERRUPTED, JobStatus.FAILED)
"""Of a job that reruns, or has to: a downstream result is then of an older upstream result."""
UNFINISHED = (JobStatus.PENDING, *UNSETTLED)


@dataclass(frozen=True)
class Status:
    """A value's status; `str` makes the words that tables and commands show."""

    job: JobStatus | None
    """Of the job that keeps it from a value; done where there is one, None where no job states it."""
    epoch: int | None = None
    """In which a diverged run's loss stopped being finite."""
    is_stale: bool = False
    position: str = ""
    """How far an interrupted job is: `epoch 3 of 50`."""

    @property
    def has_value(self) -> bool:
        return self.job is JobStatus.DONE

    @property
    def marks(self) -> frozenset[str]:
        """What keeps it from being a value of today's code: `diverged`, `stale` and the like."""
        kinds = set() if self.has_value else {self.job.value if self.job else "absent"}
        return frozenset(kinds | ({"stale"} if self.is_stale else set()))

    def __str__(self) -> str:
        if self.has_value:
            return "stale" if self.is_stale else "value"
        where = f"epoch {self.epoch}" if self.epoch is not None else self.position
        return f"{self.job or 'absent'}{f' ({where})' if where else ''}{', stale' if self.is_stale else ''}"


VALUE = Status(JobStatus.DONE)
STALE_VALUE = Status(JobStatus.DONE, is_stale=True)
ABSENT = Status(None)
