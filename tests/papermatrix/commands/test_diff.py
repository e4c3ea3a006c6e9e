"""Which jobs an edit adds, drops and keeps, against what git has."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from papermatrix.cli import main
from tests.papermatrix.tea import SCALE, TABLES, Paper, finish_all


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def committed(paper: Paper) -> Paper:
    git("init", "-q")
    git("add", "config")
    git("commit", "-q", "-m", "Tea")
    return paper


def difference(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["diff", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def counts(changes: Any) -> dict[str, int]:
    return {kind: len(changes[kind]) for kind in ("added", "dropped", "kept")}


def test_without_an_edit_all_jobs_are_kept(committed: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    assert counts(difference(capsys)) == {"added": 0, "dropped": 0, "kept": 9}


def test_an_edited_row_adds_and_drops_its_own_jobs(
    committed: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    finish_all(committed.matrix())
    committed.write("config/tables.yaml", TABLES.replace("leaf.kind: black", "leaf.grams: 4"))
    changes = difference(capsys)
    assert counts(changes) == {"added": 3, "dropped": 3, "kept": 6}
    assert [job["stage"] for job in changes["added"]] == ["dry", "taste", "taste"]
    assert {job["state"] for job in changes["added"]} == {"pending"}
    assert {job["state"] for job in changes["dropped"]} == {"done"}
    assert all(job["tables"] == ["cups"] for kind in ("added", "dropped") for job in changes[kind])


def test_labels_and_comments_add_nothing(committed: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    committed.write("config/tables.yaml", "# a comment\n" + TABLES.replace("label: plain", "label: ordinary"))
    assert counts(difference(capsys)) == {"added": 0, "dropped": 0, "kept": 9}


def test_an_edit_of_the_scale_counts_too(committed: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    committed.write("config/scales/small.yaml", SCALE.replace("1", "2"))
    assert counts(difference(capsys)) == {"added": 9, "dropped": 9, "kept": 0}


def test_any_revision_can_be_asked_for(committed: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    committed.write("config/scales/small.yaml", SCALE.replace("1", "2"))
    git("commit", "-q", "-a", "-m", "Stronger")
    assert counts(difference(capsys)) == {"added": 0, "dropped": 0, "kept": 9}
    assert counts(difference(capsys, "--against", "HEAD~1")) == {"added": 9, "dropped": 9, "kept": 0}


def test_people_read_a_line_a_job_and_the_counts(
    committed: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    committed.write("config/tables.yaml", TABLES.replace("leaf.kind: black", "leaf.grams: 4"))
    assert main(["diff"]) == 0
    *jobs, last = capsys.readouterr().out.splitlines()
    assert last == "3 added, 3 dropped, 6 kept"
    assert [line.split()[0] for line in jobs] == ["added"] * 3 + ["dropped"] * 3
    assert jobs[0].endswith("(cups; pending)")


def test_the_working_tree_is_left_alone(committed: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    committed.write("config/tables.yaml", TABLES.replace("leaf.kind: black", "leaf.grams: 4"))
    before = {path: path.read_bytes() for path in Path().rglob("config/**/*") if path.is_file()}
    difference(capsys)
    assert {path: path.read_bytes() for path in Path().rglob("config/**/*") if path.is_file()} == before


def test_a_project_that_git_does_not_have_yet_is_all_new(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "Nothing")
    assert counts(difference(capsys)) == {"added": 9, "dropped": 0, "kept": 0}


def test_a_project_in_a_folder_of_its_repository_is_found(
    committed: Paper, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git("mv", "-k", "config", "config")
    Path("tea").mkdir()
    git("mv", "config", "tea/config")
    git("commit", "-q", "-m", "Below")
    monkeypatch.chdir("tea")
    assert counts(difference(capsys)) == {"added": 0, "dropped": 0, "kept": 9}


def test_errors_of_a_commit_name_it(committed: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    committed.write("config/tables.yaml", TABLES.replace("title", "titel"))
    git("commit", "-q", "-a", "-m", "Wrong")
    committed.write("config/tables.yaml", TABLES)
    assert main(["diff"]) == 2
    assert "error: at HEAD: config/tables.yaml:3: tables.cups.titel: unknown key" in capsys.readouterr().err


def test_an_unknown_revision_is_gits_word(committed: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "--against", "yesteryear"]) == 2
    assert "yesteryear" in capsys.readouterr().err


def test_no_repository_is_an_error(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff"]) == 2
    assert "not a git repository" in capsys.readouterr().err
