"""What a job's folder says about it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from jobkit.digest import digest_files
from jobkit.ledger import Ledger
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from papermatrix.results.store import Store, stale_jobs
from papermatrix.results.values import TableResults
from tests.papermatrix.tea import OF_OTHER_SOURCE, Paper, fail, finish, finish_all

HOLD = """
import sys
from pathlib import Path
from jobkit.lock import job_lock
with job_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def status_counts(matrix: Matrix) -> dict[str, int]:
    store = Store(matrix)
    statuses = [store.status(job) for job in matrix.jobs.values()]
    return {status: statuses.count(status) for status in statuses}


def first(matrix: Matrix) -> Job:
    return next(iter(matrix.jobs.values()))


def test_a_job_without_a_folder_is_pending(paper: Paper) -> None:
    assert status_counts(paper.matrix()) == {"pending": 9}


def test_a_job_with_a_result_is_done(paper: Paper) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    assert status_counts(matrix) == {"done": 9}


def test_a_job_whose_process_ended_with_an_error_has_failed_and_one_that_was_stopped_is_interrupted(
    paper: Paper,
) -> None:
    matrix = paper.matrix()
    fail(first(matrix), "no memory")
    assert Store(matrix).status(first(matrix)) == "failed"
    fail(first(matrix), "no memory", exit_code=128 + signal.SIGABRT)
    assert Store(matrix).status(first(matrix)) == "failed"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        fail(first(matrix), "no time", exit_code=128 + number)
        assert Store(matrix).status(first(matrix)) == "interrupted"


def test_a_job_that_a_living_process_works_on_is_running_until_that_process_dies(paper: Paper) -> None:
    job = first(paper.matrix())
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(job.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert Store(paper.matrix()).status(job) == "running"
        process.kill()
    (job.folder / "settings.json").write_text("{}")
    assert Store(paper.matrix()).status(job) == "interrupted"


def test_a_diverged_result_is_diverged(paper: Paper) -> None:
    matrix = paper.matrix()
    finish(first(matrix), status="diverged", epoch=4)
    assert Store(matrix).status(first(matrix)) == "diverged"


def test_a_broken_result_is_a_failure(paper: Paper) -> None:
    matrix = paper.matrix()
    finish(first(matrix))
    path = first(matrix).folder / "result.json"
    os.truncate(path, path.stat().st_size // 2)
    assert Store(matrix).status(first(matrix)) == "failed"


def test_a_result_of_other_source_is_stale_and_so_is_all_downstream(paper: Paper) -> None:
    stages = Path("config/stages.yaml").read_text()
    paper.write("config/stages.yaml", stages.replace("dry: {uses", "dry: {source: jobkit.digest, uses"))
    matrix = paper.matrix()
    finish_all(matrix)
    finish(first(matrix), provenance=OF_OTHER_SOURCE)
    store = Store(matrix)
    stale = [job for job in matrix.jobs.values() if store.status(job) == "stale"]
    assert stale == [job for job in matrix.jobs.values() if first(matrix) in job.chain()]
    assert len(stale) < len(matrix.jobs)


def test_a_result_whose_upstream_was_rerun_since_is_stale(paper: Paper) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    top = next(job for job in matrix.jobs.values() if job.upstream is first(matrix))
    upstream = first(matrix).folder
    finish(top, provenance={"upstream_digest": digest_files([upstream / "result.json"], upstream)})
    assert Store(matrix).status(top) == "done"
    finish(first(matrix), {"flavour": 0.75})
    assert Store(matrix).status(top) == "stale"
    assert Store(matrix).is_stale(top)
    assert stale_jobs([top], Store(matrix)) == [top]
    assert (
        Store(matrix).stale_line(top) == f"{top.stage} {top.id}: stale, its upstream was rerun, or has to be"
    )


def test_a_job_with_an_unfinished_rerun_is_stale_and_interrupted(paper: Paper) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    Ledger.start(first(matrix).folder, started="2026-01-01", source={"science": "new"})
    store = Store(matrix)
    assert store.result(first(matrix)) is not None
    assert store.status(first(matrix)) == "interrupted"
    assert {store.status(job) for job in matrix.jobs.values() if job.upstream is first(matrix)} == {"stale"}
    assert store.stale_line(first(matrix)).endswith(": stale, its rerun is unfinished")
    assert {str(value.status) for value in TableResults(matrix, "cups", store).values} == {"value", "stale"}


def test_the_result_of_another_job_is_none(paper: Paper) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    downstream = [job for job in matrix.jobs.values() if job.upstream is first(matrix)]
    shutil.copy(downstream[0].folder / "result.json", downstream[1].folder)
    assert Store(matrix).result(downstream[1]) is None
    assert Store(matrix).status(downstream[1]) == "failed"


def test_a_job_whose_upstream_folder_was_removed_is_done(paper: Paper) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    shutil.rmtree(first(matrix).folder)
    assert status_counts(matrix) == {"pending": 1, "done": 8}


def test_a_job_whose_upstream_is_rerun_is_stale_until_it_is_rerun_too(paper: Paper) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    (first(matrix).folder / "result.json").unlink()
    fail(first(matrix), "no memory")
    store = Store(matrix)
    assert store.status(first(matrix)) == "failed"
    downstream = [
        job for job in matrix.jobs.values() if job.upstream is not None and first(matrix) in job.chain()
    ]
    assert {store.status(job) for job in downstream} == {"stale"}
