from pathlib import Path

from jobkit.provenance import source_digest


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


def test_a_change_in_an_imported_module_changes_the_digest(tmp_path: Path) -> None:
    before = source_digest("science.train", package(tmp_path / "a"))
    assert source_digest("science.train", package(tmp_path / "b")) == before
    assert source_digest("science.train", package(tmp_path / "c", scan="g = 2\n")) != before


def test_a_change_in_a_module_that_is_not_imported_changes_nothing(tmp_path: Path) -> None:
    before = source_digest("science.scan", package(tmp_path / "a"))
    assert source_digest("science.scan", package(tmp_path / "b", train="x = 3\n")) == before
