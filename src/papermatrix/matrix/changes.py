"""Which jobs an edit adds, drops and keeps, against the files as git has them."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobkit.errors import UserError
from papermatrix.config.load import CONFIG
from papermatrix.matrix.expand import Matrix, load_matrix
from papermatrix.matrix.jobs import Job

SUFFIXES = (".yaml", ".yml", ".json")
"""The files that a matrix is made from."""


@dataclass(frozen=True)
class Changes:
    """Jobs by what becomes of them; those kept are today's."""

    added: tuple[Job, ...]
    dropped: tuple[Job, ...]
    kept: tuple[Job, ...]
    before: Matrix | None
    """None where there was no matrix."""


def changes(now: Matrix, overrides: Mapping[str, Any], revision: str) -> Changes:
    """Compare with a revision; a `UserError` where git knows no such, or its files have errors."""
    before = _matrix_at(revision, overrides)
    old = before.jobs if before else {}
    return Changes(
        added=tuple(job for job in now.jobs.values() if job.id not in old),
        dropped=tuple(job for job in old.values() if job.id not in now.jobs),
        kept=tuple(job for job in now.jobs.values() if job.id in old),
        before=before,
    )


def _matrix_at(revision: str, overrides: Mapping[str, Any]) -> Matrix | None:
    """Load the matrix of the files at a revision, unpacked elsewhere; None where there was no project."""
    names = _git("ls-tree", "-r", "-z", "--name-only", revision, "--").decode().split("\0")
    written = [name for name in names if name.endswith(SUFFIXES)]
    if str(CONFIG) not in written:
        return None
    with tempfile.TemporaryDirectory() as folder:
        packed = _git("archive", "--format=zip", revision, "--", *written)
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:  # never unpacks outside of its folder
            archive.extractall(folder)
        try:
            with contextlib.chdir(folder):
                return load_matrix(overrides)
        except UserError as error:
            raise UserError(f"at {revision}: {line}" for line in error.lines) from None


def _git(*arguments: str) -> bytes:
    try:
        return subprocess.run(["git", *arguments], check=True, capture_output=True).stdout
    except FileNotFoundError:
        raise UserError("git: not found; papermatrix diff asks it for the files as they were") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        raise UserError(f"git {arguments[0]}: {lines[-1] if lines else 'failed'}") from None
