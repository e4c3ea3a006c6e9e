"""What Snakemake's rules are told, without Snakemake."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from jobkit.digest import canonical_json
from jobkit.errors import UserError
from papermatrix.rules import RULES
from papermatrix.rules.planner import Planner, in_one_line, job_command
from tests.papermatrix.tea import Paper


def test_a_job_is_asked_for_by_its_stage_and_id(paper: Paper) -> None:
    planner = Planner({})
    for job in planner.matrix.jobs.values():
        wildcards = SimpleNamespace(stage=job.stage, id=job.id)
        assert planner.settings(wildcards) == canonical_json(job.settings)
        assert planner.upstream(wildcards) == (
            [f"{job.upstream.folder}/result.json"] if job.upstream is not None else []
        )
    dry = next(job for job in planner.matrix.jobs.values() if job.stage == "dry")
    with pytest.raises(UserError, match=r"taste .*: no table needs such a job"):
        planner.settings(SimpleNamespace(stage="taste", id=dry.id))


def test_what_is_wrong_is_an_error_of_the_caller(paper: Paper) -> None:
    ask = in_one_line(Planner({}).results_of_table, LookupError)
    with pytest.raises(LookupError, match="cpus: no such table; did you mean cups"):
        ask(SimpleNamespace(table="cpus"))


def test_a_rendering_is_given_the_scale_and_what_the_run_changes(paper: Paper) -> None:
    planner = Planner({"scale": "small", "data_root": "elsewhere"})
    assert planner.render_config(None) == ['data_root="elsewhere"', 'scale="small"']


@pytest.mark.parametrize("upstream", ["", "jobs/a b/result.json"])
def test_a_command_that_fails_leaves_its_signal_and_its_exit_code(tmp_path: Path, upstream: str) -> None:
    # The shell gets settings, folders and the upstream's folder, if there is one, each as one word.
    (tmp_path / "script").write_text('printf "<%s>" "$@"; kill -ABRT $$')
    (tmp_path / "out").mkdir()
    values = {"{input:q}": f"'{upstream}'", "{params.settings:q}": "'{\"a\": 1}'"}
    values |= {"{output}": "out/result.json", "{log}": "log.txt"}
    command = job_command("bash script").replace("{{", "{").replace("}}", "}")
    for name, value in values.items():
        command = command.replace(name, value)
    run = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=tmp_path, check=False)
    assert run.returncode == 134
    needs = "<--needs><jobs/a b>" if upstream else ""
    assert (tmp_path / "log.txt").read_text().startswith(f'<--settings><{{"a": 1}}><--out><out>{needs}')
    assert '"signal": "SIGABRT"' in (tmp_path / "out/failure.json").read_text()


def test_every_rule_file_is_in_the_package() -> None:
    names = sorted(path.stem for path in RULES.glob("*.smk"))
    assert names == ["audit", "common", "figures", "paper", "tables"]
