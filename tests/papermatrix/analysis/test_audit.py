"""What the audit finds in a small paper's reported numbers, and what it lets pass."""

import json
import sys
from pathlib import Path

import pytest

from jobkit.errors import UserError
from papermatrix.analysis.audit import Finding, findings, footnotes
from papermatrix.analysis.facts import all_facts
from papermatrix.cli import main
from tests.papermatrix.tea import Paper, finish_all

TABLES = """
tables:
  leaves:
    title: Leaves
    metric: flavour
    rows:
      - {label: plain, with: {leaf.grams: 3}}
      - {label: smoky, with: {leaf.notes: [smoky]}}
    columns: [{label: notes}, {label: all}, {label: spring}, {label: autumn}, {label: cups}, {label: sips}]
  cups:
    title: Cups
    metric: flavour
    rows: [{label: plain}]
    columns: [{label: score}]
    variants:
      - {label: white}
      - {label: blue, with: {cup.colour: blue}}
"""


def audited(paper: Paper, rules: str, plain: str, smoky: str = "{all: null}", cup: str = "0.5") -> Paper:
    """Return the paper with reported numbers and the rules that they must obey."""
    paper.write(
        "config/config.yaml", "scale: small\nreported: config/reported.yaml\npaper: config/paper.yaml\n"
    )
    paper.write("config/tables.yaml", TABLES)
    paper.write(
        "config/reported.yaml",
        "source: From the leaflet.\nscale: small\n"
        f"tables: {{leaves: {{plain: {plain}, smoky: {smoky}}}, cups: {{plain: {{score: {cup}}}}}}}\n",
    )
    paper.write("config/paper.yaml", f"audit: {rules}\n")
    return paper


def findings_of(paper: Paper) -> list[Finding]:
    return findings(paper.matrix())


MEAN = "{weighted_means: [{table: leaves, whole: all, parts: {spring: 3, autumn: 1}}]}"


def test_a_total_that_is_not_the_weighted_mean_of_its_parts_is_found(paper: Paper) -> None:
    (finding,) = findings_of(audited(paper, MEAN, "{all: 0.821, spring: 0.903, autumn: 0.511}"))
    assert (finding.row, finding.column, finding.found) == ("plain", "all", 0.821)
    assert finding.expected == pytest.approx(0.805)
    assert finding.text == "the mean of spring, autumn, weighted 3 : 1, is 0.805, not 0.821"


def test_a_part_that_repeats_the_wrong_total_is_named(paper: Paper) -> None:
    (finding,) = findings_of(audited(paper, MEAN, "{all: 0.903, spring: 0.903, autumn: 0.511}"))
    assert finding.text.endswith("not 0.903; spring repeats it")


@pytest.mark.parametrize(("total", "count"), [("0.83", 0), ("0.84", 0), ("0.81", 1), ("0.85", 1)])
def test_a_mean_agrees_within_what_rounding_of_it_and_its_parts_can_hide(
    paper: Paper, total: str, count: int
) -> None:
    # (3 x 0.87 + 0.71) / 4 = 0.83; each number may be off by 0.005.
    assert len(findings_of(audited(paper, MEAN, f"{{all: {total}, spring: 0.87, autumn: 0.71}}"))) == count


def test_zeros_at_a_numbers_end_count_by_the_columns_other_numbers(paper: Paper) -> None:
    # 0.8 stands beside 0.8213, so it is 0.8000.
    plain, smoky = (
        "{all: 0.8, spring: 0.8003, autumn: 0.8002}",
        "{all: 0.8213, spring: 0.8213, autumn: 0.8213}",
    )
    (finding,) = findings_of(audited(paper, MEAN, plain, smoky))
    assert finding.text.endswith("is 0.8003, not 0.8000")


def test_a_row_without_all_of_the_numbers_is_passed_over(paper: Paper) -> None:
    assert findings_of(audited(paper, MEAN, "{all: 0.9, spring: 0.1, autumn: null}")) == []


