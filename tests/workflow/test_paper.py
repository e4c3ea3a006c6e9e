"""The paper about tea, with figures, numbers and a PDF: Snakemake, its jobs and TeX really run."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.workflow.conftest import copy_of
from tests.workflow.snake import Workspace, new_tea

pytestmark = pytest.mark.slow

MAIN = r"""
\documentclass{article}
\usepackage{amssymb,booktabs,graphicx}
\input{numbers}
\begin{document}
Plain tea tastes \plainTaste{} at scale \resultScale.
\input{tables/cups}
\includegraphics{figures/drying}
\end{document}
"""
PAPER = """
numbers: {plainTaste: {table: cups, row: plain, column: white cup}}
figures:
  drying:
    kind: rows
    title: Drying
    table: cups
    stage: dry
    column: white cup
    x: {column: day, label: day}
    panels: [{column: water, label: water (g)}]
"""
needs_tex = pytest.mark.skipif(shutil.which("latexmk") is None, reason="needs TeX")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder where every job ran once."""
    workspace = new_tea(tmp_path_factory.mktemp("tea"))
    for name, text in (
        ("config/config.yaml", "scale: small\npaper: config/paper.yaml\n"),
        ("config/paper.yaml", PAPER),
        ("paper/main.tex", MAIN),
    ):
        (workspace.folder / name).parent.mkdir(exist_ok=True)
        (workspace.folder / name).write_text(text.lstrip())
    more = "".join(f'\ninclude: RULES / "{name}.smk"' for name in ("figures", "paper"))
    workspace.edit(
        "Snakefile",
        ('"audit.smk"', '"audit.smk"' + more),
        ("table_files(),", "table_files(), planner.figure_files(),"),
    )
    workspace.snakemake("--cores", "2")
    return workspace.folder


@pytest.fixture
def workspace(finished: Path, tmp_path: Path) -> Workspace:
    return copy_of(finished, tmp_path)


def words(pdf: Path) -> str:
    return subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout


@needs_tex
@pytest.mark.slow
def test_a_changed_result_changes_the_number_in_the_text_and_in_the_table(workspace: Workspace) -> None:
    workspace.snakemake("--cores", "1", "results/paper.pdf")
    pdf = workspace.folder / "results/paper.pdf"
    plain = workspace.rows("cups")["plain"][0]
    assert f"Plain tea tastes {plain} at scale small." in words(pdf)
    assert "Nothing to be done" in workspace.snakemake("--cores", "1", "results/paper.pdf")
    workspace.edit("config/scales/small.yaml", ("leaf.grams: 1", "leaf.grams: 3"))
    workspace.snakemake("--cores", "1", "results/paper.pdf")
    other = workspace.rows("cups")["plain"][0]
    assert other != plain
    assert f"Plain tea tastes {other} at scale small." in words(pdf)
    assert len(re.findall(other, words(pdf))) == 2


@needs_tex
@pytest.mark.slow
def test_what_tex_finds_wrong_is_reported_and_no_pdf_is_left(workspace: Workspace) -> None:
    workspace.edit("paper/main.tex", (r"\plainTaste", r"\plainTatse"))
    output = workspace.snakemake("--cores", "1", "results/paper.pdf", fails=True)
    assert "; ./main.tex:5: Undefined control sequence." in output
    assert not (workspace.folder / "results/paper.pdf").exists()


def test_without_tex_the_run_says_what_to_install(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = workspace.folder / "bin"
    bare.mkdir()
    for folder in map(Path, os.environ["PATH"].split(":")):
        for program in folder.iterdir() if folder.is_dir() else ():
            if program.name not in ("latexmk", "pdflatex") and not (bare / program.name).is_symlink():
                (bare / program.name).symlink_to(program)
    monkeypatch.setenv("PATH", str(bare))
    output = workspace.snakemake("--cores", "1", "results/paper.pdf", fails=True)
    assert (
        "results/paper.pdf failed: latexmk and pdflatex not found; install TeX Live: `apt-get install latexmk"
        in output
    )
    assert "Traceback" not in output


def test_the_figure_is_made_with_the_tables_and_again_when_its_words_change(workspace: Workspace) -> None:
    figures = workspace.folder / "results/figures"
    assert sorted(path.name for path in figures.iterdir()) == ["drying.pdf", "drying.png"]
    assert workspace.plan() == {}
    workspace.edit("config/paper.yaml", ("title: Drying", "title: Drying of leaves"))
    assert workspace.plan() == {"figure": 1, "all": 1}


def test_a_figure_of_a_table_that_is_not_there_fails_only_when_asked_for(workspace: Workspace) -> None:
    workspace.edit("config/paper.yaml", ("table: cups\n    stage", "table: cupps\n    stage"))
    assert "figure" not in workspace.plan()
    output = workspace.snakemake("--dry-run", "results/figures/drying.pdf", fails=True)
    assert "drying: its table cupps is not there; did you mean cups?" in output
    output = workspace.snakemake("--dry-run", "results/figures/dryign.pdf", fails=True)
    assert "dryign: no such figure; did you mean drying?" in output


def test_an_edit_of_its_cell_writes_the_number_in_the_text_again(workspace: Workspace) -> None:
    workspace.snakemake("--cores", "1", "paper/numbers.tex")
    assert workspace.plan("paper/numbers.tex") == {}
    workspace.edit("config/tables.yaml", ("- label: white cup", "- {label: white cup, factor: 100}"))
    assert workspace.plan("paper/numbers.tex") == {"numbers": 1}


def test_a_result_that_is_gone_is_gone_from_the_curves_and_from_the_text(workspace: Workspace) -> None:
    files = ("results/figures/drying.pdf", "paper/numbers.tex")
    workspace.snakemake("--cores", "1", *files)
    for stage in ("dry", "taste"):
        shutil.rmtree(workspace.folder / "results/jobs" / stage)
    planned = workspace.plan(*files)
    assert (planned["dry"], planned["taste"], planned["figure"], planned["numbers"]) == (2, 1, 1, 1)
    workspace.snakemake("--cores", "2", *files)
    assert workspace.plan(*files) == {}


@needs_tex
@pytest.mark.slow
def test_the_paper_at_another_scale_leaves_the_parts_beside_its_source(workspace: Workspace) -> None:
    (workspace.folder / "config/scales/large.yaml").write_text("leaf.grams: 7\n")
    workspace.snakemake("--cores", "2", "results/paper.pdf")
    parts = {path: path.read_bytes() for path in (workspace.folder / "paper").rglob("*.*")}
    pdf = workspace.folder / "results/large/paper.pdf"
    workspace.snakemake("--cores", "2", "results/large/paper.pdf", "--config", "scale=large")
    assert "at scale large." in words(pdf)
    assert workspace.rows("large/cups")["plain"][0] in words(pdf)
    assert {path: path.read_bytes() for path in (workspace.folder / "paper").rglob("*.*")} == parts
    assert workspace.plan("results/large/paper.pdf", "--config", "scale=large") == {}


def test_stale_curves_and_numbers_are_refused_where_stale_results_are(workspace: Workspace) -> None:
    workspace.edit("config/stages.yaml", ("dry: {", "dry: {source: jobkit.errors, "))
    for file in ("results/figures/drying.pdf", "paper/numbers.tex"):
        output = workspace.snakemake("--dry-run", file, "--config", "on_stale=fail", fails=True)
        assert "stale, made by other code" in output
    assert workspace.plan("results/figures/drying.pdf")["figure"] == 1
