"""What people write, changed at random: it is read, or what is wrong is a line with its file."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from beamfusion.data.raw import CSV_FILES, read_tree
from jobkit.errors import UserError
from papermatrix.matrix.expand import load_matrix
from tests.beamfusion.data.tree_writer import TreeWriter
from tests.faults.conftest import Faults
from tests.faults.fuzz import damaged_text, fuzz
from tests.workflow.snake import PROJECT

pytestmark = pytest.mark.slow

FILES = ("config/config.yaml", "config/tables.yaml", "config/stages.yaml", "config/scales/demo.yaml",
         "config/reported.yaml", "config/paper.yaml")  # fmt: skip
OTHER_CHOICES = {
    "config/scales/paper.yaml": {"scale": "paper"},
    "config/simulation_study.yaml": {"tables": "config/simulation_study.yaml", "paper": None},
}
"""Read only where config.yaml's values are these."""


def read_or_refuse(read: Callable[[], object], faults: Faults, kind: str) -> None:
    with faults.survive(kind):
        lines = ["nothing"]
        try:
            read()
        except UserError as error:
            lines = error.lines
        except OSError as error:  # a path that the system refuses; the command line names it
            lines = [str(error.filename or "")]
        assert lines
        assert all(line.strip() and "\n" not in line for line in lines)


@pytest.mark.parametrize("name", [*FILES, *OTHER_CHOICES])
def test_a_yaml_file_is_read_or_its_errors_are_named(
    name: str, faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(PROJECT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    text = Path(name).read_text()

    def check(content: bytes) -> None:
        Path(name).write_bytes(content)
        read_or_refuse(lambda: load_matrix(OTHER_CHOICES.get(name)), faults, "YAML file fuzzed")

    fuzz(damaged_text(text), check)


def test_a_csv_is_read_or_its_errors_are_named(faults: Faults, tmp_path: Path) -> None:
    writer = TreeWriter(tmp_path)
    writer.add_pass("development", 32, 100, 7)
    writer.finish()
    path = tmp_path / CSV_FILES["development"]
    text = path.read_text()

    def check(content: bytes) -> None:
        path.write_bytes(content)

        def read() -> None:
            tree = read_tree(tmp_path)
            for problem in (*tree.unusable, *tree.problems):
                assert path.name in problem
                assert "\n" not in problem
            root = tmp_path.resolve()
            for sample in tree.samples:
                for file in (*sample.image, *sample.lidar, *sample.radar, sample.base, *sample.fixes):
                    assert (root / file).resolve().is_relative_to(root)

        read_or_refuse(read, faults, "CSV file fuzzed")

    fuzz(damaged_text(text), check)
