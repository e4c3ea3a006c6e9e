"""What becomes of Snakemake's records of errors; tests/workflow has Snakemake itself log them."""

import logging
from pathlib import Path
from typing import Any

import pytest

from jobkit.failure import record_failure
from papermatrix.rules.terminal import OneGoodLine
from tests.papermatrix.tea import Paper, finish


def shown(text: str, level: int = logging.INFO, **fields: Any) -> str | None:
    """Return what is printed of a record with these fields."""
    logging.getLogger("snakemake.test").setLevel(level)
    given = {"event": "job_error", "rule_msg": None, **fields, "msg": text, "name": "snakemake.test"}
    record = logging.makeLogRecord(given)
    return record.getMessage() if OneGoodLine().filter(record) else None


def test_a_failed_job_is_its_signal_and_its_logs_last_line(paper: Paper) -> None:
    job = next(iter(paper.matrix().jobs.values()))
    log = job.folder / "log.txt"
    of_job = {"output": [f"{job.folder}/result.json (update)"], "log": [str(log)]}
    assert shown("Error in rule dry", **of_job) == "Error in rule dry"
    paper.write(str(log), "it dries\nit rots\n")
    record_failure(job.folder, 134, 0)
    line = f'{job.stage} {job.id} failed: killed by SIGABRT, "it rots", see {log}'
    assert shown("Error in rule dry", **of_job) == line
    message = "SLURM status is: 'TIMEOUT'"
    assert shown("Error in rule dry", **{**of_job, "rule_msg": message}) == line.replace(
        ", see", f", {message}, see"
    )
    assert shown("Error in rule dry", logging.DEBUG, **of_job) == "Error in rule dry"


def test_of_a_group_the_jobs_that_did_not_fail_are_not_named(paper: Paper) -> None:
    job = next(iter(paper.matrix().jobs.values()))
    finish(job)
    assert shown("Error in rule dry", output=[f"{job.folder}/result.json"], log=[]) is None
    group = {"event": "group_error", "groupid": "evaluations", "aux_logs": ["results/logs/slurm/1.log"]}
    assert shown("Error", **group) == "group evaluations failed, see results/logs/slurm/1.log"


@pytest.mark.parametrize("count", [2, 5])
def test_a_failed_rendering_is_the_errors_of_its_command(paper: Paper, count: int) -> None:
    log = Path("results/logs/table_cups.txt")
    paper.write(str(log), "".join(f"error: cell {number}\n" for number in range(count)))
    more = "; cell 2; 2 more" if count == 5 else ""
    assert shown("Error in rule table", output=["results/cups.md"], log=[str(log)]) == (
        f"results/cups.md failed: cell 0; cell 1{more}, see {log}"
    )


def test_our_own_errors_are_printed_without_what_is_around_them(paper: Paper) -> None:
    text = "InputFunctionException in rule table:\n  error: cups: no such table\nTraceback:\n  File x"
    assert shown(text, event="error") == "error: cups: no such table"
    assert shown("MissingRuleException: no rule", event="error") == "MissingRuleException: no rule"
    assert shown("RuleException:\nCalledProcessError in file x", event="error") is None
    assert shown("Cannot restore x: no backup found.", event=None) is None
    assert shown("Building DAG of jobs...", event=None) == "Building DAG of jobs..."
