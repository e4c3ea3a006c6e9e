"""Whatever is wrong in the files is said at once, with file, line, key and what was expected."""

import json
from typing import Any

import pytest

from jobkit.errors import UserError
from papermatrix.cli import main
from tests.papermatrix.tea import SETTINGS, Paper, finish_all


def diagnostics(paper: Paper, **overrides: object) -> list[str]:
    with pytest.raises(UserError) as caught:
        paper.matrix(**overrides)
    return caught.value.lines


TABLE = """
tables:
  cups:
    title: Tea
    metric: flavour
    rows:
      - label: plain
    columns:
      - label: cup
"""


def edited(paper: Paper, old: str, new: str) -> list[str]:
    assert old in TABLE
    paper.write("config/tables.yaml", TABLE.replace(old, new))
    return diagnostics(paper)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title: Tea", "titel: Tea", "3: tables.cups.titel: unknown key; did you mean title?"),
        ("title: Tea", "", "2: tables.cups.title: missing"),
        ("cups:", "Cups!:", "2: tables.Cups!: expected a name of small letters, digits and underscores"),
        ("      - label: plain", "", "5: tables.cups.rows: expected a list, found nothing"),
        (
            "label: plain",
            "label: true",
            "6: tables.cups.rows[0].label: expected text, found true; put it in quotes",
        ),
        ("label: plain", "lable: plain", "6: tables.cups.rows[0].lable: unknown key; did you mean label?"),
        (
            "metric: flavour",
            "",
            "8: tables.cups.columns[0]: neither the column nor the table states a metric",
        ),
        (
            "flavour",
            "leaf.cost.hours",
            "4: tables.cups.metric: unknown stage; expected one of dry, steep, taste",
        ),
        ("flavour", "dry.cost.secons", "4: tables.cups.metric: unknown cost; did you mean seconds?"),
        ("title: Tea", "title: Tea\n    seeds: [1, 1]", "4: tables.cups.seeds: expected every seed once"),
        (
            "title: Tea",
            "title: Tea\n    format: .2q",
            "4: tables.cups.format: expected a number's format, such as",
        ),
        (
            "label: plain",
            "label: plain\n        with: {leaf.kidn: black}",
            "7: tables.cups.rows[0].with.leaf.kidn: unknown setting; did you mean kind?",
        ),
        (
            "- label: plain",
            "- label: plain\n      - label: plain",
            "7: tables.cups.rows[1].label: rows[0] is called 'plain' too",
        ),
        (
            "label: plain",
            "label: plain\n        values: {cpu: 1}",
            "7: tables.cups.rows[0].values.cpu: unknown column; did you mean cup?",
        ),
        (
            "label: cup",
            "label: cup\n        show: leaf.kidn",
            "9: tables.cups.columns[0].show: unknown setting",
        ),
        (
            "label: cup",
            "label: cup\n        show: leaf.kind\n        equals: red",
            "10: tables.cups.columns[0].equals: leaf.kind is never 'red'",
        ),
        (
            "label: cup",
            "label: cup\n        equals: 1",
            "9: tables.cups.columns[0].equals: goes with show only",
        ),
        (
            "label: cup",
            "label: cup\n        better: hihger",
            "9: tables.cups.columns[0].better: expected one of higher, lower, none, found 'hihger';"
            " did you mean higher?",
        ),
        (
            "label: cup",
            "label: cup\n        show: leaf.grams\n        better: higher",
            "10: tables.cups.columns[0].better: of settings none is better",
        ),
        (
            "label: plain",
            "label: plain\n        expect: divergd",
            "7: tables.cups.rows[0].expect: expected one of diverged, found 'divergd'",
        ),
        (
            "title: Tea",
            "title: Tea\n    best: maybe",
            "4: tables.cups.best: expected one of true, false, columns, rows, groups, found 'maybe'",
        ),
        (
            "label: cup",
            "label: cup\n        factor: 0,01",
            "9: tables.cups.columns[0].factor: expected a number, found '0,01'; write 0.01",
        ),
        (
            "      - label: plain",
            "      - label:plain",
            "6: tables.cups.rows[0]: expected a mapping, found 'label:plain'; a space is missing after",
        ),
        ("title: Tea", "title: Tea\n    tolerance: wide", "4: tables.cups.tolerance: expected a"),
        (
            "title: Tea",
            "title: Tea\n    reported: {plain: {cup: {values: 1, tolerance: -1}}}",
            "4: tables.cups.reported.plain.cup.tolerance: expected a number of at least 0",
        ),
        (
            "title: Tea",
            "title: Tea\n    reported: {plian: {cup: 1}}",
            "4: tables.cups.reported.plian: unknown row; did you mean plain?",
        ),
        (
            "title: Tea",
            "title: Tea\n    reported: {plain: {cup: [1, 2]}}",
            "4: tables.cups.reported.plain.cup: 2 values, but the table has 0 variants",
        ),
        (
            "title: Tea",
            "title: Tea\n    reported: {plain: {cup: {values: 1, suspcet: x}}}",
            "4: tables.cups.reported.plain.cup.suspcet: unknown key; did you mean suspect?",
        ),
        (
            "title: Tea",
            "title: Tea\n    reported: {plain: {cup: []}}",
            "4: tables.cups.reported.plain.cup: expected at least one, found []",
        ),
        (
            "title: Tea",
            "title: Tea\n    reported: {plain: {cup: 1e200}}",
            "4: tables.cups.reported.plain.cup: expected a number of at most 1e+100",
        ),
        (
            "label: cup",
            "label: cup\n        factor: 1e300",
            "9: tables.cups.columns[0].factor: expected a number of at most 1e+100",
        ),
        (
            "title: Tea",
            "title: Tea\n    seeds: [1, -1]",
            "4: tables.cups.seeds[1]: expected a whole number at least 0, found -1",
        ),
        (
            "label: plain",
            "label: plain\n        seeds: [-1]",
            "7: tables.cups.rows[0].seeds[0]: expected a whole number at least 0, found -1",
        ),
        (
            "- label: plain",
            '- label: a b\n      - label: " a  b"',
            "7: tables.cups.rows[1].label: rows[0] is called 'a b' too",
        ),
        (
            "- label: plain",
            '- label: "\\e \\n"',
            "6: tables.cups.rows[0].label: expected a label that can be seen, found '\\x1b \\n'",
        ),
    ],
)
def test_an_error_in_tables_yaml_is_named_with_its_line(
    paper: Paper, old: str, new: str, message: str
) -> None:
    assert any(line.startswith(f"config/tables.yaml:{message}") for line in edited(paper, old, new))