PRODUCT = "{products: [{table: leaves, product: sips, factors: [cups, spring], divisor: 60}]}"


def test_a_product_that_its_factors_do_not_give_is_found(paper: Paper) -> None:
    (finding,) = findings_of(audited(paper, PRODUCT, "{cups: 14, spring: 50, sips: 7}"))
    assert finding.text == "cups x spring / 60 is 14 x 50 / 60 = 11.67, not 7"


def test_a_product_agrees_within_what_rounding_of_its_factors_can_hide(paper: Paper) -> None:
    assert findings_of(audited(paper, PRODUCT, "{cups: 14, spring: 50, sips: 12}")) == []


PAIR = (
    "{cell: {table: leaves, row: plain, column: all},"
    " other: {table: cups, row: plain, column: score, variant: blue}, because: both are blue}"
)


def test_a_cell_that_must_equal_another_tables_is_found_with_what_it_is_instead(paper: Paper) -> None:
    (finding,) = findings_of(audited(paper, f"{{same: [{PAIR}]}}", "{all: 0.51}", cup="[0.51, 0.62]"))
    assert (
        finding.text == "both are blue: cups, plain, score (blue) is 0.62, not 0.51, which is its white value"
    )
    assert findings_of(audited(paper, f"{{same: [{PAIR}]}}", "{all: 0.62}", cup="[0.51, 0.62]")) == []


