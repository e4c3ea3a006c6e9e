"""Heads over several columns, groups of rows, units, footnotes, captions and labels, in every format."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from papermatrix.cli import main
from papermatrix.matrix.expand import Matrix
from tests.papermatrix.rendered import grids, rendered
from tests.papermatrix.tea import Paper, finish_all

GROUPED = r"""
tables:
  cups:
    title: Tea
    caption: "In cups & mugs."
    label: tab:tea-cups
    note: Tasted twice
    metric: flavour
    rows:
      - {label: plain, group: "leaves & more"}
      - {label: black, group: "leaves & more", with: {leaf.kind: black}, note: from 100_000 plants}
      - {label: steeped, with: {steep.enabled: true}}
    columns:
      - {label: grams, unit: g, show: leaf.grams, note: weighed}
      - {label: white, group: cups}
      - {label: blue, group: cups, with: {cup.colour: blue}}
      - {label: hours, unit: h, metric: dry.cost.device_hours, format: .1f, note: weighed}
"""
NOTES = r"""

(a) weighed

(b) the very same jobs as row plain

(c) from 100\_000 plants

Tasted twice
"""


def grouped(paper: Paper) -> Matrix:
    matrix = paper.tables(GROUPED)
    finish_all(matrix)
    return matrix


def test_markdown_names_a_group_before_its_columns(paper: Paper) -> None:
    (grid,) = grids(rendered(grouped(paper)))
    assert list(grid["plain"]) == ["grams (g) (a)", "cups: white", "cups: blue", "hours (h) (a)"]
    assert list(grid["plain"].values()) == ["1", "0.5000", "0.5000", "0.5"]


def test_markdown_names_a_group_of_rows_in_a_line_above_them(paper: Paper) -> None:
    (grid,) = grids(rendered(grouped(paper)))
    assert list(grid) == ["*leaves & more*", "plain", "black (c)", "steeped"]


def test_caption_notes_and_footnotes_stand_around_the_table(paper: Paper) -> None:
    text = rendered(grouped(paper))
    assert text.startswith("# Tea\n\nIn cups & mugs.\n\n- scale")
    assert NOTES in text


def test_latex_has_heads_over_columns_with_a_rule_under_each(paper: Paper) -> None:
    text = rendered(grouped(paper), "tex")
    assert "\n &  & \\multicolumn{2}{c}{cups} &  \\\\\n\\cmidrule(lr){3-4}\n" in text
    assert (
        "\n & grams (g)\\textsuperscript{a} & white & blue & hours (h)\\textsuperscript{a} \\\\\n\\midrule"
        in text
    )


def test_latex_has_groups_of_rows(paper: Paper) -> None:
    text = rendered(grouped(paper), "tex")
    assert "\\multicolumn{5}{@{}l}{\\emph{leaves \\& more}} \\\\\n\\quad plain & 1 &" in text
    assert "\n\\midrule\nsteeped & 1 &" in text


def test_latex_has_the_caption_and_the_label_that_the_table_states(paper: Paper) -> None:
    text = rendered(grouped(paper), "tex")
    assert "\\caption{Tea. In cups \\& mugs.}\n\\label{tab:tea-cups}" in text
    assert "\nTasted twice.\\par\n" in text


class Cells(HTMLParser):
    """Every cell of every row with its attributes."""

    def __init__(self, text: str):
        super().__init__()
        self.rows: list[list[tuple[str, dict[str, str | None], str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append((tag, dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            tag, attrs, text = self.rows[-1][-1]
            self.rows[-1][-1] = (tag, attrs, text + data.strip())


def test_html_says_what_each_head_is_the_head_of(paper: Paper) -> None:
    rows = Cells(rendered(grouped(paper), "html")).rows
    assert ("th", {"scope": "colgroup", "colspan": "2"}, "cups") in rows[0]
    assert ("th", {"scope": "col"}, "white") in rows[1]
    assert rows[2] == [("th", {"scope": "rowgroup", "colspan": "5"}, "leaves & more")]
    assert rows[3][0] == ("th", {"scope": "row"}, "plain")


def test_html_rows_are_all_as_wide_as_the_table(paper: Paper) -> None:
    rows = Cells(rendered(grouped(paper), "html")).rows
    widths = [sum(int(attrs.get("colspan") or 1) for _, attrs, _ in row) for row in rows]
    assert widths == [5, 4, 5, 5, 5, 5]  # the corner stands beside both lines of heads
    assert rows[0][0][1] == {"rowspan": "2"}


def test_a_label_that_latex_would_misread_is_refused(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    paper.write("config/tables.yaml", GROUPED.replace("tab:tea-cups", '"tab:{tea}"'))
    assert main(["validate"]) == 2
    message = "tables.cups.label: expected letters, digits and any of : . _ -"
    assert message in capsys.readouterr().err


WIDE = """
    compare: true
    tolerance: 0.01
    seeds: [100, 101, 102]
    variants: [{label: a, with: {cup.colour: red}}, {label: b, with: {cup.colour: blue}}]
    reported:
      plain: {white: [0.4, 0.5], blue: {values: 0.5, suspect: it was cold}}
      black: {white: [0.4, 0.5]}
