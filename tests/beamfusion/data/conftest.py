from pathlib import Path

import pytest

from beamfusion.data.prepare import prepare
from beamfusion.data.prepared import Prepared, open_prepared
from beamfusion.settings import Frames
from tests.beamfusion.data.tree_writer import write_small_tree, write_whole_tree


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """Write two windows, to be damaged."""
    return write_small_tree(tmp_path / "tree")


@pytest.fixture(scope="session")
def whole_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write every subset and scenario, to be read only."""
    return write_whole_tree(tmp_path_factory.mktemp("whole") / "tree")


@pytest.fixture(scope="session")
def sizes() -> Frames:
    return Frames(image_size=8, lidar_grid=16, radar_size=16)


@pytest.fixture(scope="session")
def prepared(whole_tree: Path, sizes: Frames, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("prepared")
    prepare(whole_tree, folder, sizes)
    return open_prepared(folder)
