"""What docs/architecture.md points at is there."""

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
ARCHITECTURE = (PROJECT / "docs/architecture.md").read_text()
WHERE_TO_ADD = re.findall(r"^\| .* \| `(src/\S+\.py)` \| `(\w+)` \|$", ARCHITECTURE, re.MULTILINE)
WAY = re.findall(r"^\d+\. `([\w.]+)`", ARCHITECTURE, re.MULTILINE)


def names_in(path: Path) -> set[str]:
    """Return the functions, classes, methods and constants that a module defines."""
    tree = ast.parse(path.read_text())
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


@pytest.mark.parametrize(("file", "name"), WHERE_TO_ADD)
def test_where_something_is_added_is_there(file: str, name: str) -> None:
    assert name in names_in(PROJECT / file)


def test_a_row_gets_to_its_cell_in_twelve_steps_that_are_there() -> None:
    assert 1 < len(WAY) <= 12
    for dotted in WAY:
        parts = dotted.split(".")
        paths = [(PROJECT / "src").joinpath(*parts[:end]).with_suffix(".py") for end in range(len(parts))]
        (path,) = [path for path in paths if path.exists()]
        assert set(parts[paths.index(path) :]) <= names_in(path), dotted


def test_papermatrix_has_at_most_nine_rooms() -> None:
    rooms = [path.parent for path in (PROJECT / "src/papermatrix").glob("*/__init__.py")]
    assert len(rooms) <= 9


def test_no_python_file_is_longer_than_400_lines() -> None:
    files = [
        path for folder in ("src", "tests", "benchmarks", "docs") for path in (PROJECT / folder).rglob("*.py")
    ]
    assert [str(path) for path in files if len(path.read_text().splitlines()) > 400] == []
