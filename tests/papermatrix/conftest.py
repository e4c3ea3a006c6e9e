from pathlib import Path

import pytest

from tests.papermatrix.tea import Paper


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paper:
    """Return a paper about tea in the current folder."""
    monkeypatch.chdir(tmp_path)
    return Paper(tmp_path)
