"""Lines about jobs without a result: how far they are, what stopped them, why they failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jobkit.errors import one_line
from jobkit.lock import is_locked
from jobkit.progress import read_position
from papermatrix.matrix.jobs import Job
from papermatrix.render.text import duration_text
from papermatrix.results.status import JobStatus
from papermatrix.results.unfinished import (
    failure_cause,
    failure_hint,
    interruption,
    joined,
    position_text,
)

MOST_LINES = 10
"""Of jobs with one status."""


def job_lines(status: JobStatus, jobs: Sequence[Job]) -> list[str]:
    """Return lines about the jobs with a status: one for all of a stage of which the same is to say."""
    about = _ABOUT[status]
    groups: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        groups.setdefault((job.stage, about(job)), []).append(job)
    lines = [_line(status, stage, text, of_group) for (stage, text), of_group in groups.items()]
    rest = sum(map(len, [*groups.values()][MOST_LINES:]))
    more = [f"{status}: {rest} more, which `papermatrix plan` lists"] if rest else []
    return lines[:MOST_LINES] + more


def _line(status: JobStatus, stage: str, text: str, jobs: Sequence[Job]) -> str:
    first = jobs[0]
    text = failure_hint(first) if status is JobStatus.FAILED else text
    names = f"{stage} {first.id}" if len(jobs) == 1 else f"{len(jobs)} of {stage}, first {first.id}"
    return f"{status}: {joined(names, text)}"


def running_text(job: Job) -> str:
    """Return `epoch 3 of 50, 1,234 windows/s, 12 min to go`, as far as the job says it."""
    position = read_position(job.folder)
    if position is None:
        return "" if is_locked(job.folder) else "starting"
    rate, left = position.rate, position.seconds_left
    speed = f"{rate:,.{0 if rate >= 10 else 1}f} {one_line(position.items)}/s" if rate is not None else ""
    return joined(position_text(job), speed, f"{duration_text(left)} to go" if left is not None else "")


def _interrupted_text(job: Job) -> str:
    return joined(position_text(job), interruption(job))


_ABOUT: dict[JobStatus, Callable[[Job], str]] = {
    JobStatus.RUNNING: running_text,
    JobStatus.INTERRUPTED: _interrupted_text,
    JobStatus.FAILED: failure_cause,
}
