"""The command line, as a user meets it: in a process of its own."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from papermatrix.cli import main
from tests.papermatrix.tea import TABLES, Paper, finish_all


def test_plan_lists_jobs_as_json(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "cups", "--json"]) == 0
    jobs = json.loads(capsys.readouterr().out)
    assert len(jobs) == 9
    assert all(set(job) == {"id", "stage", "needs", "settings", "tables", "state"} for job in jobs)
    ids = [job["id"] for job in jobs]
    assert all(ids.index(upstream) < ids.index(job["id"]) for job in jobs for upstream in job["needs"])
    assert {job["state"] for job in jobs} == {"pending"}
    assert {table for job in jobs for table in job["tables"]} == {"cups"}


def test_plan_counts_states(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    finish_all(paper.matrix())
    assert main(["plan"]) == 0
    assert capsys.readouterr().out.endswith("9 jobs: 9 done\n")


def test_validate_says_that_all_is_well(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate"]) == 0
    assert capsys.readouterr().out == "1 tables, 9 jobs, no errors\n"


def test_errors_are_lines_on_stderr_and_no_traceback(paper: Paper) -> None:
    paper.write("config/tables.yaml", TABLES.replace("cup.colour", "cup.color").replace("title", "titel"))
    run = subprocess.run(
        [sys.executable, "-m", "papermatrix", "validate"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.splitlines() == [
        "error: config/tables.yaml:2: tables.cups.title: missing",
        "error: config/tables.yaml:3: tables.cups.titel: unknown key; did you mean title?",
        "error: config/tables.yaml:11: tables.cups.columns[1].with.cup.color: unknown setting;"
        " did you mean colour?",
    ]


def test_config_changes_a_value_of_config_yaml(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--config", "seeds=[1, 2]", "scale=small"]) == 0
    assert capsys.readouterr().out.endswith("18 jobs: 18 pending\n")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["plan", "cpus"], "error: cpus: no such table; did you mean cups?\n"),
        (["chek"], "error: chek: no such command; did you mean check?\n"),
        (["plan", "--config", "scale"], "error: --config scale: expected KEY=VALUE\n"),
    ],
)
def test_a_wrong_argument_is_explained(
    paper: Paper, capsys: pytest.CaptureFixture[str], arguments: list[str], error: str
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err == error


def test_render_names_the_files_that_it_writes(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    finish_all(paper.matrix())
    assert main(["render", "cups", "--out", "out"]) == 0
    files = capsys.readouterr().out.split()
    assert sorted(files) == ["out/cups.csv", "out/cups.html", "out/cups.md", "out/cups.tex"]
    assert all((paper.folder / file).stat().st_size > 0 for file in files)


def test_the_schema_knows_tables_and_settings(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    import jsonschema

    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    table = {"title": "a", "rows": [{"label": "b"}], "columns": [{"label": "c", "metric": "d"}]}

    def fits(**changes: object) -> bool:
        return jsonschema.Draft202012Validator(schema).is_valid({"tables": {"t": {**table, **changes}}})

    assert fits()
    assert fits(**{"with": {"leaf.kind": "black", "steep": {"minutes": 4}}})
    assert not fits(**{"with": {"leaf.kidn": "black"}})
    assert not fits(**{"with": {"leaf.kind": "blue"}})
    assert fits(reported={"b": {"c": [1, None]}})
    assert not fits(titel="x")


def test_neither_planning_nor_help_imports_what_only_rendering_needs() -> None:
    imports = "import sys, papermatrix.cli, papermatrix.matrix.expand, papermatrix.results.store"
    code = f"{imports}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pandas", "matplotlib", "torch", "snakemake", "tabulate"} & set(loaded.stdout.split())


def test_outside_of_a_project_the_error_says_where_to_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["plan"]) == 2
    message = "error: config/config.yaml: no such file; run it in the project's folder\n"
    assert capsys.readouterr().err == message


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"papermatrix {version('papermatrix')}\n"
