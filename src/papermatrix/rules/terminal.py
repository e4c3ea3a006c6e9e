"""What a run prints of errors: one good line each, in place of Snakemake's commands, logs and tracebacks.

Snakemake logs by Python's `logging`; the records' fields are those that its logger plugins are promised.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from jobkit.failure import read_failure
from jobkit.ledger import is_unfinished
from jobkit.result import RESULT
from papermatrix.results.unfinished import joined, log_line

ERROR = "error: "
"""Begins every line that says what is wrong, as commands print it."""
MOST_ERRORS = 3
"""Of a failed rendering, that are quoted."""
_OUR_CHOICE = ("Cannot restore ", "--keep-incomplete mode is set")
"""Begin warnings of what the rules and the profile decide: old results stay, and files are whole."""


class OneGoodLine(logging.Filter):
    """Shortens records of errors in place; `--verbose` leaves them as they are."""

    def filter(self, record: logging.LogRecord) -> bool:
        if logging.getLogger(record.name).isEnabledFor(logging.DEBUG):
            return True
        shorten = {"error": _error, "job_error": _failed_job, "group_error": _failed_group}
        event = getattr(record, "event", None)
        if event not in shorten:
            return not record.getMessage().startswith(_OUR_CHOICE)
        text = shorten[event](record)
        if text:
            record.event, record.msg = None, text
        return text != ""


def _error(record: logging.LogRecord) -> str | None:
    """Return the lines that say what is wrong; nothing of a command that failed, which its job says."""
    text = record.getMessage()
    if "CalledProcessError in file" in text:
        return ""
    return "\n".join(_errors(text)) or None


def _failed_job(record: logging.LogRecord) -> str | None:
    """Return which job failed, why, and where its log is; nothing of one of a group that did not fail.

    None where nothing more is known than Snakemake says.
    """
    fields = record.__dict__
    output = Path(fields["output"][0].removesuffix(" (update)")) if fields["output"] else Path()
    logs = [log for log in fields["log"] if Path(log).exists()]
    if output.name == RESULT:
        if output.exists() and not is_unfinished(output.parent):
            return ""
        name, cause = " ".join(output.parts[-3:-1]), _failure(output.parent)
    else:
        name, cause = str(output), _errors_of(Path(logs[0])) if logs else ""
    reasons = joined(cause, fields["rule_msg"] or "")
    see = f", see {' and '.join(logs)}" if logs else ""
    return f"{name} failed: {reasons}{see}" if reasons else None


def _failure(folder: Path) -> str:
    """Return how a job's process ended, as far as that is known, and what its log says: often both in one."""
    failure, line = read_failure(folder), log_line(folder)
    ended = failure.cause if failure and (failure.signal or not line) else ""
    return joined(ended if ended not in line else "", f'"{line}"' if line else "")


def _failed_group(record: logging.LogRecord) -> str:
    """Return which group failed; Snakemake goes on with each of its jobs."""
    fields = record.__dict__
    return joined(f"group {fields['groupid']} failed", *(f"see {log}" for log in fields["aux_logs"]))


def _errors_of(log: Path) -> str:
    """Return the errors in what a command of ours printed, or else its last line."""
    text = log.read_text(errors="replace")
    errors = [line.removeprefix(ERROR) for line in _errors(text)]
    more = [f"{len(errors) - MOST_ERRORS} more"] if len(errors) > MOST_ERRORS else []
    return "; ".join([*errors[:MOST_ERRORS], *more]) or text.strip().rpartition("\n")[2]


def _errors(text: str) -> Sequence[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith(ERROR)]
