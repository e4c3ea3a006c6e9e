"""Whose source a result is made by, and which commit: those of the project that runs the job."""

import subprocess
import sys
from pathlib import Path

import pytest

from jobkit.errors import UserError
from jobkit.provenance import commit, source_digest, why_no_source

CONSTANT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The SHA-256 of nothing."""


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def package(
    root: Path, train: str = "def f():\n    from science.scan import g\n", scan: str = "g = 1\n"
) -> Path:
    write(root, "science/__init__.py", "")
    write(root, "science/train.py", train)
    write(root, "science/scan.py", scan)
    write(root, "science/evaluate.py", "import science.train\n")
    return root


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_a_change_in_an_imported_module_changes_the_digest(tmp_path: Path) -> None:
    before = source_digest("science.train", package(tmp_path / "a"))
    assert source_digest("science.train", package(tmp_path / "b")) == before != CONSTANT
    assert source_digest("science.train", package(tmp_path / "c", scan="g = 2\n")) != before


def test_a_change_in_a_module_that_is_not_imported_changes_nothing(tmp_path: Path) -> None:
    before = source_digest("science.scan", package(tmp_path / "a"))
    assert source_digest("science.scan", package(tmp_path / "b", train="x = 3\n")) == before


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("science.train", "from .scan import g"),
        ("science.train", "from . import scan"),
        ("science.deep.train", "from ..scan import g"),
        ("science.deep", "from .. import scan"),
    ],
)
def test_relative_imports_are_followed(tmp_path: Path, module: str, statement: str) -> None:
    digests = set()
    for folder, scan in (("a", "g = 1\n"), ("b", "g = 2\n")):
        root = package(tmp_path / folder, scan=scan)
        write(root, "science/deep/__init__.py", statement if module == "science.deep" else "")
        write(root, "science/train.py", statement)
        write(root, "science/deep/train.py", statement)
        digests.add(source_digest(module, root))
    assert len(digests) == 2


def test_a_package_in_the_folder_src_is_found(tmp_path: Path) -> None:
    package(tmp_path / "src")
    assert source_digest("science.train", tmp_path) == source_digest("science.train", tmp_path / "src")


def test_another_package_of_the_project_counts(tmp_path: Path) -> None:
    digests = set()
    for folder, tool in (("a", "x = 1\n"), ("b", "x = 2\n")):
        root = tmp_path / folder
        package(root / "src", train="import tools_of_ours\n")
        write(root, "tools_of_ours.py", tool)
        digests.add(source_digest("science.train", root))
    assert len(digests) == 2


def test_installed_packages_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = set()
    for folder, library in (("a", "x = 1\n"), ("b", "x = 2\n")):
        installed = package(tmp_path / folder / "lib/site-packages", train="import some_library\n")
        write(installed, "some_library/__init__.py", library)
        with monkeypatch.context() as context:
            context.syspath_prepend(installed)
            digests.add(source_digest("science.train", tmp_path / folder))
    assert len(digests) == 1


def test_packages_of_another_checkout_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = set()
    for version, library in (("a", "x = 1\n"), ("b", "x = 2\n")):
        write(tmp_path / "checkout" / version, "src/some_harness/__init__.py", library)
        with monkeypatch.context() as context:
            context.syspath_prepend(tmp_path / "checkout" / version / "src")
            project = package(tmp_path / "project" / version, train="import some_harness\n")
            digests.add(source_digest("science.train", project))
    assert len(digests) == 1


def test_an_installed_package_has_a_digest_of_its_own_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = set()
    for folder, scan in (("a", "g = 1\n"), ("b", "g = 2\n")):
        with monkeypatch.context() as context:
            context.syspath_prepend(package(tmp_path / folder / "site-packages", scan=scan))
            digests.add(source_digest("science.train", tmp_path / folder))
    assert len(digests) == 2


def test_nothing_is_imported_to_find_source(tmp_path: Path) -> None:
    package(tmp_path, train="raise RuntimeError\n")
    write(tmp_path, "science/__init__.py", "raise RuntimeError\n")
    source_digest("science.train", tmp_path)
    assert "science" not in sys.modules


def test_a_file_that_is_not_python_has_a_digest(tmp_path: Path) -> None:
    before = source_digest("science.train", package(tmp_path / "a", train="def f(:\n"))
    assert source_digest("science.train", package(tmp_path / "b", train="def f(::\n")) != before


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "science.trian",
            "'science.trian', neither in this folder nor installed; did you mean science.train?",
        ),
        ("sciense.train", "'sciense.train', neither in this folder nor installed; did you mean science?"),
        (
            "science.train.f",
            "'science.train.f', neither in this folder nor installed; did you mean science.train?",
        ),
        ("", "'', neither in this folder nor installed"),
        ("../x", "'../x', neither in this folder nor installed"),
        (
            "science./../train",
            "'science./../train', neither in this folder nor installed; did you mean science.train?",
        ),
        (
            "science.a\0b",
            "'science.a\\x00b', neither in this folder nor installed; did you mean science.scan?",
        ),
        ("__main__", "'__main__', neither in this folder nor installed"),
    ],
)
def test_a_module_without_source_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    assert why_no_source(name, package(tmp_path)) == f"no source of a module {reason}"
    with pytest.raises(UserError, match="no source of a module"):
        source_digest(name, tmp_path)


def test_the_commit_is_that_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "notes.txt", "a\n")
    monkeypatch.chdir(tmp_path)
    assert commit() == {"commit": None, "dirty": None}
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "Begin")
    assert commit() == {"commit": git(tmp_path, "rev-parse", "HEAD"), "dirty": False}
    write(tmp_path, "notes.txt", "b\n")
    assert commit()["dirty"] is True
