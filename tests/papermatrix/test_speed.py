"""Commands that people wait for answer in less than a second on a whole paper's matrix."""

import json
import resource
import subprocess
import sys

import pytest

from tests.papermatrix.tea import Paper, finish_all


def rows(count: int) -> str:
    return "".join(f"      - {{label: row {row}, with: {{leaf.grams: {row + 1}}}}}\n" for row in range(count))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    """A matrix of 300 jobs with results, in git."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("speed")
        patch.chdir(folder)
        paper = Paper(folder)
        tables = f"""
tables:
  cups:
    title: Tea
    metric: flavour
    rows:
{rows(100)}
    columns:
      - label: white cup
      - {{label: blue cup, with: {{cup.colour: blue}}}}
"""
        matrix = paper.tables(tables)
        assert len(matrix.jobs) == 300
        finish_all(matrix)
        for job in matrix.jobs.values():
            settings = json.dumps({"settings": job.settings})
            (job.folder / "settings.json").write_text(settings)
        for command in (["init", "-q"], ["add", "config"], ["commit", "-q", "-m", "Tea"]):
            subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *command], check=True)
    return paper


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "cups", "row 7", "blue cup"],
        ["status"],
        ["estimate"],
        ["estimate", "--config", "scale=large"],
        ["diff"],
        ["check", "cups"],
        ["validate"],
        ["plan"],
    ],
    ids=" ".join,
)
def test_a_command_takes_less_than_a_second_of_cpu_time(finished: Paper, arguments: list[str]) -> None:
    (finished.folder / "config/scales/large.yaml").write_text("leaf.dust: true\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "papermatrix", *arguments]
    run = subprocess.run(command, cwd=finished.folder, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run.returncode == 0, run.stderr
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0


@pytest.mark.parametrize("command", ["explain", "status", "diff", "check", "estimate"])
def test_a_command_imports_nothing_that_only_rendering_needs(finished: Paper, command: str) -> None:
    more = {"explain": ["cups", "row 7", "blue cup"], "check": ["cups"]}.get(command, [])
    code = (
        "import sys\n"
        "from papermatrix.cli import main\n"
        "assert main(sys.argv[1:]) == 0\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    arguments = [sys.executable, "-c", code, command, *more]
    run = subprocess.run(arguments, cwd=finished.folder, capture_output=True, text=True, check=True)
    assert not {"pandas", "matplotlib", "scipy", "torch", "snakemake", "tabulate"} & set(run.stderr.split())
