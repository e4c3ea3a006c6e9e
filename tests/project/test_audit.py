"""What `make audit` says of pip-audit's findings."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOUND = {"name": "a", "version": "1", "vulns": []}
VULNERABLE = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "envs/audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("packages", "code", "line"),
    [
        ([SOUND, SOUND], 0, "audit: 2 of 2 packages checked"),
        ([SOUND, VULNERABLE], 1, "b 2: PYSEC-1, fixed in 2.1"),
        ([SOUND, SKIPPED], 3, "not checked: c: Dependency not found on PyPI"),
        ([SKIPPED, SKIPPED], 3, "audit: the list could not be reached: none of 2 packages was checked"),
    ],
)
def test_what_was_not_checked_is_never_called_sound(
    audit: ModuleType, packages: list[dict[str, Any]], code: int, line: str
) -> None:
    lines, exit_code = audit.verdict(packages)
    assert exit_code == code
    assert line in lines
