"""What keeps a table from being complete: what its cells say, and what `papermatrix check` says of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from papermatrix.cli import main
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from tests.papermatrix.rendered import grids, rendered
from tests.papermatrix.tea import (
    OF_OTHER_SOURCE,
    STAGES,
    TABLES,
    CellRun,
    Paper,
    fail,
    finish,
    finish_all,
    runs,
)

HOLD = """
import sys
from pathlib import Path
from jobkit.lock import job_lock
with job_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

Output = pytest.CaptureFixture[str]


def job_of(matrix: Matrix, row: str, column: str, stage: str = "taste") -> Job:
    """Return the job of a stage that a cell's value comes from."""
    cell: CellRun = next(cell for cell in runs(matrix) if (cell.row, cell.column) == (row, column))
    assert cell.job is not None
    return next(job for job in cell.job.chain() if job.stage == stage)


def unfinish(job: Job, log: str | None = None) -> None:
    """Take away a job's result, and leave the log of a job that failed."""
    (job.folder / "result.json").unlink()
    if log is not None:
        fail(job, log)


def checked(capsys: Output, *arguments: str) -> tuple[int, list[str]]:
    code = main(["check", *arguments])
    return code, capsys.readouterr().out.splitlines()


def test_a_complete_table_passes(paper: Paper, capsys: Output) -> None:
    finish_all(paper.matrix())
    assert checked(capsys) == (0, ["cups: 6 of 6 values are there"])


def test_a_cell_whose_training_failed_names_the_log_of_the_training(paper: Paper, capsys: Output) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    unfinish(job_of(matrix, "black", "white cup", "dry"), "no leaves")
    unfinish(job_of(matrix, "black", "white cup"))
    log = f'"no leaves", see results/jobs/dry/{job_of(matrix, "black", "white cup", "dry").id}/log.txt'
    text = rendered(matrix, is_partial=True)
    assert grids(text)[0]["black"]["white cup"] == "failed (a)"
    assert f"\n(a) failed: {log.replace('_', chr(92) + '_')}\n" in text
    code, lines = checked(capsys)
    assert (code, lines[0]) == (1, f"cups, black, white cup, seed 100: failed, {log}")


def test_two_cells_that_failed_of_one_job_share_a_footnote(paper: Paper) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    unfinish(job_of(matrix, "black", "white cup", "dry"), "no leaves")
    for column in ("white cup", "blue cup"):
        unfinish(job_of(matrix, "black", column))
    text = rendered(matrix, is_partial=True)
    assert grids(text)[0]["black"] == {"white cup": "failed (a)", "blue cup": "failed (a)"}
    assert "(b)" not in text


