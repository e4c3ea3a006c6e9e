"""What a rendered table says, read back from the files themselves."""

import re
import shutil
import statistics
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from jobkit.errors import UserError
from papermatrix.matrix.expand import Matrix
from papermatrix.render.escape import NOTHING
from papermatrix.render.table import render
from tests.papermatrix.rendered import grids, rendered, rows
from tests.papermatrix.tea import OF_OTHER_SOURCE, TABLES, CellRun, Paper, fail, finish, finish_all, runs

PROVENANCE = {
    "commit": "0123456789abcdef",
    "dirty": True,
    "data": "a garden",
    "data_digest": "fedcba9876543210",
}

VARIANTS = """
tables:
  cups:
    title: Tea
    metric: flavour
    rows:
      - {label: plain}
      - {label: steeped, with: {steep.enabled: true}}
    columns:
      - {label: white cup}
      - {label: Hours, metric: dry.cost.device_hours, format: .1f}
    variants:
      - {label: morning, with: {cup.colour: red}}
      - {label: evening, with: {cup.colour: blue}}
"""


def scored(paper: Paper, text: str = VARIANTS) -> Matrix:
    matrix = paper.tables(text)
    colours = {"red": 0.12345, "blue": 0.5, "white": 0.25}
    finish_all(matrix, lambda cell: colours[cell.job.settings["cup"]["colour"]] if cell.job else None)
    return matrix


def test_a_row_is_its_label_and_a_cell_for_each_column_with_four_decimals(paper: Paper) -> None:
    assert grids(rendered(scored(paper)))[0]["plain"]["white cup"] == "0.1235 / 0.5000"


def test_variants_that_are_one_job_are_shown_once(paper: Paper) -> None:
    assert grids(rendered(scored(paper)))[0]["plain"]["Hours"] == "0.5"


def test_the_lines_above_the_table_say_where_its_numbers_come_from(paper: Paper) -> None:
    matrix = paper.tables(VARIANTS)
    finish_all(matrix, provenance=PROVENANCE)
    text = rendered(matrix)
    assert text[: text.index("|")].split("\n") == [
        "# Tea",
        "",
        "- scale: small",
        "- data: a garden, digest fedcba987654",
        "- kind: green",
        "- seed: 100",
        "- commit: 0123456789ab with uncommitted changes",
        "- cost: resident memory and core-hours of a CPU",
        "- each cell: morning / evening",
        "",
        "",
    ]


def test_a_table_of_cited_numbers_says_that_none_is_ours(paper: Paper) -> None:
    matrix = paper.tables("""
tables:
  cited:
    title: Other teas
    rows: [{label: oolong, values: {flavour: 0.75}}]
    columns: [{label: flavour}]
""")
    text = rendered(matrix, table="cited")
    assert "- numbers: cited, none of ours\n\n|" in text
    assert grids(text)[0] == {"oolong": {"flavour": "0.7500"}}


@pytest.mark.parametrize("table_format", ["md", "tex", "html"])
def test_every_format_begins_with_the_scale(paper: Paper, table_format: str) -> None:
    text = rendered(scored(paper), table_format)
    assert "scale: small" in text[: text.index("plain")]


def test_more_than_one_commit_is_said(paper: Paper) -> None:
    matrix = scored(paper)
    job = next(iter(matrix.jobs.values()))
    finish(job, provenance={"commit": "abcdef"})
    assert "- commit: abcdef, unknown" in rendered(matrix)


def test_seeds_make_a_mean_with_its_spread(paper: Paper) -> None:
    values = {1: 0.5, 2: 0.7, 3: 0.75}
    matrix = paper.tables(TABLES.replace("metric: flavour", "metric: flavour\n    seeds: [1, 2, 3]"))
    finish_all(matrix, lambda cell: values[cell.seed or 0])
    mean, spread = statistics.mean(values.values()), statistics.stdev(values.values())
    text = rendered(matrix)
    assert grids(text)[0]["plain"]["white cup"] == f"{mean:.4f} ± {spread:.4f}"
    assert "- seeds: 1-3 (3)\n" in text
    assert "- each value: mean ± standard deviation over the seeds\n" in text


