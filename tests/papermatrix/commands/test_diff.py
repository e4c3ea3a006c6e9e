"""Which jobs an edit adds, drops and keeps, against what git has."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jobkit.files import write_json
from papermatrix.cli import main
from tests.papermatrix.tea import SCALE, TABLES, Paper, finish_all

EXAMPLE = Path(__file__).parents[3] / "examples/tea"


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
    assert all(job["rows"] == [["cups", "black"]] for kind in ("added", "dropped") for job in changes[kind])


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
    for arguments in (["HEAD~1"], ["--against", "HEAD~1"]):
        assert counts(difference(capsys, *arguments)) == {"added": 9, "dropped": 9, "kept": 0}


def test_people_read_a_line_a_row_with_its_jobs_and_the_counts(
    committed: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    finish_all(matrix := committed.matrix())
    for job in matrix.jobs.values():
        write_json(job.folder / "settings.json", {"settings": job.settings})
    committed.write("config/tables.yaml", TABLES.replace("leaf.kind: black", "leaf.grams: 4"))
    assert main(["diff"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "added    cups, black: 1 dry, 2 taste, about 3 min",
        "dropped  cups, black: 1 dry, 2 taste, 3 with a result",
        "3 added, about 3 min; 3 dropped; 6 kept",
    ]


def test_jobs_that_rows_share_are_counted_at_the_first_of_them(
    committed: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "- {label: long, with: {leaf.grams: 4, steep.enabled: true}}"
    rows = f"{{label: strong, with: {{leaf.grams: 4}}}}\n      {long}"
    committed.write("config/tables.yaml", TABLES.replace("label: plain", f"label: plain\n      - {rows}"))
    assert main(["diff"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "added    cups, strong: 1 dry, 2 taste, time unknown",
        "added    cups, long: 1 steep, 2 taste and 1 of rows above, time unknown",
        "6 added, time unknown; 0 dropped; 9 kept",
    ]


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
    assert main(["diff"]) == 0
    assert "git does not have it at HEAD; all jobs are new" in capsys.readouterr().err


def test_a_project_in_a_folder_of_its_repository_is_found(
    committed: Paper, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git("mv", "-k", "config", "config")
    Path("tea").mkdir()
    git("mv", "config", "tea/config")
    git("commit", "-q", "-m", "Below")
    monkeypatch.chdir("tea")
    assert counts(difference(capsys)) == {"added": 0, "dropped": 0, "kept": 9}


@pytest.mark.parametrize("inside", [".", "papers/tea"])
def test_a_project_with_its_own_science_is_compared_wherever_its_repository_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    shutil.copytree(EXAMPLE, tmp_path / inside, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "Tea")
    monkeypatch.chdir(inside)
    edited = Path("config/tables.yaml").read_text().replace("leaf.kind: black", "leaf.grams: 4")
    Path("config/tables.yaml").write_text(edited)
    assert counts(difference(capsys)) == {"added": 6, "dropped": 6, "kept": 12}


def test_files_that_lie_elsewhere_are_compared_too(
    paper: Paper, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("tea/config").mkdir(parents=True)
    Path("config/settings.schema.json").rename("settings")
    Path("config").rename("shared")
    files = {"tables": "../shared/tables.yaml", "stages": "stages", "scales": "config/scales"}
    stated = {**files, "settings": str(Path("settings").resolve()), "scale": "small"}
    Path("tea/config/config.yaml").write_text(json.dumps(stated))
    Path("tea/stages").symlink_to("../shared/stages.yaml")
    Path("tea/config/scales").symlink_to("../../shared/scales")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "Tea")
    paper.write("shared/tables.yaml", TABLES.replace("leaf.kind: black", "leaf.grams: 4"))
    paper.write("shared/stages.yaml", Path("shared/stages.yaml").read_text().replace("[cup]", "[cup, seed]"))
    paper.write("shared/scales/small.yaml", SCALE.replace("1", "2"))
    monkeypatch.chdir("tea")
    assert counts(difference(capsys)) == {"added": 9, "dropped": 9, "kept": 0}
    git("commit", "-q", "-a", "-m", "Stronger")
    assert counts(difference(capsys)) == {"added": 0, "dropped": 0, "kept": 9}


def test_what_git_does_not_track_is_taken_as_it_is_and_named(
    committed: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    git("rm", "-q", "--cached", "config/settings.schema.json", "config/config.yaml")
    git("commit", "-q", "-m", "Leave out what is made")
    committed.write("config/tables.yaml", TABLES.replace("leaf.kind: black", "leaf.grams: 4"))
    assert main(["diff"]) == 0
    printed = capsys.readouterr()
    assert printed.out.endswith("3 added, time unknown; 3 dropped; 6 kept\n")
    assert printed.err.splitlines() == [
        "warning: config/config.yaml: git does not have it; taken as it is now",
        "warning: config/settings.schema.json: git does not have it; taken as it is now",
    ]


def test_a_submodule_is_compared_as_its_commit_was(
    paper: Paper, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("config").rename("kept")
    monkeypatch.chdir("kept")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "Tea")
    monkeypatch.chdir("..")
    git("init", "-q")
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "./kept", "config")
    git("commit", "-q", "-m", "Tea below")
    monkeypatch.chdir("config")
    paper.write("config/scales/small.yaml", SCALE.replace("1", "2"))
    git("commit", "-q", "-a", "-m", "Stronger")
    monkeypatch.chdir("..")
    assert counts(difference(capsys)) == {"added": 9, "dropped": 9, "kept": 0}
    git("commit", "-q", "-a", "-m", "Stronger")
    assert counts(difference(capsys)) == {"added": 0, "dropped": 0, "kept": 9}


def test_before_the_first_commit_there_is_nothing_to_compare_with(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    git("init", "-q")
    assert main(["diff"]) == 2
    expected = "error: git: nothing is committed yet; expected a commit to compare with\n"
    assert capsys.readouterr().err == expected


def test_a_stage_whose_module_is_gone_is_dropped(
    committed: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = Path("config/stages.yaml").read_text()
    committed.write("wither.py", "")
    committed.write("config/stages.yaml", stages.replace("[cup]}", "[cup], source: wither}"))
    finish_all(committed.matrix())
    git("add", ".")
    git("commit", "-q", "-m", "Wither")
    Path("wither.py").unlink()
    committed.write("config/stages.yaml", stages.replace("[cup]", "[cup, leaf]"))
    changes = difference(capsys)
    assert counts(changes) == {"added": 6, "dropped": 6, "kept": 3}
    assert {job["state"] for job in changes["dropped"]} == {"done"}


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