"""


MANY = """
tables:
  cups:
    title: Tea
    metric: flavour
    rows: [{label: plain}]
    variants: [{label: a, with: {cup.colour: red}}, {label: b, with: {cup.colour: blue}}]
    columns:
"""


@pytest.mark.parametrize("count", [1, 6])
def test_latex_stacks_variants_and_long_heads_where_a_table_is_too_wide(paper: Paper, count: int) -> None:
    columns = "".join(f"      - {{label: rather long head {n}}}\n" for n in range(count))
    matrix = paper.tables(MANY + columns)
    flavour = {"red": 0.1, "blue": 0.2}
    finish_all(matrix, lambda cell: flavour[cell.job.settings["cup"]["colour"]] if cell.job else None)
    text = rendered(matrix, "tex")
    assert (r"\begin{tabular}[t]{@{}c@{}}0.1000 \\ 0.2000\end{tabular}" in text) == (count == 6)
    assert (r"\begin{tabular}[b]{@{}c@{}}rather long \\ head 0\end{tabular}" in text) == (count == 6)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
@pytest.mark.parametrize("is_partial", [False, True])
def test_no_table_is_too_wide_for_its_page(paper: Paper, is_partial: bool) -> None:
    paper.write("config/config.yaml", "scale: small\nreported: config/reported.yaml\n")
    paper.write("config/reported.yaml", "source: From the book of tea.\nscale: small\n")
    columns = "".join(
        f"      - {{label: cup number {i}, group: many, with: {{cup.colour: c{i}}}}}\n" for i in range(6)
    )
    matrix = paper.tables(GROUPED + columns + WIDE)
    if is_partial:
        for job in matrix.jobs.values():
            job.folder.mkdir(parents=True)
            (job.folder / "log.txt").write_text("burnt")
    else:
        finish_all(matrix)
    rendered(matrix, "tex", is_partial=is_partial)
    packages = r"\usepackage[T1]{fontenc}\usepackage{booktabs,graphicx,amssymb}"
    main_text = (
        rf"\documentclass{{article}}{packages}\begin{{document}}\input{{results/cups}}\end{{document}}"
    )
    Path("main.tex").write_text(main_text)
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main"], capture_output=True, check=False
    )
    assert run.returncode == 0, run.stdout.decode(errors="replace")
    assert (
        re.findall(r"^(?:Overfull|.*Warning: (?!Label|There were)).*", Path("main.log").read_text(), re.M)
        == []
    )


TRANSPOSED = """
tables:
  cups:
    title: Tea
    metric: flavour
    transpose: true
    rows:
      - {label: plain, group: quick, note: as it is}
      - {label: black, group: quick, with: {leaf.kind: black}}
      - {label: steeped, group: slow, with: {steep.enabled: true}}
    columns:
      - {label: white, group: china}
      - {label: blue, group: china, with: {cup.colour: blue}}
      - {label: leaves, show: leaf.kind}
"""


def test_rows_may_be_shown_as_columns(paper: Paper) -> None:
    matrix = paper.tables(TRANSPOSED)
    finish_all(matrix, lambda run: 0.1 * len(run.row))
    text = rendered(matrix)
    (grid,) = grids(text)
    assert list(grid) == ["*china*", "white", "blue", "leaves"]
    assert list(grid["blue"].values()) == ["0.5000", "0.5000", "0.7000"]
    assert list(grid["leaves"].values()) == ["green", "black", "green"]
    assert "quick: plain (a)" in grid["white"]
    assert "\n(a) as it is\n" in text
    for table_format in ("tex", "html"):
        assert "steeped" in rendered(matrix, table_format)


def test_a_transposed_table_cannot_have_parts_of_columns(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    paper.write(
        "config/tables.yaml", TRANSPOSED.replace("transpose: true", "transpose: true\n    compare: true")
    )
    assert main(["validate"]) != 0
    assert "tables.cups.transpose: goes with compare: compact" in capsys.readouterr().err
