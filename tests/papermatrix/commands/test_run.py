"""What `papermatrix run` refuses, before anything runs."""

import pytest

from papermatrix.cli import main
from tests.papermatrix.tea import Paper, finish_all


@pytest.mark.parametrize(
    ("arguments", "errors"),
    [
        (["cup", "plain"], ["cup: no such table; did you mean cups?"]),
        (["cups", "plane"], ["cups: no row 'plane'; did you mean plain?"]),
        (
            ["cups", "plane", "blue cpu"],
            [
                "cups: no row 'plane'; did you mean plain?",
                "cups: no column 'blue cpu'; did you mean blue cup?",
            ],
        ),
        (["cups", "plain", "--seed", "3"], ["cups: no seed 3; expected one of 100"]),
        (
            ["cups", "plain", "--debug"],
            ["--debug: expected one job, found 2; a column, --variant and --seed choose one"],
        ),
    ],
)
def test_a_name_that_is_not_there_is_an_error(
    paper: Paper, capsys: pytest.CaptureFixture[str], arguments: list[str], errors: list[str]
) -> None:
    assert main(["run", *arguments]) == 2
    assert capsys.readouterr().err.splitlines() == [f"error: {error}" for error in errors]


def test_a_job_that_has_its_result_is_not_debugged_again(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    finish_all(matrix := paper.matrix())
    job = matrix.cells["cups"][0].jobs[0]
    assert main(["run", "cups", "plain", "white cup", "--debug"]) == 2
    error = f"error: taste {job.id}: has its result; to run it again, remove {job.folder}\n"
    assert capsys.readouterr().err == error
