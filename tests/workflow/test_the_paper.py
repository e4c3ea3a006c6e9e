"""The project's own paper: its document, what its audit finds, and a PDF that holds every table."""

import re
import shutil
from pathlib import Path

import pytest

from jobkit.files import write_json
from jobkit.result import Cost, Result, write_result
from jobkit.yaml12 import read_yaml
from papermatrix.analysis.audit import findings
from papermatrix.analysis.facts import all_facts
from papermatrix.matrix.expand import Matrix, load_matrix
from papermatrix.render.curves import jobs_of_figure
from papermatrix.render.experiments import experiments
from tests.papermatrix.tea import runs
from tests.workflow.snake import PROJECT, Workspace

PARTS = ("Snakefile", "config", "workflow", "profiles")
PROVENANCE = {"data": "simulated (seed 0)", "data_digest": "0123456789abcdef", "commit": "fedcba9876543210"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a copy of the project without results, in the current folder."""
    workspace = Workspace(tmp_path, parts=PARTS)
    (tmp_path / "paper").mkdir()
    shutil.copy(PROJECT / "paper/main.tex", tmp_path / "paper/main.tex")
    monkeypatch.chdir(tmp_path)
    return workspace


def test_the_document_of_the_experiments_is_current(project: Workspace) -> None:
    # `papermatrix experiments --out docs/experiments.md` writes it.
    now = experiments(load_matrix(), lambda scale: load_matrix({"scale": scale}))
    assert (PROJECT / "docs/experiments.md").read_text() == now


def test_the_paper_holds_every_table_and_only_figures_that_are_made() -> None:
    source = (PROJECT / "paper/main.tex").read_text()
    tables = re.findall(r"\\input\{tables/(\w+)\}", source)
    assert sorted(tables) == sorted(read_yaml(PROJECT / "config/tables.yaml").content["tables"])
    figures = re.findall(r"\{figures/(\w+)\}|\\training\{(\w+)\}", source)
    assert {one or other for one, other in figures} <= set(
        read_yaml(PROJECT / "config/paper.yaml").content["figures"]
    )


def test_the_macros_of_the_text_are_the_named_cells_and_no_others() -> None:
    source = (PROJECT / "paper/main.tex").read_text()
    names = read_yaml(PROJECT / "config/paper.yaml").content["numbers"]
    assert [name for name in names if f"\\{name}{{}}" not in source] == []
    used = set(re.findall(r"\\([a-z]+[A-Z][A-Za-z]*)", source))
    assert used == {*names, "resultScale"}


@pytest.mark.slow
def test_the_audit_finds_the_papers_contradictions_and_no_others(project: Workspace) -> None:
    matrix = load_matrix()
    for fact in all_facts(matrix).values():
        fact.compute()
    by_cell = {(finding.table, finding.row, finding.column): finding for finding in findings(matrix)}
    assert set(by_cell) == {
        ("table1", "ours, I+G", "parameters"),
        ("table1", "baseline4", "parameters"),
        ("table1", "baseline4", "DBA"),
        ("table1", "ours, I+L+R+G", "DBA"),
        ("table4", "+ distance", "L,R->I"),
        ("cost", "bimamba", "hours"),
    }
    assert by_cell["table1", "ours, I+G", "parameters"].expected == 81_118_308
    assert by_cell["table1", "baseline4", "parameters"].expected == 57_137_856
    assert by_cell["table1", "baseline4", "parameters"].text.endswith("belongs to modalities I + L + R + G")
    assert by_cell["table1", "baseline4", "DBA"].expected == pytest.approx(0.8974, abs=5e-5)
    assert by_cell["table1", "ours, I+L+R+G", "DBA"].expected == pytest.approx(0.8988, abs=5e-5)
    assert by_cell["table1", "ours, I+L+R+G", "DBA"].text.endswith("scenario 34 repeats it")
    assert by_cell["table4", "+ distance", "L,R->I"].expected == 0.5968
    assert by_cell["cost", "bimamba", "hours"].expected == pytest.approx(11.67, abs=0.005)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("latexmk") is None, reason="needs TeX")
def test_the_pdf_holds_every_table_and_nothing_sticks_out(project: Workspace) -> None:
    finish_jobs(load_matrix())
    for fact in all_facts(load_matrix()).values():
        write_json(fact.path, {"answer": {"parameters": {"total": 1}}})  # a footnote to every count
    project.snakemake("--cores", "2", "results/paper.pdf")
    assert (project.folder / "results/paper.pdf").read_bytes().startswith(b"%PDF")
    log = (project.folder / "results/tex/main.log").read_text(errors="replace")
    assert [line for line in log.splitlines() if re.match(r"Overfull|LaTeX Warning", line)] == []


def finish_jobs(matrix: Matrix) -> None:
    """Write a result for every job, with a number for every metric that a table names."""
    scores: dict[str, dict[str, object]] = {job: {} for job in matrix.jobs}
    for run in (run for table in matrix.cells for run in runs(matrix, table)):
        if run.job and run.metric and not run.metric.is_cost:
            inner = scores[run.job.id]
            for step in run.metric.path[:-1]:
                inner = inner.setdefault(step, {})  # type: ignore[assignment]
            last = inner.setdefault(run.metric.path[-1], {})
            assert isinstance(last, dict)
            last["overall"] = 0.5
    for job in matrix.jobs.values():
        job.folder.mkdir(parents=True)
        cost = Cost(seconds=60, device_hours=0.02, peak_memory=10**9, seconds_per_epoch=20)
        write_result(
            job.folder, Result(job.stage, job.id, scores=scores[job.id], cost=cost, provenance=PROVENANCE)
        )
    for name, figure in matrix.project.paper.figures.items():
        for job in jobs_of_figure(matrix, name).values():
            columns = [figure.x.column, *(panel.column for panel in figure.panels)]
            lines = [",".join(columns), *(",".join([str(step)] * len(columns)) for step in (1, 2))]
            (job.folder / figure.file).write_text("\n".join(lines) + "\n")
