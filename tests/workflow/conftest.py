from pathlib import Path

import pytest

from tests.papermatrix.tea import Paper
from tests.workflow.snake import PROJECT, Workspace

TEA = Path(__file__).parent / "tea"
RULES = ("workflow/rules/common.smk", "workflow/rules/tables.smk")


@pytest.fixture(scope="session")
def tea(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A paper about tea of which everything ran once."""
    folder = tmp_path_factory.mktemp("tea")
    (folder / "workflow/rules").mkdir(parents=True)
    Workspace(folder, TEA, parts=("Snakefile", "tea_job.py", "tea"))
    Workspace(folder, PROJECT, parts=("profiles", "workflow/profiles", *RULES, "envs"))
    Paper(folder)
    Workspace(folder, parts=()).snakemake("--cores", "2")
    return folder