def test_a_rule_about_an_unknown_table_is_refused_only_where_all_are_asked_for(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = f"{{same: [{PAIR}], products: [{{table: leafs, product: a, factors: [b]}}]}}"
    audited(paper, rules.replace("table: cups", "table: cupps"), "{all: 0.62}")
    finish_all(paper.matrix())
    assert main(["audit", "leaves"]) == 0
    assert main(["render"]) == 0
    capsys.readouterr()
    assert main(["audit"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: audit: table leafs is not there; did you mean leaves?",
        "error: audit: table cupps is not there; did you mean cups?",
    ]


PROGRAM = """
import json, sys
settings = dict(word.split("=", 1) for word in sys.argv[2:])
grams, notes = float(settings["leaf.grams"]), json.loads(settings["leaf.notes"])
with open("calls.txt", "a") as calls:
    calls.write("one\\n")
print(json.dumps({"count": {"leaves": int(100 * grams) + len(notes)}}))
"""


def computed(paper: Paper, plain: str, smoky: str) -> Paper:
    paper.write("count.py", PROGRAM)
    run = f'[{sys.executable}, count.py, "{{scale}}", "{{settings}}"]'
    command = f'{{run: {run}, setting: ["{{key}}={{value}}"], uses: [leaf]}}'
    rule = (
        "{table: leaves, column: all, command: count, path: count.leaves, with: {leaf.grams: 2}, by: notes,"
        " choices: [{word: one, with: {leaf.notes: [sweet]}},"
        " {word: two, with: {leaf.notes: [sweet, smoky]}}]}"
    )
    return audited(paper, f"{{commands: {{count: {command}}}, computed: [{rule}]}}", plain, smoky)


def compute(paper: Paper) -> None:
    for fact in all_facts(paper.matrix()).values():
        fact.compute()


def test_a_number_that_a_command_computes_otherwise_is_found(
    paper: Paper,
) -> None:
    computed(paper, "{notes: one, all: 202}", "{notes: two, all: 202}")
    compute(paper)
    (finding,) = findings_of(paper)
    assert (finding.row, finding.expected) == ("plain", 201)
    assert finding.text.endswith("computes 201, not 202, which belongs to notes two")


def test_equal_facts_are_computed_once(paper: Paper) -> None:
    computed(paper, "{notes: one, all: 201}", "{notes: two, all: 202}")
    assert main(["audit"]) == 0
    assert main(["audit"]) == 0
    assert Path("calls.txt").read_text().splitlines() == ["one"] * 2


def test_settings_reach_the_command_as_words_and_never_through_a_shell(paper: Paper) -> None:
    computed(paper, "{notes: one, all: 201}", "{notes: two, all: 202}")
    tables = Path("config/tables.yaml")
    tables.write_text(tables.read_text().replace("leaf.grams: 3", "leaf.grams: 3, cup.colour: $(touch x)"))
    paths = Path("config/paper.yaml")
    paths.write_text(paths.read_text().replace("uses: [leaf]", "uses: [leaf, cup]"))
    compute(paper)
    assert not Path("x").exists()
    assert any("$(touch x)" in fact.path.read_text() for fact in all_facts(paper.matrix()).values())


def test_a_reported_word_without_settings_is_refused(paper: Paper) -> None:
    computed(paper, "{notes: tow, all: 201}", "{all: null}")
    with pytest.raises(UserError, match=r"no choice for notes 'tow'; did you mean two\?"):
        findings_of(paper)


def test_a_command_that_fails_says_its_last_words(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    computed(paper, "{notes: one, all: 201}", "{all: null}")
    paper.write("count.py", "import sys; sys.exit('no leaves')")
    assert main(["audit"]) == 2
    assert "error: no leaves\n" in capsys.readouterr().err


ANSWER = b'{"count": {"leaves": %b}}'


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (ANSWER % b"NaN", "printed no JSON"),
        (ANSWER % b"1e999", "printed no JSON"),
        (ANSWER % b'"\xff"', "printed no JSON"),
        (b"[" * 100_000, "printed no JSON"),
        (ANSWER % b"null", "count.leaves: not a finite number"),
        (ANSWER % (b"1" + b"0" * 400), "count.leaves: not a finite number"),
        (b"[]", "no count in the answer"),
    ],
    ids=["nan", "infinite", "no-text", "deep", "null", "huge", "list"],
)
def test_an_answer_without_a_number_is_refused(
    paper: Paper, capsys: pytest.CaptureFixture[str], answer: bytes, message: str
) -> None:
    computed(paper, "{notes: one, all: 201}", "{all: null}")
    Path("answer").write_bytes(answer)
    paper.write("count.py", "import sys; sys.stdout.buffer.write(open('answer', 'rb').read())")
    assert main(["audit"]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("content", ["{}", "[]", "null", '{"answer": {"count": {"leaves": NaN}}}', "["])
def test_a_damaged_fact_is_named(paper: Paper, capsys: pytest.CaptureFixture[str], content: str) -> None:
    computed(paper, "{notes: one, all: 201}", "{all: null}")
    compute(paper)
    for fact in all_facts(paper.matrix()).values():
        fact.path.write_text(content)
    assert main(["audit"]) == 2
    assert capsys.readouterr().err.startswith("error: results/facts/count-")


def test_findings_are_footnotes_under_the_authors_numbers(paper: Paper) -> None:
    audited(paper, MEAN, "{all: 0.821, spring: 0.903, autumn: 0.511}")
    matrix = paper.matrix()
    assert list(footnotes(matrix, "leaves")) == [("plain", "all")]
    finish_all(matrix)
    assert main(["render", "leaves"]) == 0
    assert "is 0.805, not 0.821" in Path("results/leaves.md").read_text().partition("As reported")[2]


def test_a_table_with_facts_to_compute_is_not_rendered_without_them(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    finish_all(computed(paper, "{notes: one, all: 202}", "{all: null}").matrix())
    assert main(["render", "leaves"]) == 2
    assert "not computed yet; `papermatrix audit` does" in capsys.readouterr().err
    assert main(["render", "leaves", "--partial"]) == 0


def test_the_command_lists_what_it_found_and_exits_with_1(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    audited(paper, MEAN, "{all: 0.821, spring: 0.903, autumn: 0.511}")
    assert main(["audit"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 contradictions in 2 tables"
    assert main(["audit", "leaves", "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)
    assert (finding["rule"], finding["table"], finding["found"]) == ("weighted_mean", "leaves", 0.821)
    assert main(["audit", "cups"]) == 0
