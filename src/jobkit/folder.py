"""Checks, empties and measures a job's folder: what is in it besides the result."""

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from jobkit.errors import UserError
from jobkit.failure import FAILURE
from jobkit.ledger import LEDGER
from jobkit.lock import LOCK, OWNER
from jobkit.progress import PROGRESS
from jobkit.removed import REMOVED
from jobkit.result import RESULT
from jobkit.start import START

LOG, BENCHMARK = "log.txt", "benchmark.tsv"
"""Written by whoever runs the job."""
BACKUP_LOG = ".log.txt"
"""A second name of the log: Snakemake deletes the first when it starts the job again."""
NEXT_RUN = "--- the next run ---"
"""The line of a log between an earlier run's and the last one's."""
_OF_THE_RUN = frozenset({START, LOCK, OWNER, LOG, BACKUP_LOG, BENCHMARK, FAILURE})
"""What may be there before a job begins."""


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds other things than a job's: starting over would remove them."""
    names = {entry.name for entry in folder.iterdir()} if folder.exists() else set[str]()
    if not names & {LOCK, RESULT, LEDGER} and (others := sorted(names - _OF_THE_RUN)):
        raise UserError(f"{folder}: holds {others[0]}, and is no job's folder; expected a new folder")


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files of a process that was killed while it wrote."""
    for entry in folder.glob(".*"):
        if entry.name not in (START, LOCK, OWNER, BACKUP_LOG) and entry.is_file():
            entry.unlink()


def continue_log(folder: Path) -> None:
    """Put the logs of earlier runs before this run's."""
    log, backup = folder / LOG, folder / BACKUP_LOG
    if not log.exists() or (backup.exists() and log.samefile(backup)):
        return
    if backup.exists():
        with log.open("ab") as stream:
            stream.write(backup.read_bytes() + f"{NEXT_RUN}\n".encode())
        backup.unlink()
    with contextlib.suppress(OSError):  # a file system without links keeps the last run's log only
        backup.hardlink_to(log)


def empty(folder: Path) -> None:
    """Remove what earlier runs made, but for the last result: it stays until another replaces it."""
    for entry in folder.iterdir():
        if entry.name in (_OF_THE_RUN | {RESULT, LEDGER}) - {FAILURE}:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def sizes(folder: Path, besides: tuple[str, ...] = ()) -> dict[str, int]:
    """Return the sizes in bytes of what the job made; a folder, which may hold thousands of files, is one."""
    others = {RESULT, LEDGER, LOG, BENCHMARK, FAILURE, PROGRESS, REMOVED, *besides}
    return {
        entry.name: _size(entry.rglob("*")) if entry.is_dir() else entry.stat().st_size
        for entry in sorted(folder.iterdir())
        if not entry.name.startswith(".") and entry.name not in others
    }


def _size(entries: Iterable[Path]) -> int:
    return sum(entry.stat().st_size for entry in entries if entry.is_file())
