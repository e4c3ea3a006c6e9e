"""Figures from what jobs recorded: which jobs, which lines, and the same bytes for the same curves."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from jobkit.errors import UserError
from jobkit.source import parse_source, source_digests
from papermatrix.cli import main
from papermatrix.matrix.expand import Matrix, load_matrix
from papermatrix.render import drawing, figures, fingerprint
from papermatrix.render.curves import jobs_of_figure
from papermatrix.render.figures import draw
from papermatrix.results.store import Store
from tests.papermatrix.tea import OF_OTHER_SOURCE, STAGES, Paper, finish, finish_all

PAPER = """
figures:
  loss:
    kind: rows
    title: Drying
    table: cups
    stage: dry
    column: white cup
    file: steps.csv
    smooth: 3
    x: {column: step, label: step}
    panels:
      - {column: water, label: water (g)}
      - {column: smoke, label: smoke (g)}
      - {column: dust, label: dust}
  jobs:
    kind: jobs
    title: Each drying
    table: cups
    stage: dry
    x: {column: day, label: day}
    panels: [{column: water, label: water (g)}]
"""


@pytest.fixture
def dried(paper: Paper) -> Matrix:
    """Return a finished paper; black leaves record no smoke."""
    paper.write("config/config.yaml", "scale: small\npaper: config/paper.yaml\n")
    paper.write("config/paper.yaml", PAPER)
    matrix = paper.matrix()
    finish_all(matrix)
    for job in jobs_of_figure(matrix, "loss").values():
        is_black = "black" in job.id
        heads = "step,water" if is_black else "step,water,smoke"
        lines = [f"{n},{9 - n}" if is_black else f"{n},{8 - n},{n}" for n in range(1, 6)]
        paper.write(str(job.folder / "steps.csv"), "\n".join([heads, *lines]) + "\n")
        paper.write(str(job.folder / "history.csv"), "day,water\n1,5\n2,nan\n3,4\n")
    return matrix


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Figure]]:
    """Yield the figures that are drawn, kept open and written small."""
    kept: list[Figure] = []
    close = plt.close
    monkeypatch.setattr(figures, "SUFFIXES", (".png",))
    monkeypatch.setattr(figures, "DPI", 20)
    monkeypatch.setattr(plt, "close", lambda figure: kept.append(figure))
    yield kept
    close("all")


def lines(figure: Figure, panel: int) -> list[list[float]]:
    return [list(np.round(np.asarray(line.get_ydata(), float), 6)) for line in figure.axes[panel].lines]


def test_a_line_stands_for_each_row_smooth_over_raw(dried: Matrix, drawn: list[Figure]) -> None:
    draw(dried, "loss", Path())
    green = [7, 6, 5, 4, 3], [6.5, 6, 5, 4, 3.5]
    black = [8, 7, 6, 5, 4], [7.5, 7, 6, 5, 4.5]
    assert lines(drawn[0], 0) == [*green, *black, *green]


def test_a_row_without_a_term_has_no_line_and_a_panel_without_lines_says_so(
    dried: Matrix, drawn: list[Figure]
) -> None:
    draw(dried, "loss", Path())
    assert len(lines(drawn[0], 1)) == 4
    assert lines(drawn[0], 2) == []
    assert [text.get_text() for text in drawn[0].axes[2].texts] == ["nothing recorded"]


def test_rows_differ_in_more_than_colour(dried: Matrix, drawn: list[Figure]) -> None:
    draw(dried, "loss", Path())
    legend = drawn[0].legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["plain", "black", "steeped"]
    handles = legend.get_lines()
    assert len({handle.get_linewidth() for handle in handles}) == 3
    assert len({str(line._unscaled_dash_pattern) for line in handles}) == 3
    greys = [np.dot(to_rgb(handle.get_color()), [0.3, 0.59, 0.11]) for handle in handles]
    assert min(np.diff(sorted(greys))) > 0.05


def test_a_diverged_run_ends_with_a_mark(dried: Matrix, drawn: list[Figure]) -> None:
    finish_all(dried, status="diverged", epoch=3)
    draw(dried, "loss", Path())
    assert [text.get_text() for text in drawn[0].axes[0].texts] == ["diverged (epoch 3)"] * 3
    assert sum(line.get_marker() == "x" for line in drawn[0].axes[0].lines) == 3


def test_a_stale_run_says_so_where_its_line_is_named(dried: Matrix, drawn: list[Figure]) -> None:
    stages = STAGES.replace("dry: {", "dry: {source: jobkit.digest, ")
    Path("config/stages.yaml").write_text(stages)
    stale = next(job for job in jobs_of_figure(dried, "loss").values() if "black" in job.id)
    finish(stale, provenance=OF_OTHER_SOURCE)
    matrix = load_matrix()
    draw(matrix, "loss", Path())
    names = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert names == ["plain", "black (stale)", "steeped"]
    fingerprint_when_stale = fingerprint.of_figure(matrix, "loss", Store(matrix))
    draw(matrix, "jobs", Path())
    titles = [part.get_suptitle() for part in drawn[1].subfigs]
    assert titles == ["plain & steeped", "black (stale)"]
    finish(stale, provenance={"source": [source_digests(parse_source(["jobkit.digest"]))]})
    assert fingerprint.of_figure(matrix, "loss", Store(matrix)) != fingerprint_when_stale


def test_jobs_are_called_by_the_rows_that_use_them(dried: Matrix, drawn: list[Figure]) -> None:
    draw(dried, "jobs", Path())
    titles = [part.get_suptitle() for part in drawn[0].subfigs]
    assert titles == ["plain & steeped", "black"]
    assert lines(drawn[0], 0) == [[5, 4]]


def test_the_same_curves_are_the_same_bytes(dried: Matrix) -> None:
    first = [path.read_bytes() for path in draw(dried, "loss", Path("one"))]
    assert [path.read_bytes() for path in draw(dried, "loss", Path("two"))] == first
    assert not any(b"CreationDate" in content for content in first)


def test_both_forms_are_written_and_can_be_read(dried: Matrix) -> None:
    assert main(["figure", "loss", "jobs"]) == 0
    with Image.open("results/figures/loss.png") as picture:
        assert picture.width == pytest.approx(drawing.WIDTH * figures.DPI, abs=1)
    assert Path("results/figures/jobs.pdf").read_bytes().startswith(b"%PDF")


def test_missing_results_are_named_and_a_partial_figure_shows_what_there_is(
    dried: Matrix, drawn: list[Figure]
) -> None:
    job = next(iter(jobs_of_figure(dried, "loss").values()))
    (job.folder / "result.json").unlink()
    with pytest.raises(UserError, match=f"loss: dry {job.id} is "):
        draw(dried, "loss", Path())
    draw(dried, "loss", Path(), is_partial=True)
    assert len(lines(drawn[0], 0)) == 6


def test_a_figure_of_jobs_that_recorded_nothing_is_refused_unless_partial(
    dried: Matrix, drawn: list[Figure]
) -> None:
    for job in jobs_of_figure(dried, "jobs").values():
        (job.folder / "history.csv").unlink()
    with pytest.raises(UserError, match=r"^jobs: none of its 2 jobs has a history\.csv$"):
        draw(dried, "jobs", Path())
    draw(dried, "jobs", Path(), is_partial=True)
    assert [text.get_text() for text in drawn[0].texts if text.get_text() == "nothing recorded"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("day,water\n1,wet\n", ":2: not a CSV file of numbers"),
        ("day,water\n1,2\n1,2,3\n", ":3: not a CSV file of numbers (3 cells, expected 2 as in its head)"),
        ("day,water\n1\n", ":2: not a CSV file of numbers (1 cells, expected 2 as in its head)"),
        ("day,day,water\n1,2,3\n", ":1: not a CSV file of numbers (expected a head"),
        ("", ":1: not a CSV file of numbers (expected a head"),
        ("day,water\n1,\x002\n", ":"),
        ('day,"water\n1,2\n', ":"),
        ("dya,water\n1,2\n", ": no column day; did you mean dya?"),
    ],
)
def test_a_broken_file_is_reported_with_its_name(dried: Matrix, content: str, message: str) -> None:
    job = next(iter(jobs_of_figure(dried, "jobs").values()))
    (job.folder / "history.csv").write_text(content)
    with pytest.raises(UserError) as error:
        draw(dried, "jobs", Path())
    assert f"{job.folder}/history.csv{message}" in str(error.value)
    assert not Path("jobs.png").exists()


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize(
    "content",
    [
        "1,inf\n",
        "inf,1\n2,3\n",
        "nan,nan\n",
        "1,1e308\n2,-1e308\n",
        f"1,1{'0' * 400}\n2,3\n",
        "1e308,1\n",
        "",
        "-1,-1\n",
    ],
)
def test_numbers_that_no_axis_has_are_left_out(
    paper: Paper, drawn: list[Figure], content: str, scale: str
) -> None:
    paper.write("config/config.yaml", "scale: small\npaper: config/paper.yaml\n")
    axis = f"label: water, scale: {scale}"
    paper.write(
        "config/paper.yaml",
        PAPER.replace("label: water (g)", axis).replace("label: day", f"label: day, scale: {scale}"),
    )
    matrix = paper.matrix()
    finish_all(matrix)
    for job in jobs_of_figure(matrix, "jobs").values():
        paper.write(str(job.folder / "history.csv"), f"day,water\n{content}")
    draw(matrix, "jobs", Path())
    assert len(drawn) == 1


def test_a_dollar_sign_in_a_text_is_shown_as_it_is(dried: Matrix, drawn: list[Figure]) -> None:
    figure = dried.project.paper.figures["jobs"]
    text = "cost $\\frac$ of\ntea"
    priced = figure.model_copy(update={"title": text, "x": figure.x.model_copy(update={"label": text})})
    paper = dried.project.paper.model_copy(update={"figures": {"jobs": priced}})
    draw(replace(dried, project=replace(dried.project, paper=paper)), "jobs", Path())
    assert drawn[0].get_suptitle() == r"cost \$\frac\$ of tea"  # an escaped sign begins no formula


def test_an_unknown_figure_is_named_with_the_nearest(
    dried: Matrix, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["figure", "losss"]) == 2
    assert capsys.readouterr().err == "error: losss: no such figure; did you mean loss?\n"
