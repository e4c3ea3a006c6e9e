import shutil
from pathlib import Path

import pytest

from tests.workflow.snake import Workspace, new_tea


@pytest.fixture(scope="session")
def tea(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a paper about tea of which everything ran once."""
    workspace = new_tea(tmp_path_factory.mktemp("tea"))
    workspace.snakemake("--cores", "2")
    return workspace.folder


@pytest.fixture
def workspace(tea: Path, tmp_path: Path) -> Workspace:
    return copy_of(tea, tmp_path)


def copy_of(finished: Path, folder: Path) -> Workspace:
    """Copy a folder with the times of its files."""
    shutil.copytree(finished, folder, symlinks=True, dirs_exist_ok=True)
    return Workspace(folder, parts=())