def test_a_cell_is_running_while_a_process_works_on_any_of_its_jobs(paper: Paper, capsys: Output) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    drying, tasting = (job_of(matrix, "steeped", "blue cup", stage) for stage in ("steep", "taste"))
    unfinish(drying)
    unfinish(tasting)
    command = [sys.executable, "-c", HOLD, str(drying.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert grids(rendered(matrix, is_partial=True))[0]["steeped"]["blue cup"] == "running"
        assert "cups, steeped, blue cup, seed 100: running" in checked(capsys)[1]
        process.kill()


def test_a_table_of_which_nothing_is_made_yet_is_all_pending(paper: Paper, capsys: Output) -> None:
    matrix = paper.matrix()
    cells = [cell for row in grids(rendered(matrix, is_partial=True))[0].values() for cell in row.values()]
    assert cells == ["pending"] * 6
    code, lines = checked(capsys, "cups")
    assert (code, len(lines), lines[-1]) == (1, 7, "cups: 0 of 6 values are there")


def test_a_diverged_cell_is_no_value_unless_that_is_allowed(paper: Paper, capsys: Output) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    finish(job_of(matrix, "plain", "blue cup"), status="diverged", epoch=4)
    code, lines = checked(capsys)
    log = f"results/jobs/taste/{job_of(matrix, 'plain', 'blue cup').id}/log.txt"
    assert (code, lines[0]) == (1, f"cups, plain, blue cup, seed 100: diverged (epoch 4), see {log}")
    assert checked(capsys, "--allow", "diverged")[0] == 0


def test_a_row_may_expect_to_diverge(paper: Paper, capsys: Output) -> None:
    matrix = paper.tables(TABLES.replace("label: plain", "label: plain\n        expect: diverged"))
    finish_all(matrix)
    finish(job_of(matrix, "plain", "blue cup"), status="diverged", epoch=4)
    assert checked(capsys)[0] == 0
    finish(job_of(matrix, "black", "blue cup"), status="diverged", epoch=4)
    assert checked(capsys)[0] == 1


def test_a_stale_value_is_no_value_unless_that_is_allowed(paper: Paper, capsys: Output) -> None:
    stages = Path("config/stages.yaml").read_text()
    paper.write("config/stages.yaml", stages.replace("dry: {uses", "dry: {source: jobkit.digest, uses"))
    matrix = paper.matrix()
    finish_all(matrix)
    drying = job_of(matrix, "black", "white cup", "dry")
    finish(drying, provenance=OF_OTHER_SOURCE)
    code, lines = checked(capsys)
    assert (code, len(lines)) == (1, 3)
    assert lines[0] == f"cups, black, white cup, seed 100: stale, see results/jobs/dry/{drying.id}/log.txt"
    assert checked(capsys, "--allow", "stale")[0] == 0


def test_what_diverged_by_other_source_is_both_and_passes_only_where_both_may(
    paper: Paper, capsys: Output
) -> None:
    paper.write("config/stages.yaml", STAGES.replace("taste: {", "taste: {source: jobkit.digest, "))
    matrix = paper.matrix()
    finish_all(matrix)
    tasting = job_of(matrix, "black", "white cup")
    finish(tasting, status="diverged", epoch=3, provenance=OF_OTHER_SOURCE)
    assert grids(rendered(matrix))[0]["black"]["white cup"] == "diverged (epoch 3), stale"
    assert checked(capsys)[1][0].startswith(
        "cups, black, white cup, seed 100: diverged (epoch 3), stale, see"
    )
    assert checked(capsys, "--allow", "stale")[0] == 1
    assert checked(capsys, "--allow", "diverged")[0] == 1
    assert checked(capsys, "--allow", "diverged", "--allow", "stale")[0] == 0


def test_a_score_that_is_not_there_is_no_value(paper: Paper, capsys: Output) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    finish(job_of(matrix, "plain", "white cup"), {"flavor": 1})
    code, lines = checked(capsys)
    assert (code, lines[0]) == (
        1,
        "cups, plain, white cup, seed 100: absent, no score called flavour; did you mean flavor?",
    )


def test_a_stage_that_does_not_take_place_and_what_is_cited_are_as_they_should_be(
    paper: Paper, capsys: Output
) -> None:
    matrix = paper.tables("""
tables:
  cups:
    title: Tea
    rows:
      - {label: plain, values: {price: 3}}
    columns:
      - {label: minutes, metric: steep.minutes}
      - {label: price}
""")
    finish_all(matrix)
    assert checked(capsys) == (0, ["cups: 1 of 1 values are there"])


def test_a_table_that_cannot_be_rendered_keeps_no_other_from_it(paper: Paper, capsys: Output) -> None:
    second = TABLES.partition("tables:\n")[2]
    matrix = paper.tables(
        TABLES.replace("metric: flavour", "metric: flavor") + second.replace("cups:", "mugs:")
    )
    finish_all(matrix)
    assert main(["render"]) == 2
    assert not Path("results/cups.md").exists()
    assert Path("results/mugs.md").exists()
    message = "no score called flavor; did you mean flavour?"
    assert capsys.readouterr().err.splitlines() == [
        f"error: cups, white cup: {message}",
        f"error: cups, blue cup: {message}",
    ]


def test_begun_tables_lie_in_a_folder_of_their_own_until_they_are_complete(
    paper: Paper, capsys: Output
) -> None:
    assert main(["render", "--partial"]) == 0
    assert capsys.readouterr().out == ""
    finish(next(iter(paper.matrix().jobs.values())))
    assert main(["render", "--partial"]) == 0
    assert "results/partial/cups.md" in capsys.readouterr().out.split()
    assert not Path("results/cups.md").exists()
    finish_all(paper.matrix())
    assert main(["render", "--partial"]) == 0
    assert not list(Path("results/partial").iterdir())
