"""Which source counts for a result: that of the project that runs the job, as far as it computes."""

import sys
from pathlib import Path

import pytest

from jobkit.digest import digest
from jobkit.errors import UserError
from jobkit.source import changed_names, code_digest, file_of, parse_source, source_digests, why_no_source


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def source_digest(name: str, project: Path) -> str:
    return digest(source_digests(parse_source([name]), project))


def package(
    root: Path, train: str = "def f():\n    from science.scan import g\n", scan: str = "g = 1\n"
) -> Path:
    write(root, "science/__init__.py", "")
    write(root, "science/train.py", train)
    write(root, "science/scan.py", scan)
    write(root, "science/evaluate.py", "import science.train\n")
    return root


def test_a_change_in_an_imported_module_changes_the_digest(tmp_path: Path) -> None:
    before = source_digest("science.train", package(tmp_path / "a"))
    assert source_digest("science.train", package(tmp_path / "b")) == before
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


CODE = """
import os
from math import pi as number

LIMIT: int = 3


class Thing(dict):
    value = None

    def method(self, x, *, y=1.5, **others):
        if x and not y:
            return f"{x!r:>{y}} and {others=}"
        pass
        return [*x, -1, b"a", "text", 1j, ...], {**others, "a": lambda z: z[1:, ::2]}


async def wait(x):
    async with x as (y, z):
        return await y
"""


def test_comments_docstrings_and_formatting_change_no_digest() -> None:
    other = CODE.replace("LIMIT: int = 3", "LIMIT:int=(3)  # at most\n'A text about it.'")
    other = other.replace("    value = None", '    """Hold values."""\n\n    value = None')
    other = other.replace("if x and not y:", "if (\n            x and (not y)\n        ):")
    other = other.replace('"text"', "'te' 'xt'").replace("        pass\n", '        """Nothing."""\n')
    assert other.count("\n") > CODE.count("\n")
    assert code_digest(other.encode()) == code_digest(CODE.encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("= 3", "= 4"),
        ("1.5", "1"),
        ("not y", "y"),
        ("!r", "!s"),
        (":>{y}", ""),
        ("async with", "with"),
        ("*x, -1", "x, -1"),
        ("None", "False"),
        ("as number", "as other"),
        ("z[1:, ::2]", "z[1:, :2:]"),
        ("**others, ", ""),
        ('b"a"', '"a"'),
    ],
)
def test_whatever_computes_changes_the_digest(old: str, new: str) -> None:
    assert old in CODE
    assert code_digest(CODE.replace(old, new, 1).encode()) != code_digest(CODE.encode())


def test_a_digest_is_the_same_under_every_python() -> None:
    # Of Python 3.11; Python 3.13 (compiled for node) makes the same.
    assert code_digest(CODE.encode()) == "a01a495caaeab74c"


def test_modules_that_declare_settings_do_not_count(tmp_path: Path) -> None:
    package(tmp_path)
    source = parse_source(["science.train"], besides=["science.scan"])
    assert set(source_digests(source, tmp_path)) == {"science", "science.train"}


def test_files_of_other_languages_count_by_their_bytes(tmp_path: Path) -> None:
    write(tmp_path, "scripts/fit.R", "x <- 1\n")
    write(tmp_path, "scripts/deep/plot.jl", "y = 1\n")
    before = source_digests(parse_source(["scripts/**/*"]), tmp_path)
    assert set(before) == {"scripts/fit.R", "scripts/deep/plot.jl"}
    again = tmp_path / "again"
    write(again, "scripts/fit.R", "x <- 2\n")
    write(again, "scripts/deep/plot.jl", "y = 1\n")
    assert changed_names(before, source_digests(parse_source(["scripts/**/*"]), again)) == ["scripts/fit.R"]


@pytest.mark.parametrize("name", ["scripts/fit.R", "../*.py", "/etc/*", "science./../train"])
def test_a_pattern_without_files_in_the_project_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, "outside.py", "")
    (tmp_path / "project").mkdir()
    assert why_no_source(name, tmp_path / "project") == f"no file {name!r} in this folder"


def test_a_module_is_named_by_its_file(tmp_path: Path) -> None:
    package(tmp_path / "src")
    assert file_of("science.scan", tmp_path) == "src/science/scan.py"
    assert file_of("science.gone", tmp_path) == "science.gone"
