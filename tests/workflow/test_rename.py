"""A row that is renamed by a command: its table is rendered again, and nothing else runs."""

import pytest

from tests.workflow.snake import Workspace


@pytest.mark.slow
def test_a_renamed_row_is_rendered_and_no_job_runs_or_is_stale(workspace: Workspace) -> None:
    before, row = workspace.runs(), workspace.rows("cups")["plain"]
    assert "and no job changes" in workspace.papermatrix("rename", "cups", "plain", "ordinary")
    assert workspace.plan() == {"table": 1, "all": 1}
    workspace.snakemake("--cores", "1")
    assert workspace.rows("cups")["ordinary"] == row
    assert workspace.runs() == before
    assert workspace.papermatrix("rerun") == "no stale jobs\n"
