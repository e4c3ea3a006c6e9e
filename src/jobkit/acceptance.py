"""`accepted.json`: a person's word that a result stays, although what it is made from has changed since."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobkit.digest import digest
from jobkit.errors import UserError
from jobkit.files import STRICT, read_as, read_sealed, write_sealed

ACCEPTED = "accepted.json"


@dataclass(frozen=True)
class Acceptance:
    """Why a result stays, and what it would have been made from then; a later change makes it stale again."""

    __pydantic_config__ = STRICT
    because: str
    when: str
    made_from: str
    """Digest of the source, of the upstream result and of the data, as they were then."""


def accept(folder: Path, because: str, made_from: dict[str, Any]) -> None:
    """Keep the result in a job's folder."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_sealed(folder / ACCEPTED, asdict(Acceptance(because, now, digest(made_from))))


def acceptance(folder: Path) -> Acceptance | None:
    """Return the acceptance in a job's folder; None where there is none, or it was changed."""
    try:
        return read_as(Acceptance, read_sealed(folder / ACCEPTED))
    except (UserError, ValueError):
        return None


def is_accepted(folder: Path, made_from: dict[str, Any]) -> bool:
    """Return whether the result in a folder is accepted for what it would be made from now."""
    accepted = acceptance(folder)
    return accepted is not None and accepted.made_from == digest(made_from)
