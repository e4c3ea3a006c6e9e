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

ERROR = "error: "
"""Begins every line that says what is wrong, as commands print it."""
MOST = 3
"""Errors of one failure that are quoted."""
TAIL = 8192
"""Bytes at the end of a log that are read."""
_OUR_CHOICE = ("Cannot restore ", "--keep-incomplete mode is set")
"""Begin warnings of what the profile and the rules decide: old results stay, new ones are whole."""


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
    """Return the lines that say what is wrong, nothing of a command that failed: its job says it."""
    text = record.getMessage()
    if "CalledProcessError in file" in text:
        return ""
    return "\n".join(_errors(text.splitlines())) or None


def _failed_job(record: logging.LogRecord) -> str | None:
    """Return which job failed, why, and where its log is; nothing of one of a group that did not fail."""
    fields = record.__dict__
    output, logs = Path(fields["output"][0].split(" ")[0]), [Path(log) for log in fields["log"]]
    if output.name != RESULT:
        name, cause = str(output), ""
    elif output.exists() and not is_unfinished(output.parent):
        return ""
    else:
        name, failure = " ".join(output.parts[-3:-1]), read_failure(output.parent)
        cause = failure.cause if failure and failure.signal else ""
    told = [(log, words) for log in logs if (words := last_words(log))]
    if not told:
        return None
    log, words = told[0]
    message = f"\n{fields['rule_msg']}" if fields["rule_msg"] else ""
    why = words if not cause or cause in words else cause  # a log that names the signal says more of it
    return f"{name} failed: {why}; see {log}{message}"


def _failed_group(record: logging.LogRecord) -> str:
    fields = record.__dict__
    logs = f"; see {', '.join(fields['aux_logs'])}" if fields["aux_logs"] else ""
    return f"group {fields['groupid']} failed{logs}"


def last_words(log: Path) -> str:
    """Return the last errors of a log, or else its last line; nothing where it says nothing."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(log.stat().st_size - TAIL, 0))
            lines = stream.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    lines = [line.strip() for line in lines if line.strip()]
    errors = [line.removeprefix(ERROR) for line in _errors(lines)]
    more = [f"{len(errors) - MOST} more"] if len(errors) > MOST else []
    return "; ".join([*errors[:MOST], *more]) or (lines[-1] if lines else "")


def _errors(lines: Sequence[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip().startswith(ERROR)]
