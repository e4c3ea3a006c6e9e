"""The form of `result.json`: the last file that a job writes, and so the sign that it is complete."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jobkit.errors import UserError
from jobkit.files import read_sealed, write_sealed
from jobkit.form import read_form

RESULT = "result.json"
SETTINGS = "settings.json"
FORM = 2

Status = Literal["done", "diverged"]


@dataclass(frozen=True)
class Cost:
    """What a job took, summed over its resumptions."""

    seconds: float = 0.0
    """Wall time, in seconds."""
    seconds_per_epoch: float | None = None
    """Whatever an epoch takes, with its share of the start; None where there are no epochs."""
    device: str = "cpu"
    device_count: int = 1
    """Devices, on a CPU threads, that it held."""
    device_hours: float = 0.0
    """Wall time times `device_count`, in hours."""
    peak_memory: int = 0
    """Bytes: of the device on a GPU, resident on a CPU."""
    total_memory: int = 0
    """Peak of one process times the processes that shared the work."""
    resumptions: int = 0


@dataclass(frozen=True)
class Result:
    """What a job found and how; `scores` may be nested and is what a table's metric names."""

    stage: str
    id: str
    status: Status = "done"
    epoch: int | None = None
    """The epoch in which a diverged run's loss stopped being finite, from 1."""
    scores: dict[str, Any] = field(default_factory=dict)
    cost: Cost = field(default_factory=Cost)
    provenance: dict[str, Any] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    """The job's other files, relative to its folder, with their sizes in bytes."""


def write_result(folder: Path, result: Result, name: str = RESULT) -> None:
    write_sealed(folder / name, {"form": FORM, **dataclasses.asdict(result)})


def read_result(folder: Path) -> Result:
    """The result in a job's folder; a `UserError` where there is none or it is not one."""
    return parse_result(folder / RESULT)


def parse_result(path: Path) -> Result:
    try:
        content = read_sealed(path)
        if content.pop("form", None) != FORM:
            raise ValueError(f"expected form {FORM}")
        return read_form(Result, content)
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: not a job's result ({error})") from None