@pytest.mark.parametrize(
    "number_format", [".2000000000f", "1000000", "|>20", ".100f", ".3", "d", "z.1f", "{:f}", "\\n<8.2f"]
)
def test_a_format_that_not_every_number_has_or_that_is_too_wide_is_refused(
    paper: Paper, number_format: str
) -> None:
    (message,) = edited(paper, "title: Tea", f'title: Tea\n    format: "{number_format}"')
    assert message.startswith("config/tables.yaml:4: tables.cups.format: expected a number's format")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("needs: dry", "needs: dri", "stages.steep.needs: unknown stage; did you mean dry?"),
        ("needs: dry", "needs: taste", "stages.steep.needs: the stage needs itself"),
        ("uses: [cup]", "uses: [cpu]", "stages.taste.uses[0]: unknown setting; did you mean cup?"),
        ("enabled: true", "enabled: maybe", "stages.steep.when.steep.enabled: expected true or false"),
        (
            "leaf.notes |",
            "leaf.nots |",
            "stages.dry.slug: not a template of these settings (no setting nots)",
        ),
        ("| initials", "| initails", "stages.dry.slug: not a template of these settings"),
        ("scores: taste", "scores: tast", "scores: unknown stage; did you mean taste?"),
        ("kind: leaf.kind", "kind: leaf.kidn", "header.kind: unknown setting; did you mean kind?"),
    ],
)
def test_an_error_in_stages_yaml_is_named(paper: Paper, old: str, new: str, message: str) -> None:
    text = (paper.folder / "config/stages.yaml").read_text()
    assert old in text
    paper.write("config/stages.yaml", text.replace(old, new))
    assert any(message in line and line.startswith("config/stages.yaml:") for line in diagnostics(paper))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"cup": {"$ref": "#/$defs/Cup"}}, "a definition refers to itself"),
        ({"cup": {"type": "string", "pattern": "("}}, "'(' is not a 'regex'"),
        ({"cup": {"$ref": "#/$defs/Pot"}}, "not a JSON Schema of settings (no definition Pot)"),
        ({"cup": {"type": "text"}}, "'text' is not valid under any of the given schemas"),
    ],
)
def test_a_schema_that_is_none_is_named(paper: Paper, edit: dict[str, Any], message: str) -> None:
    definitions = {**SETTINGS["$defs"], "Cup": {"$ref": "#/$defs/Cup"}}
    schema = {**SETTINGS, "$defs": definitions, "properties": {**SETTINGS["properties"], **edit}}
    paper.write("config/settings.schema.json", json.dumps(schema))
    (diagnostic,) = diagnostics(paper)
    assert diagnostic.startswith("config/settings.schema.json: ")
    assert message in diagnostic


def test_an_error_in_a_scale_is_named_with_its_line(paper: Paper) -> None:
    paper.write("config/scales/small.yaml", "leaf:\n  grams: heavy\n")
    assert diagnostics(paper) == [
        "config/scales/small.yaml:2: leaf.grams: expected a number above 0, found 'heavy'"
    ]


def test_numbers_reported_in_two_files_are_refused(paper: Paper) -> None:
    paper.write("config/config.yaml", "scale: small\nreported: config/reported.yaml\n")
    paper.write("config/reported.yaml", "source: a\nscale: full\ntables: {cups: {plain: {cup: 1}}}\n")
    lines = edited(paper, "title: Tea", "title: Tea\n    reported: {plain: {cup: 1}}")
    assert lines == [
        "config/tables.yaml:4: tables.cups.reported: config/reported.yaml has the table's numbers too"
    ]


