"""Which commit a result is made by: that of the project that runs the job."""

import subprocess
from pathlib import Path

import pytest

from jobkit.provenance import commit


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit_all(folder: Path) -> None:
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Begin", "--allow-empty")


def test_the_commit_is_that_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.txt").write_text("a\n")
    monkeypatch.chdir(tmp_path)
    assert commit() == {"commit": None, "dirty": None, "changed": None}
    commit_all(tmp_path)
    assert commit() == {"commit": git(tmp_path, "rev-parse", "HEAD"), "dirty": False, "changed": []}


def test_the_tracked_files_that_changed_since_the_commit_are_listed(tmp_path: Path) -> None:
    (tmp_path / "paper").mkdir()
    for name in ("notes.txt", "a b.py", "paper/old.py"):
        (tmp_path / name).write_text("a\n")
    commit_all(tmp_path)
    (tmp_path / "a b.py").write_text("b\n")
    git(tmp_path, "mv", "paper/old.py", "paper/new.py")
    (tmp_path / "untracked.py").write_text("a\n")
    assert commit(tmp_path)["changed"] == ["a b.py", "paper/new.py", "paper/old.py"]
    state = commit(tmp_path / "paper")
    assert (state["dirty"], state["changed"]) == (True, ["../a b.py", "new.py", "old.py"])


def test_more_changed_files_than_anybody_reads_are_not_listed(tmp_path: Path) -> None:
    commit_all(tmp_path)
    for number in range(101):
        (tmp_path / f"{number}.py").write_text("a\n")
    git(tmp_path, "add", ".")
    state = commit(tmp_path)
    assert (state["dirty"], state["changed"]) == (True, None)
