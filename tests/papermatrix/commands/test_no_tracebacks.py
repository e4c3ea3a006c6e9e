"""Whatever lies where a file should, every command ends with lines that say what is wrong."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from papermatrix.cli import COMMANDS, main
from tests.papermatrix.tea import Paper, finish_all

ARGUMENTS = {
    "explain": ["cups", "plain", "white cup"],
    "power": ["cups"],
    "figure": ["drying"],
    "fact": ["x"],
    "accept": ["cups", "--because", "x"],
    "rename": ["cups", "plain", "clear", "--dry-run"],
}
"""Of commands that need some."""
RUN_OTHERS = ("run", "rerun", "paper", "diff")
"""Commands that run Snakemake, TeX or git."""
FILES = ("config.yaml", "tables.yaml", "stages.yaml", "settings.schema.json", "scales/small.yaml")


def replace_by_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def replace_by_loop(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(path.name)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_text(""),
    "binary": lambda path: path.write_bytes(bytes(range(256))),
    "a list": lambda path: path.write_text("[1, 2]"),
    "a word": lambda path: path.write_text("tea"),
    "gone": lambda path: path.unlink(missing_ok=True),
    "a folder": replace_by_folder,
    "a loop": replace_by_loop,
}


def end_well(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    """Run every command in this process, where an exception would end the test; return the exit codes."""
    codes = {}
    for command in COMMANDS:
        if command in RUN_OTHERS:
            continue
        capsys.readouterr()
        codes[command] = main([command, *ARGUMENTS.get(command, [])])
        errors = capsys.readouterr().err
        assert codes[command] in (0, 1, 2), command
        assert all(line.startswith(("error: ", "warning: ", "  | ")) for line in errors.splitlines()), errors
    return codes


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_configuration_that_is_none(
    paper: Paper, capsys: pytest.CaptureFixture[str], name: str, damage: str
) -> None:
    DAMAGES[damage](paper.folder / "config" / name)
    codes = end_well(capsys)
    assert codes["validate"] == (0 if (name, damage) == ("scales/small.yaml", "empty") else 2)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["result.json", "settings.json", "ledger.json", "samples.parquet"])
def test_a_file_of_a_job_that_is_none(
    paper: Paper, capsys: pytest.CaptureFixture[str], name: str, damage: str
) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    job = next(job for job in matrix.jobs.values() if job.stage == "taste")
    DAMAGES[damage](job.folder / name)
    end_well(capsys)


@pytest.mark.parametrize("name", ["results", "results/jobs", "results/jobs/taste"])
def test_a_file_in_place_of_a_folder_of_results(
    paper: Paper, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    finish_all(paper.matrix())
    shutil.rmtree(paper.folder / name)
    (paper.folder / name).write_text("tea")
    end_well(capsys)


@pytest.mark.parametrize("arguments", ["plan", "--help"])
@pytest.mark.parametrize(
    ("output", "error"),
    [("| true", ""), (">/dev/full", "error: No space left on device\n"), (">&-", "")],
    ids=["closed pipe", "full disk", "closed"],
)
def test_output_that_cannot_be_written(paper: Paper, arguments: str, output: str, error: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    run = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m papermatrix {arguments} {output}"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (run.stderr == error) or (output == ">&-" and "Traceback" not in run.stderr)