def test_numbers_are_labels_as_they_are_written(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    paper.write("config/config.yaml", "scale: small\nreported: config/reported.yaml\n")
    paper.write(
        "config/reported.yaml",
        "source: a\nscale: small\ntables: {cups: {5: {0.10: [0.5, 0.25]}, 5.0: {0.10: 1}}}\n",
    )
    matrix = paper.tables("""
tables:
  cups:
    title: 2024
    metric: flavour
    rows:
      - {label: 5, group: 1e-3, values: {0.1: 7}}
      - {label: 5.0, with: {leaf.grams: 1e-3}}
    columns:
      - label: 0.10
      - {label: 0.1, show: leaf.grams, names: {1: 1, 1e-3: 0.50}, unit: 1}
    variants: [{label: 1}, {label: 01, with: {cup.colour: blue}}]
""")
    assert [(cell.labels, cell.variant_label) for cell in matrix.cells["cups"]] == [
        (("5", "0.10"), "1"), (("5", "0.10"), "01"), (("5", "0.1"), None),
        (("5.0", "0.10"), "1"), (("5.0", "0.10"), "01"), (("5.0", "0.1"), None),
    ]  # fmt: skip
    finish_all(matrix)
    assert main(["render", "cups", "--out", "out"]) == 0
    text = (paper.folder / "out/cups.md").read_text()
    assert "2024" in text
    assert "*1e-3*" in text
    assert "| 0.50 " in text
    assert "0.1 (1)" in text
    assert main(["explain", "cups", "5.0", "0.10", "--variant", "01"]) == 0
    assert "blue" in capsys.readouterr().out


def test_what_was_written_by_an_older_name_is_blamed_by_it(paper: Paper) -> None:
    stages = (paper.folder / "config/stages.yaml").read_text()
    paper.write("config/stages.yaml", f"counted: {{bitter: pot.cost.seconds}}\n{stages}")
    assert diagnostics(paper) == [
        "config/stages.yaml:1: counted.bitter: unknown stage; expected one of dry, steep, taste"
    ]


def test_a_missing_label_is_one_fault_and_names_nothing_that_nobody_wrote(paper: Paper) -> None:
    paper.write("config/config.yaml", "scale: small\nreported: config/reported.yaml\n")
    paper.write("config/reported.yaml", "source: a\nscale: small\ntables: {cups: {plain: {cup: 1}}}\n")
    assert edited(paper, "label: plain", "note: x") == [
        "config/tables.yaml:6: tables.cups.rows[0].label: missing"
    ]


def test_a_setting_with_a_comma_in_braces_says_what_to_write(paper: Paper) -> None:
    paper.write("config/scales/small.yaml", "leaf: {grams: 0,25, kidn: black}\n")
    assert edited(
        paper, "label: plain", "label: plain\n        with: {leaf.grams: 0,5, leaf.kind: black}"
    ) == [
        "config/scales/small.yaml:1: leaf.grams: 0,25 has a comma; write 0.25",
        "config/scales/small.yaml:1: leaf.kidn: unknown setting; did you mean kind?",
        "config/tables.yaml:7: tables.cups.rows[0].with.leaf.grams: 0,5 has a comma; write 0.5",
    ]


def test_values_in_messages_are_written_as_in_the_files(paper: Paper) -> None:
    (line,) = edited(paper, "title: Tea", f"title: [true, null, 0.10, {{a: b}}, {'x' * 200}]")
    start = "config/tables.yaml:3: tables.cups.title: expected text, found [true, null, 0.10, {a: 'b'}, 'xx"
    assert line.startswith(start)
    assert line.endswith("xxx...")
    assert len(line) < 180


def test_errors_in_every_file_are_reported_together(paper: Paper) -> None:
    paper.write("config/config.yaml", "scale: small\nreported: config/reported.yaml\nseeds: x\nspeed: 1\n")
    paper.write("config/reported.yaml", "source: a\nscale: full\ntables: {cups: {plian: {cpu: 1}}}\n")
    paper.write("config/scales/small.yaml", "leaf: {grams: x, kidn: y}\n")
    stages = (paper.folder / "config/stages.yaml").read_text()
    paper.write("config/stages.yaml", stages.replace("uses: [cup]", "uses: [cpu]"))
    rows = "\n".join(
        f"      - {{label: row{i}, with: {{leaf.kidn: {i}, steep.minutes: 0}}}}" for i in range(11)
    )
    broken = TABLE.replace("      - label: plain", rows) + "  other: {titel: x, rows: [], columns: []}\n"
    paper.write("config/tables.yaml", broken)
    lines = diagnostics(paper)
    files = [line.split(":")[0].removeprefix("config/") for line in lines]
    assert {name: files.count(name) for name in sorted(set(files))} == {
        "config.yaml": 2,
        "reported.yaml": 2,
        "scales/small.yaml": 2,
        "stages.yaml": 1,
        "tables.yaml": 26,
    }
