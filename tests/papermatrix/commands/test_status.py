"""How far tables are, also while it changes."""

import dataclasses
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from jobkit.files import write_json
from jobkit.progress import Position
from jobkit.result import Cost
from papermatrix.cli import main
from papermatrix.matrix.jobs import Job
from papermatrix.results.status import JobStatus
from tests.papermatrix.tea import OF_OTHER_SOURCE, TABLES, Paper, fail, finish

HOLD = """
import sys
from pathlib import Path
from jobkit.ledger import Account, Ledger
from jobkit.lock import job_lock
with job_lock(Path(sys.argv[1])):
    Ledger(Path(sys.argv[1]), Account(seconds=float(sys.argv[2])), source={})
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def at_work(job: Job, seconds: float) -> Iterator[None]:
    """Pose as a process that has worked on the job for so long already."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(job.folder), str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.kill()


def done(job: Job, seconds: float) -> None:
    finish(job, cost=Cost(seconds=seconds, device_hours=seconds / 3600))
    write_json(job.folder / "settings.json", {"settings": job.settings})


def status(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["status", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def seconds_until(time_of_day: str) -> float:
    return (datetime.fromisoformat(time_of_day) - datetime.now(UTC)).total_seconds()


def test_every_status_is_counted(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    stages = (paper.folder / "config/stages.yaml").read_text()
    paper.write("config/stages.yaml", stages.replace("taste: {", "taste: {source: jobkit.digest, "))
    jobs = list(paper.matrix().jobs.values())
    dry = [job for job in jobs if job.stage == "dry"]
    steep = next(job for job in jobs if job.stage == "steep")
    tastes = [job for job in jobs if job.stage == "taste" and job.upstream is dry[0]]
    done(dry[0], 10)
    finish(tastes[0], provenance=OF_OTHER_SOURCE)
    finish(dry[1], status="diverged", epoch=2)
    fail(tastes[1], "the leaves burn")
    black = next(job for job in jobs if job.upstream is dry[1])
    fail(black, "no time", exit_code=128 + signal.SIGTERM)
    with at_work(steep, 1):
        content = status(capsys)
    cups = content["tables"]["cups"]
    assert {state: cups[state] for state in JobStatus} == {
        "done": 1,
        "diverged": 1,
        "stale": 1,
        "running": 1,
        "interrupted": 1,
        "failed": 1,
        "pending": 3,
    }
    assert cups["jobs"] == 9
    assert content["failed"] == {tastes[1].id: f"{tastes[1].folder}/log.txt"}


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["status", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_jobs_that_failed_alike_have_one_line_and_no_status_has_more_than_eleven(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds = "seeds: [" + ", ".join(map(str, range(30))) + "]"
    matrix = paper.tables(TABLES.replace("metric: flavour", f"metric: flavour\n    {seeds}"))
    tastes = [job for job in matrix.jobs.values() if job.stage == "taste"]
    for job in tastes[:40]:
        fail(job, "Traceback (most recent call last):\nOSError: no sugar\n  at exit\n")
    for number, job in enumerate(tastes[40:60]):
        fail(job, f"cup {number} is broken")
    failed = [line for line in lines(capsys) if line.startswith("failed")]
    first = tastes[0]
    assert failed[0] == (
        f'failed: 40 of taste, first {first.id}, "OSError: no sugar", see {first.folder}/log.txt'
    )
    assert len(failed) == 11
    assert failed[-1] == "failed: 11 more, which `papermatrix plan` lists"


def test_a_running_job_says_how_far_it_is_and_an_interrupted_one_how_far_it_was(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    job = next(iter(paper.matrix().jobs.values()))
    with at_work(job, 60):
        position = Position("day", 2.4, 50, "leaves", rate=1234.4, seconds_left=721.0)
        (job.folder / "progress.json").write_text(json.dumps(dataclasses.asdict(position)))
        assert lines(capsys)[-1] == f"running: dry {job.id}, day 3 of 50, 1,234 leaves/s, 12 min to go"
        assert seconds_until(status(capsys)["total"]["arrival"]) == pytest.approx(720, abs=5)
    assert lines(capsys)[-1] == f"interrupted: dry {job.id}, day 3 of 50, the next run takes it up"
    with at_work(job, 60):
        (job.folder / "progress.json").write_text('{"unit": "day", "done": -1, "total": "\\u001b"}')
        assert lines(capsys)[-1] == f"running: dry {job.id}"


def test_the_arrival_is_the_rest_of_the_work_over_the_cores(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = list(paper.matrix().jobs.values())
    for job in jobs:
        if job.stage != "taste":
            done(job, 10)
    done(next(job for job in jobs if job.stage == "taste"), 1000)
    for cores, seconds in (("1", 5000), ("5", 1000), ("50", 1000)):
        content = status(capsys, "--cores", cores)["total"]
        assert seconds_until(content["arrival"]) == pytest.approx(seconds, abs=5)


def test_what_a_running_job_has_done_counts(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = list(paper.matrix().jobs.values())
    for job in jobs[:-1]:
        done(job, 1000)
    with at_work(jobs[-1], 600):
        content = status(capsys, "--cores", "1")["total"]
    assert content["running"] == 1
    assert seconds_until(content["arrival"]) == pytest.approx(400, abs=5)


def test_a_finished_table_is_there_now(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    for job in paper.matrix().jobs.values():
        done(job, 1)
    assert main(["status", "--watch"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["cups", "9", *"." * 6, "now"]


def test_what_nothing_is_known_of_is_named(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("no history of dry, taste, steep")


@pytest.mark.parametrize("number", ["0", "-1", "two", "1000001", "1" + "0" * 400, "9" * 5000])
def test_a_wrong_number_of_cores_is_refused(
    paper: Paper, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    with pytest.raises(SystemExit):
        main(["status", "--cores", number])
    assert "expected a whole number from 1" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["0", "abc", "nan"])
def test_a_wrong_number_of_seconds_is_refused(
    paper: Paper, capsys: pytest.CaptureFixture[str], seconds: str
) -> None:
    with pytest.raises(SystemExit):
        main(["status", "--watch", "--every", seconds])
    assert "expected a number from 0.1 to 86400" in capsys.readouterr().err


def test_watching_ends_where_all_that_is_left_failed_or_waits_for_what_did(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    matrix = paper.matrix()
    black = [job for job in matrix.jobs.values() if job.settings["leaf"]["kind"] == "black"]
    for job in matrix.jobs.values():
        if job not in black:
            finish(job)
    assert not status(capsys)["total"]["is_stuck"]
    fail(black[0], "the leaves burn")
    assert main(["status", "--watch", "--every", "0.1"]) == 1
    assert (
        f'failed: dry {black[0].id}, "the leaves burn", see {black[0].folder}/log.txt'
        in capsys.readouterr().out
    )


def test_watching_a_terminal_redraws_in_place_until_control_c(paper: Paper) -> None:
    command = [sys.executable, "-m", "papermatrix", "status", "--watch", "--every", "0.2"]
    terminal, other = pty.openpty()
    with subprocess.Popen(command, stdout=other, stderr=subprocess.PIPE) as process:
        os.close(other)
        text = ""
        deadline = time.monotonic() + 30
        while text.count("\x1b[3F\x1b[J") < 2:
            assert time.monotonic() < deadline, text
            text += os.read(terminal, 4096).decode()
        finish(next(iter(paper.matrix().jobs.values())))
        while " 1 " not in text.rpartition("\x1b[J")[2].partition("cups")[2]:
            assert time.monotonic() < deadline, text
            text += os.read(terminal, 4096).decode()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
        assert process.stderr is not None
        assert process.stderr.read() == b""
    os.close(terminal)
