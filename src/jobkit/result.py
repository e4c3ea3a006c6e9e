"""`result.json`: the last file that a job writes, and so the sign that it is complete."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jobkit.errors import UserError
from jobkit.files import STRICT, Integer, Number, read_as, read_sealed, write_sealed

RESULT = "result.json"
SETTINGS = "settings.json"
VERSION = 3
"""Of the format of result.json, whose `form` it is."""
OLDER = (2,)
"""Forms that `papermatrix migrate` carries over."""

Status = Literal["done", "diverged"]


@dataclass(frozen=True)
class Cost:
    """What a job took, summed over its resumptions."""

    __pydantic_config__ = STRICT

    seconds: Number = 0.0
    """Wall time, in seconds."""
    seconds_per_epoch: Number | None = None
    """Wall time over epochs, with its share of the start; None where there are no epochs."""
    device: str = "cpu"
    device_count: Integer = 1
    """Devices, on a CPU threads, that it held."""
    device_hours: Number = 0.0
    """Wall time times `device_count`, in hours."""
    peak_memory: Integer = 0
    """Bytes: of the device on a GPU, resident on a CPU."""
    total_memory: Integer = 0
    """Peak of one process times the processes that shared the work."""
    resumptions: Integer = 0


@dataclass(frozen=True)
class Result:
    """A job's scores, cost and provenance; `scores` may be nested, and a table's metric names one of them."""

    __pydantic_config__ = STRICT

    stage: str
    id: str
    status: Status = "done"
    epoch: Integer | None = None
    """The epoch in which a diverged run's loss stopped being finite, from 1."""
    scores: dict[str, Any] = field(default_factory=dict)
    cost: Cost = field(default_factory=Cost)
    provenance: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Integer] = field(default_factory=dict)
    """The job's other files, relative to its folder, with their sizes in bytes."""


def write_result(folder: Path, result: Result) -> None:
    write_sealed(folder / RESULT, {"form": VERSION, **dataclasses.asdict(result)})


def read_result(folder: Path) -> Result:
    """Read the result in a job's folder; a `UserError` where there is none or it is not one."""
    return parse_result(folder / RESULT)


def parse_result(path: Path) -> Result:
    """Read a result file; a `UserError` where it is none of this form."""
    try:
        content = read_sealed(path)
        form = content.pop("form", None)
        if form in OLDER:
            raise ValueError(f"of form {form}, now {VERSION}; carry it over: papermatrix migrate")
        if form != VERSION:
            raise ValueError(f"expected form {VERSION}")
        return read_as(Result, content)
    except ValueError as error:
        raise UserError(f"{path}: not a job's result ({error})") from None