def test_a_diverged_run_is_what_its_cell_says(paper: Paper) -> None:
    matrix = scored(paper)
    for cell in runs(matrix):
        if cell.row == "plain" and cell.column == "white cup" and cell.job:
            finish(cell.job, status="diverged", epoch=4)
    assert grids(rendered(matrix))[0]["plain"]["white cup"] == "diverged (epoch 4) / diverged (epoch 4)"


def test_a_seed_that_diverged_is_counted(paper: Paper) -> None:
    matrix = paper.tables(TABLES.replace("metric: flavour", "metric: flavour\n    seeds: [1, 2]"))
    finish_all(matrix)
    first = runs(matrix)[0]
    assert first.job is not None
    finish(first.job, status="diverged", epoch=2)
    assert grids(rendered(matrix))[0]["plain"]["white cup"] == "diverged (epoch 2), 1 of 2 seeds"


def test_the_cost_of_a_diverged_run_is_still_its_cost(paper: Paper) -> None:
    matrix = scored(paper)
    for job in matrix.jobs.values():
        finish(job, status="diverged", epoch=1)
    assert grids(rendered(matrix))[0]["plain"]["Hours"] == "0.5"


def test_a_stage_that_does_not_take_place_leaves_a_dash(paper: Paper) -> None:
    text = VARIANTS.replace("dry.cost.device_hours", "steep.cost.device_hours")
    grid = grids(rendered(scored(paper, text)))[0]
    assert (grid["plain"]["Hours"], grid["steeped"]["Hours"]) == (NOTHING, "0.5")


def test_a_score_that_some_results_lack_is_a_dash_and_one_that_all_lack_is_an_error(paper: Paper) -> None:
    matrix = scored(paper)
    cells = [cell for cell in runs(matrix) if cell.column == "white cup" and cell.job]
    finish(cells[0].job, {})  # type: ignore[arg-type]
    assert grids(text := rendered(matrix))[0]["plain"]["white cup"] == f"{NOTHING} / 0.5000 (a)"
    assert "\n(a) no score called flavour\n" in text
    for cell in cells:
        finish(cell.job, {"flavours": 1})  # type: ignore[arg-type]
    with pytest.raises(UserError, match="cups, white cup: no score called flavour; did you mean flavours"):
        render(matrix, "cups", Path("results"))


SHOWN = """
tables:
  settings:
    title: Settings
    rows:
      - {label: plain}
      - {label: other, with: {leaf: {kind: black, notes: [smoky, sweet], filter: 1.50, dust: true}}}
      - {label: none, with: {leaf.notes: []}, values: {Price: 12, Note: as written}}
    columns:
      - {label: Black, show: leaf.kind, equals: black}
      - {label: Smoky, show: leaf.notes, equals: smoky}
      - {label: Notes, show: leaf.notes, names: {smoky: S}}
      - {label: Dust, show: leaf.dust}
      - {label: Filter, show: leaf.filter}
      - {label: Seed, show: seed}
      - {label: Price, show: leaf.grams, format: .2f}
      - {label: Note, show: leaf.kind}
"""


def test_a_column_can_show_settings_of_its_row(paper: Paper) -> None:
    grid = grids(rendered(paper.tables(SHOWN), table="settings"))[0]
    assert list(grid["plain"].values()) == [NOTHING, NOTHING, "sweet", NOTHING, NOTHING, "100", "1", "green"]
    assert list(grid["other"].values()) == ["✓", "✓", "sweet + S", "✓", "1.5", "100", "1", "black"]
    assert list(grid["none"].values()) == [
        NOTHING,
        NOTHING,
        NOTHING,
        NOTHING,
        NOTHING,
        "100",
        "12.00",
        "as written",
    ]


def test_a_factor_changes_the_unit(paper: Paper) -> None:
    text = VARIANTS.replace("format: .1f", "format: ',.0f', factor: 3600")
    assert grids(rendered(scored(paper, text)))[0]["plain"]["Hours"] == "1,800"


def with_reported(paper: Paper, cell: str, scale: str = "full") -> str:
    paper.write("config/config.yaml", "scale: small\nreported: config/reported.yaml\n")
    paper.write(
        "config/reported.yaml",
        f"source: From the book of tea.\nscale: {scale}\n"
        f"tables: {{cups: {{plain: {{white cup: {cell}}}}}}}\n",
    )
    return rendered(scored(paper))


