"""The authors' numbers against ours: side by side, and as a gate."""

import csv
from pathlib import Path

import pytest

from papermatrix.cli import main
from papermatrix.matrix.expand import Matrix
from papermatrix.render.table import render
from tests.papermatrix.rendered import grids, rendered, rows
from tests.papermatrix.tea import OF_OTHER_SOURCE, STAGES, Paper, finish, finish_all, runs

TEA = """
tables:
  cups:
    title: Tea
    metric: flavour
    format: .2f
    compare: true
    tolerance: 0.05
    rows:
      - label: plain
      - {label: steeped, with: {steep.enabled: true}}
    columns:
      - {label: white cup, note: chipped}
      - {label: blue cup, with: {cup.colour: blue}, tolerance: 0.2}
      - {label: green cup, with: {cup.colour: green}}
"""
REPORTED = """
source: From the book of tea.
scale: small
tables:
  cups:
    plain: {white cup: 0.52, blue cup: 0.40}
    steeped: {white cup: {values: 0.90, tolerance: 0.5}, blue cup: {values: 0.1, suspect: it was cold}}
"""


def reporting(paper: Paper, reported: str = REPORTED, tables: str = TEA, flavour: float = 0.5) -> Matrix:
    paper.write("config/config.yaml", "scale: small\nreported: config/reported.yaml\n")
    paper.write("config/reported.yaml", reported)
    matrix = paper.tables(tables)
    finish_all(matrix, lambda cell: flavour)
    return matrix


