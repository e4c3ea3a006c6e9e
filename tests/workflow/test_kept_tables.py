"""A table stays as it was while its rendering fails, and is rendered again by the next run."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.workflow.snake import Workspace

pytestmark = pytest.mark.slow
SUFFIXES = ("md", "tex", "html", "csv")
TEMPLATE = "config/templates/table.html.j2"


def contents(workspace: Workspace) -> list[bytes]:
    return [(workspace.folder / f"results/cups.{suffix}").read_bytes() for suffix in SUFFIXES]


def break_template(workspace: Workspace) -> Path:
    """Write a template of which one format fails."""
    template = workspace.folder / TEMPLATE
    template.parent.mkdir()
    template.write_text("{{ page.titel }}\n")
    return template


def test_every_format_stays_where_one_cannot_be_rendered(workspace: Workspace) -> None:
    before = contents(workspace)
    template = break_template(workspace)
    assert "table.html.j2:1: " in workspace.snakemake("--cores", "1", fails=True)
    assert contents(workspace) == before
    template.write_text("<h1>{{ page.title }}</h1>\n")
    workspace.snakemake("--cores", "1")
    assert (workspace.folder / "results/cups.html").read_text() == "<h1>Tea</h1>\n"


def test_a_metric_that_no_result_has_costs_no_table(workspace: Workspace) -> None:
    before = contents(workspace)
    workspace.edit("config/tables.yaml", ("metric: flavour", "metric: flavuor"))
    output = workspace.snakemake("--cores", "1", fails=True)
    assert "cups, white cup: no score called flavuor; did you mean flavour?" in output
    assert contents(workspace) == before


def test_a_table_that_stayed_is_rendered_of_the_new_results_once_it_can_be(workspace: Workspace) -> None:
    before, values = contents(workspace), workspace.rows("cups")
    workspace.edit("config/stages.yaml", ("uses: [steep]", "source: tea.steep, uses: [steep]"))
    workspace.edit("tea/steep.py", ("-minutes / 2", "-minutes / 3"))
    whole, result = unsteeped(workspace), unsteeped(workspace).with_suffix(".whole")
    whole.rename(result)
    shutil.copy2(result, whole)
    os.truncate(whole, 100)
    workspace.papermatrix("rerun", "--cores", "1", fails=True)
    assert contents(workspace) == before
    result.rename(whole)
    assert workspace.plan() == {"table": 1, "all": 1}
    workspace.snakemake("--cores", "1")
    assert workspace.rows("cups")["steeped"] != values["steeped"]
    assert workspace.plan() == {}


def unsteeped(workspace: Workspace) -> Path:
    """Return a result on which steeping has no effect."""
    explained = workspace.papermatrix("explain", "cups", "plain", "white cup", "--json")
    return workspace.folder / str(json.loads(explained)["jobs"][-1]["folder"]) / "result.json"