def test_the_authors_numbers_are_a_second_table_that_is_not_to_be_compared(paper: Paper) -> None:
    text = with_reported(paper, "[0.5, null]")
    ours, reported = grids(text)
    assert ours["plain"]["white cup"] == "0.1235 / 0.5000"
    assert reported["plain"] == {"white cup": f"0.5000 / {NOTHING}", "Hours": NOTHING}
    assert reported["steeped"] == {"white cup": NOTHING, "Hours": NOTHING}
    between = text[text.index("## As reported") : text.rindex("white cup")]
    assert "From the book of tea. Ours are at scale small: they cannot be compared with these." in between


def test_a_table_of_which_the_authors_report_nothing_says_so_in_a_sentence(paper: Paper) -> None:
    for scale in ("full", "small"):
        text = with_reported(paper, "[null, null]", scale)
        assert len(grids(text)) == 1
        assert text.endswith("\nThe authors report no number of this table.\n")
    for table_format in ("html", "tex"):
        assert "report no number of this table." in rendered(paper.matrix(), table_format)
    assert "report no number" not in with_reported(paper, "{values: null, suspect: it was cold}")


def test_at_the_authors_scale_numbers_may_be_compared(paper: Paper) -> None:
    assert "cannot be compared" not in with_reported(paper, "0.5", scale="small")


def test_a_suspect_number_has_a_footnote(paper: Paper) -> None:
    text = with_reported(paper, "{values: [0.5, 0.6], suspect: it was cold}")
    assert grids(text)[1]["plain"]["white cup"] == "0.5000 / 0.6000 (a)"
    assert text.endswith("\n(a) it was cold\n")


def test_notes_from_elsewhere_are_footnotes_to_the_authors_numbers(paper: Paper) -> None:
    with_reported(paper, "{values: 0.5, suspect: it was cold}")
    notes = {("plain", "white cup"): ("the means disagree", "it was cold")}
    render(paper.matrix(), "cups", Path("results"), notes=notes)
    text = Path("results/cups.md").read_text()
    assert grids(text)[1]["plain"]["white cup"] == "0.5000 (a) (b)"
    assert text.endswith("\n(a) it was cold\n\n(b) the means disagree\n")


NASTY = r"a|b $x$ _y_ <b>&amp; {{ 1 }} {% raw %} \input{x} #%^~ `c` [d](e) é"


def nasty(paper: Paper) -> Matrix:
    quoted = NASTY.replace("'", "''")
    label = quoted.replace("{x}", "{{x}}")  # a label's braces hold settings, unless they are doubled
    matrix = paper.tables(f"""
tables:
  cups:
    title: '{label}'
    metric: flavour
    rows: [{{label: '{label}', values: {{other: '{quoted}'}}}}]
    columns: [{{label: '{label}'}}, {{label: other}}]
    variants: [{{label: '{label}'}}, {{label: b, with: {{cup.colour: red}}}}]
    reported: {{'{label}': {{'{label}': {{values: 1, suspect: '{quoted}'}}}}}}
""")
    finish_all(matrix, provenance={**PROVENANCE, "data": NASTY})
    return matrix


def test_a_nasty_label_is_one_cell_in_markdown(paper: Paper) -> None:
    lines = [line for line in rendered(nasty(paper)).splitlines() if line.startswith("|")]
    assert {line.count("|") - line.count("\\|") for line in lines} == {4}
    assert "\\<b>" in lines[0]
    assert not any(re.search(r"(?<!\\)<|{{|{%", line) for line in lines)


def test_a_nasty_label_is_text_in_html(paper: Paper) -> None:
    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.tags: set[str] = set()
            self.text = ""

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.tags.add(tag)

        def handle_data(self, data: str) -> None:
            self.text += data

    reader = Reader()
    reader.feed(rendered(nasty(paper), "html"))
    assert "b" not in reader.tags
    assert NASTY in reader.text