def heads(markdown: str) -> list[str]:
    line = next(line for line in markdown.splitlines() if line.startswith("|"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_reported_ours_and_difference_stand_side_by_side(paper: Paper) -> None:
    text = rendered(reporting(paper))
    assert heads(text)[1:] == [
        *("white cup (a): reported", "white cup (a): ours", "white cup (a): difference"),
        *("blue cup: reported", "blue cup: ours", "blue cup: difference"),
        "green cup",
    ]
    (grid,) = grids(text)
    assert list(grid["plain"].values()) == ["0.52", "0.50", "-0.02", "0.40", "0.50", "+0.10", "0.50"]
    assert "\nReported: From the book of tea.\n" in text


def test_compact_is_ours_with_the_reported_in_parentheses(paper: Paper) -> None:
    text = rendered(reporting(paper, tables=TEA.replace("compare: true", "compare: compact")))
    (grid,) = grids(text)
    assert list(grid["plain"].values()) == ["0.50 (.52)", "0.50 (.40)", "0.50"]
    assert grid["steeped"]["white cup (a)"] == "0.50 (.90)"
    assert "\nIn parentheses: as reported.\n" in text
    assert "0.50 (.52)" in rendered(
        reporting(paper, tables=TEA.replace("compare: true", "compare: compact")), "tex"
    )


def test_latex_gives_a_difference_a_minus_sign(paper: Paper) -> None:
    assert " & 0.52 & 0.50 & $-$0.02 & " in rendered(reporting(paper), "tex")


def test_a_difference_outside_the_tolerance_has_a_footnote(paper: Paper) -> None:
    text = rendered(reporting(paper, flavour=0.65))
    (grid,) = grids(text)
    assert grid["plain"]["white cup (a): difference"] == "+0.13 (b)"
    assert grid["plain"]["blue cup: difference"] == "+0.25 (c)"
    assert grid["steeped"]["white cup (a): difference"] == "-0.25"
    assert "\n(b) further from the reported than 0.05\n" in text


def test_what_is_suspect_says_so_beside_ours(paper: Paper) -> None:
    text = rendered(reporting(paper))
    mark = grids(text)[0]["steeped"]["blue cup: reported"].removeprefix("0.10 ")
    assert f"\n{mark} it was cold\n" in text


def test_notes_from_elsewhere_reach_the_numbers_beside_ours(paper: Paper) -> None:
    matrix = reporting(paper)
    render(matrix, "cups", Path("results"), notes={("plain", "blue cup"): ("the means disagree",)})
    text = Path("results/cups.md").read_text()
    mark = grids(text)[0]["plain"]["blue cup: reported"].removeprefix("0.40 ")
    assert f"\n{mark} the means disagree\n" in text


def test_numbers_of_another_scale_are_kept_apart(paper: Paper) -> None:
    text = rendered(reporting(paper, REPORTED.replace("small", "full")))
    ours, theirs = grids(text)
    assert list(ours["plain"].values()) == ["0.50", "0.50", "0.50"]
    assert theirs["plain"]["blue cup"] == "0.40"
    assert "difference" not in text


def test_csv_states_what_was_reported_and_the_difference(paper: Paper) -> None:
    first = rows(rendered(reporting(paper), "csv"))[0]
    assert (first["reported"], first["tolerance"]) == ("0.52", "0.05")
    assert float(first["difference"]) == pytest.approx(-0.02)
    other_scale = rendered(reporting(paper, REPORTED.replace("small", "full")), "csv")
    assert [line["difference"] for line in csv.DictReader(other_scale.splitlines())] == [""] * 6


def test_csv_is_in_the_unit_that_the_column_shows(paper: Paper) -> None:
    percent = TEA.replace("label: white cup,", "label: white cup, factor: 100,")
    first = rows(rendered(reporting(paper, REPORTED.replace("0.52", "52"), percent), "csv"))[0]
    assert [float(first[name]) for name in ("value", "reported", "difference")] == [50, 52, -2]


def test_csv_states_what_was_reported_of_each_variant_also_where_all_are_one_value(paper: Paper) -> None:
    variants = "    variants: [{label: a}, {label: b}]\n"
    lines = rows(rendered(reporting(paper, tables=TEA + variants), "csv"))
    assert [(line["variant"], line["reported"]) for line in lines[:2]] == [("a", "0.52"), ("b", "0.52")]
    assert lines[0]["difference"] == lines[1]["difference"] != ""


def test_a_reported_setting_is_shown_like_ours(paper: Paper) -> None:
    columns = "      - {label: grams, show: leaf.grams}\n      - {label: kind, show: leaf.kind}\n"
    tables = TEA.replace("    compare: true\n", "") + columns
    text = rendered(reporting(paper, REPORTED.replace("plain: {", "plain: {grams: 2, kind: black, "), tables))
    theirs = grids(text)[1]["plain"]
    assert (theirs["grams"], theirs["kind"]) == ("2", "black")


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    code = main(["check", "--reported", *arguments])
    output = capsys.readouterr()
    return code, (output.out + output.err).splitlines()


def test_numbers_within_tolerance_pass(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    reporting(paper)
    assert checked(capsys) == (
        0,
        ["cups: 3 compared, 0 out of tolerance, 1 skipped (1 suspect), 2 cells without a reported value"],
    )


def test_a_number_outside_its_tolerance_fails(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    reporting(paper, flavour=0.58)
    assert checked(capsys, "cups") == (
        1,
        [
            "cups, plain, white cup: ours 0.58, reported 0.52, difference +0.06, tolerance 0.05",
            "cups: 3 compared, 1 out of tolerance, 1 skipped (1 suspect), 2 cells without a reported value",
        ],
    )


def test_a_difference_of_just_the_tolerance_passes(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0.52 - 0.47 > 0.05  # in binary
    reporting(paper, flavour=0.47)
    assert checked(capsys)[0] == 0


def test_ours_is_compared_in_the_unit_that_the_column_shows(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    percent = TEA.replace("label: white cup,", "label: white cup, factor: 100,")
    reporting(paper, REPORTED.replace("0.52", "52").replace("0.90", "50"), percent)
    code, lines = checked(capsys)
    assert (code, lines[0]) == (
        1,
        "cups, plain, white cup: ours 50.00, reported 52.00, difference -2.00, tolerance 0.05",
    )


def test_scales_are_not_compared(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    reporting(paper, REPORTED.replace("small", "full"))
    assert checked(capsys) == (
        2,
        [
            "error: config/reported.yaml: the reported numbers are of scale full, ours of scale small:"
            " they cannot be compared; choose it with --config scale=full"
        ],
    )


def test_a_gate_without_tolerances_is_none(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    reporting(paper, tables=TEA.replace("    tolerance: 0.05\n", ""))
    assert checked(capsys) == (
        2,
        [
            "error: config/tables.yaml: tables.cups: 1 of its reported numbers have no tolerance;"
            " state one for the table, a column or a cell"
        ],
    )


def test_a_table_without_reported_numbers_cannot_be_asked_for(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(capsys, "cups") == (2, ["error: cups: no reported numbers"])


def test_what_the_audit_finds_wrong_is_skipped_and_counted(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    reporting(paper, flavour=0.9)
    config = "scale: small\nreported: config/reported.yaml\npaper: config/paper.yaml\n"
    paper.write("config/config.yaml", config)
    rule = "{table: cups, product: white cup, factors: [blue cup, blue cup], rows: [plain]}"
    paper.write("config/paper.yaml", f"audit: {{products: [{rule}]}}\n")
    skipped = "2 skipped (1 contradicts itself (audit), 1 suspect)"
    assert checked(capsys)[1] == [
        "cups, plain, blue cup: ours 0.90, reported 0.40, difference +0.50, tolerance 0.2",
        f"cups: 2 compared, 1 out of tolerance, {skipped}, 2 cells without a reported value",
    ]


def test_what_the_authors_left_empty_is_counted(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    reporting(paper, REPORTED.replace("0.52", "null"))
    assert checked(capsys) == (
        0,
        ["cups: 2 compared, 0 out of tolerance, 1 skipped (1 suspect), 3 cells without a reported value"],
    )


def test_a_number_that_is_not_made_yet_fails(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    matrix = reporting(paper)
    job = runs(matrix)[0].job
    assert job is not None
    (job.folder / "result.json").unlink()
    (job.folder / "settings.json").unlink(missing_ok=True)
    code, lines = checked(capsys)
    assert (code, lines[0]) == (1, "cups, plain, white cup: ours is pending, reported 0.52")
    assert lines[-1].startswith("cups: 2 compared, 0 out of tolerance, 1 not there, 1 skipped (1 suspect),")


def test_each_variant_is_compared_with_its_own(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    variants = "    variants: [{label: a, with: {cup.colour: red}}, {label: b, with: {cup.colour: blue}}]\n"
    tables = TEA.replace("- {label: blue cup, with: {cup.colour: blue}, tolerance: 0.2}", "").replace(
        "- {label: green cup, with: {cup.colour: green}}", ""
    )
    reported = "source: Book.\nscale: small\ntables: {cups: {plain: {white cup: [0.5, 0.9]}}}\n"
    reporting(paper, reported, tables + variants)
    assert checked(capsys)[1][0] == (
        "cups, plain, white cup, b: ours 0.50, reported 0.90, difference -0.40, tolerance 0.05"
    )


def test_reported_numbers_of_a_table_that_is_not_there_are_hinted_at(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    reporting(paper, REPORTED.replace("  cups:", "  cupps:"))
    hint = (
        "warning: config/reported.yaml:4: tables.cupps: no such table, its numbers are left out;"
        " did you mean cups?"
    )
    assert checked(capsys) == (0, [hint])
    assert main(["validate"]) == 0
    assert capsys.readouterr().err.splitlines() == [hint]


def test_a_negative_tolerance_is_refused(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    paper.write("config/tables.yaml", TEA.replace("tolerance: 0.05", "tolerance: -1"))
    assert main(["validate"]) == 2
    assert "tables.cups.tolerance: expected a number of at least 0" in capsys.readouterr().err


def test_a_stale_number_fails_also_within_its_tolerance(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    paper.write("config/stages.yaml", STAGES.replace("steep: {", "steep: {source: jobkit.digest, "))
    matrix = reporting(paper)
    steeping = next(job for job in matrix.jobs.values() if job.stage == "steep")
    finish(steeping, provenance=OF_OTHER_SOURCE)
    code, lines = checked(capsys)
    assert (code, lines) == (
        1,
        [
            "cups, steeped, white cup: ours 0.50 (stale), reported 0.90, difference -0.40, tolerance 0.5",
            "cups: 3 compared, 0 out of tolerance, 1 stale, 1 skipped (1 suspect),"
            " 2 cells without a reported value",
        ],
    )
    assert checked(capsys, "--allow", "stale")[0] == 0


@pytest.mark.parametrize(
    ("tolerance", "is_within", "text"),
    [
        ("5 %", True, ""),
        ("3 %", False, "tolerance 3 % = 0.0156"),
        ("{sd: 2.5}", True, ""),
        ("{sd: 1.5}", False, "tolerance 1.5 sd = 0.015"),
    ],
)
def test_a_tolerance_may_be_a_share_of_the_number_or_the_authors_own_standard_deviations(
    paper: Paper, capsys: pytest.CaptureFixture[str], tolerance: str, is_within: bool, text: str
) -> None:
    with_sd = REPORTED.replace("white cup: 0.52", "white cup: {mean: 0.52, sd: 0.01, n: 5}")
    tables = TEA.replace("white cup, note", f"white cup, tolerance: {tolerance}, note")
    reporting(paper, with_sd, tables)
    code, lines = checked(capsys)
    assert (code, len(lines)) == ((0, 1) if is_within else (1, 2))
    assert text in lines[0]


def test_the_nearest_tolerance_holds_whatever_its_form(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    of_cell = "{mean: 0.52, sd: 0.001, tolerance: {sd: 10}}"
    tables = TEA.replace("tolerance: 0.05", "tolerance: 1").replace("chipped}", "chipped, tolerance: 1 %}")
    reporting(paper, REPORTED.replace("0.52", of_cell), tables)
    lines = checked(capsys)[1]
    assert lines[0].endswith("reported 0.52 ± 0.00, difference -0.02, tolerance 10 sd = 0.01")
    assert rows(rendered(paper.matrix(), "csv"))[0]["tolerance"] == "0.01"
    assert "further from the reported than 10 sd" in rendered(paper.matrix())


def test_a_reported_mean_is_shown_with_its_spread_and_runs_in_every_format(paper: Paper) -> None:
    matrix = reporting(paper, REPORTED.replace("0.52", "{mean: 0.52, sd: 0.013, n: 5}"))
    assert grids(rendered(matrix))[0]["plain"]["white cup (a): reported"] == "0.52 ± 0.01 (5)"
    for table_format in ("html", "tex"):
        assert "0.52 ± 0.01 (5)" in rendered(matrix, table_format).replace(r"$\pm$", "±")
    first = rows(rendered(matrix, "csv"))[0]
    assert [first[name] for name in ("reported", "reported_sd", "reported_n")] == ["0.52", "0.013", "5"]


def test_each_variant_may_have_its_own_spread(paper: Paper) -> None:
    variants = "    variants: [{label: a, with: {cup.colour: red}}, {label: b, with: {cup.colour: blue}}]\n"
    means = "[{mean: 0.52, sd: 0.01}, {mean: 0.6, n: 3}]"
    matrix = reporting(paper, REPORTED.replace("0.52", means).replace("small", "full"), TEA + variants)
    assert grids(rendered(matrix))[1]["plain"]["white cup (a)"] == "0.52 ± 0.01 / 0.60 (3)"


def test_a_tolerance_in_standard_deviations_needs_one(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    reporting(paper)
    paper.write("config/tables.yaml", TEA.replace("tolerance: 0.05", "tolerance: {sd: 2}"))
    assert main(["validate"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: config/reported.yaml:5: tables.cups.plain.white cup: expected its sd,"
        " since its tolerance is 2 sd"
    ]


@pytest.mark.parametrize(
    ("written", "key", "message"),
    [
        ("\n      white cup: 0,52", "white cup", "'0,52' has a comma; write 0.52"),
        ("{white cup: 0,52, blue cup: 0.4}", "white cup", "0,52 has a comma; write 0.52"),
        (
            "{white cup: [0,52]}",
            "white cup[0]",
            "0,52 has a comma; write 0.52, or a space after the comma for two values",
        ),
        ("{white cup: {mean: 0.5, sd: 0,05}}", "white cup.sd", "0,05 has a comma; write 0.05"),
        ("\n      white cup: 103,461,924", "white cup", "'103,461,924' has a comma; write 103461924"),
    ],
)
def test_a_reported_number_with_a_comma_is_a_fault(
    paper: Paper, capsys: pytest.CaptureFixture[str], written: str, key: str, message: str
) -> None:
    reported = REPORTED.replace(" {white cup: 0.52, blue cup: 0.40}", f" {written}")
    paper.write("config/config.yaml", "scale: small\nreported: config/reported.yaml\n")
    paper.write("config/reported.yaml", reported)
    paper.write("config/tables.yaml", TEA)
    line = 5 if written.startswith("{") else 6
    assert main(["validate"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"error: config/reported.yaml:{line}: tables.cups.plain.{key}: {message}"
    ]


def test_a_cited_number_with_a_comma_is_a_fault(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    paper.write("config/tables.yaml", TEA.replace("label: plain", "{label: plain, values: {blue cup: 0,4}}"))
    assert main(["validate"]) == 2
    assert "rows[0].values.blue cup: 0,4 has a comma; write 0.4" in capsys.readouterr().err