def test_a_nasty_label_is_escaped_in_latex(paper: Paper) -> None:
    text = rendered(nasty(paper), "tex")
    escaped = (
        r"a\textbar{}b \$x\$ \_y\_ \textless{}b\textgreater{}\&amp; \{\{ 1 \}\} \{\% raw \%\} "
        r"\textbackslash{}input\{x\} \#\%\textasciicircum{}\textasciitilde{} `c` {[}d](e) é"
    )
    assert rf"\caption{{{escaped}}}" in text
    assert "\\input" not in text


def test_a_line_break_in_a_label_is_a_space(paper: Paper) -> None:
    matrix = paper.tables(TABLES.replace("label: plain", 'label: "pl\\nain\\e[1m"'))
    finish_all(matrix)
    assert "pl ain \\[1m" in rendered(matrix)
    assert "\npl ain {[}1m &" in rendered(matrix, "tex")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_latex_compiles_without_a_warning_about_a_table(paper: Paper) -> None:
    render(nasty(paper), "cups", Path("results"))
    packages = r"\usepackage[T1]{fontenc}\usepackage{booktabs,graphicx,amssymb}"
    main = rf"\documentclass{{article}}{packages}\begin{{document}}"
    Path("main.tex").write_text(f"{main}\\input{{results/cups}}\\end{{document}}\n")
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main"], capture_output=True, check=False
    )
    assert run.returncode == 0, run.stdout.decode(errors="replace")


def test_csv_holds_one_value_a_line_with_its_jobs(paper: Paper) -> None:
    matrix = scored(paper)
    first = rows(rendered(matrix, "csv"))[0]
    cell = runs(matrix)[0]
    assert cell.job is not None
    assert first == {
        "table": "cups",
        "scale": "small",
        "row": "plain",
        "column": "white cup",
        "variant": "morning",
        "seed": "100",
        "metric": "flavour",
        "value": "0.12345",
        "status": "value",
        "jobs": " ".join(job.id for job in cell.job.chain()),
        "low": "",
        "high": "",
        "samples": "",
        "clusters": "",
        "reported": "",
        "reported_sd": "",
        "reported_n": "",
        "tolerance": "",
        "difference": "",
    }
    assert len(rows(rendered(matrix, "csv"))) == len(runs(matrix))


def test_a_table_without_all_its_results_is_refused_with_what_is_missing(paper: Paper) -> None:
    matrix = scored(paper)
    cell: CellRun = runs(matrix)[0]
    assert cell.job is not None
    (cell.job.folder / "result.json").unlink()
    fail(cell.job, "burnt")
    with pytest.raises(UserError) as caught:
        render(matrix, "cups", Path("results"))
    assert caught.value.lines == [
        "cups: 1 of its 5 results are missing (1 failed)",
        f'cups: taste {cell.job.id} failed, "burnt", see {cell.job.folder}/log.txt',
    ]
    assert not Path("results/cups.md").exists()


def test_a_partial_table_says_what_is_missing(paper: Paper) -> None:
    matrix = scored(paper)
    first, second = (cell.job for cell in runs(matrix)[:2])
    assert first is not None
    assert second is not None
    (first.folder / "result.json").unlink()
    fail(first, "burnt")
    (second.folder / "result.json").unlink()
    grid = grids(rendered(matrix, is_partial=True))[0]
    assert grid["plain"] == {"white cup": "failed / pending (a)", "Hours": "0.5"}


def test_a_broken_result_is_a_failure_that_a_partial_table_survives(paper: Paper) -> None:
    matrix = scored(paper)
    first = runs(matrix)[0].job
    assert first is not None
    (first.folder / "result.json").write_text("{")
    assert grids(rendered(matrix, is_partial=True))[0]["plain"]["white cup"] == "failed / 0.5000 (a)"
    with pytest.raises(UserError, match=r"failed, remove results/jobs/\S+/result.json, which is broken"):
        render(matrix, "cups", Path("results"))


def test_a_value_that_other_source_made_is_marked(paper: Paper) -> None:
    stages = Path("config/stages.yaml").read_text()
    paper.write("config/stages.yaml", stages.replace("dry: {uses", "dry: {source: jobkit.digest, uses"))
    matrix = scored(paper)
    finish(next(iter(matrix.jobs.values())), provenance=OF_OTHER_SOURCE)
    assert grids(rendered(matrix))[0]["plain"]["white cup"] == "0.1235 / 0.5000 (stale) (a)"
