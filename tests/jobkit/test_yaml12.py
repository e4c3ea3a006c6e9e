"""YAML that people write: values as in YAML 1.2, the line of each, and nothing but data."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.digest import canonical_json
from jobkit.errors import UserError
from jobkit.yaml12 import parse_pairs, parse_yaml, resolved, written


def diagnostics(text: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        parse_yaml(text, "a.yaml")
    return caught.value.lines


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("-.5", -0.5),
        (".inf", float("inf")),
        ("0x10", 16),
        ("012", 12),
        ("no", "no"),
        ("off", "off"),
        ("2024-01-01", "2024-01-01"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("~", None),
        ("", None),
        ("'1'", "1"),
        ("True", True),
    ],
)
def test_words_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    assert parse_yaml(f"a: {text}", "a.yaml").content == {"a": value}


@pytest.mark.parametrize("text", ["0.10", "1e-4", "05", "+5", "0x10", ".inf", "5", "0.1"])
def test_a_number_knows_how_it_is_written(text: str) -> None:
    number = parse_yaml(f"a: {text}", "a.yaml").content["a"]
    assert written(number) == text
    assert number == float(number)
    assert [written(value) for value in (True, None, "0.10")] == [None, None, None]


WORDS = st.text(st.characters(min_codepoint=1, max_codepoint=0xD7FF), max_size=8)
NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | WORDS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner), max_leaves=10)


@given(VALUES)
def test_json_means_the_same_in_yaml(value: Any) -> None:
    assert parse_yaml(canonical_json(value), "a.yaml").content == value


def test_a_key_path_is_named_with_its_line() -> None:
    document = parse_yaml("tables:\n  a:\n    rows:\n    - x\n    - {label: y}\n", "a.yaml")
    assert (
        str(document.diagnostic(("tables", "a", "rows", 1, "label"), ""))
        == "a.yaml:5: tables.a.rows[1].label"
    )


def test_what_is_missing_is_named_with_the_line_of_what_should_hold_it() -> None:
    document = parse_yaml("tables:\n  a: {}\n", "a.yaml")
    assert str(document.diagnostic(("tables", "a", "title"), "")) == "a.yaml:2: tables.a.title"


def test_every_key_given_twice_is_refused() -> None:
    assert diagnostics("a: 1\nb: {c: 1, c: 2}\na: 3\n") == [
        "a.yaml:2: b.c: given twice, first in line 2",
        "a.yaml:3: a: given twice, first in line 1",
    ]


@pytest.mark.parametrize("text", ["a: !!python/object/apply:os.system [ls]", "a: !include b", "a: !!set {b}"])
def test_tags_are_refused(text: str) -> None:
    assert "expected a plain value" in diagnostics(text)[0]


def test_an_alias_that_contains_itself_is_refused() -> None:
    assert diagnostics("a: &a [*a]") == ["a.yaml:1: a[0]: an alias that contains itself"]


def test_an_alias_is_a_copy() -> None:
    assert parse_yaml("a: &x {b: 1}\nc: *x\n", "a.yaml").content == {"a": {"b": 1}, "c": {"b": 1}}


TEA = """tables:
  cups:
    title: Tea
    rows:
      - {label: plain}
    columns: []
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "below"),
    [
        ("    title", "\ttitle", 3, "a tab; indent with spaces", "\ttitle"),
        ("title: Tea", "title:Tea", 3, "expected a space after the colon", "Tea"),
        ("columns: []", "columns:[]", 6, "expected a space after the colon", "[]"),
        ("label: plain", "label:plain", 5, "tables.cups.rows[0]: expected a space after the colon", "label"),
        ("- {label: plain}", "- label:plain\n        with: 1", 5, "expected a space after the", "plain"),
        ("cups:", "cups", 2, "expected a colon after the key", ""),
        ("Tea", "'Tea", 3, "a quote that is not closed", "'Tea"),
        ("Tea", "'My 'own' tea'", 3, "text after a closing quote; put a text that holds a quote in", "own"),
        ("[]", "[", 6, "a [ or { that is not closed", ""),
        ("plain}", "plain", 5, "a { that is not closed", "{label"),
        ("plain}", "[plain}", 5, "a [ that is not closed", "[plain"),
        ("plain}", "plain}}", 5, "a } that closes nothing", "}"),
        ("plain}", "plain note: x}", 5, "expected , or } before it, for the { of line 5", ": x"),
        ("Tea", "Tea: black", 3, "a second colon; put a text that holds one in quotes", ": black"),
        ("    rows", "      rows", 4, "indented deeper than line 3, whose key has a value", "rows"),
        ("    rows", "   rows", 4, "an indentation that fits nothing above", "rows"),
        ("rows:\n      ", "rows: ", 4, "a list begins on a line of its own", "- {"),
        ("Tea", "@tea", 3, "@ cannot begin a value; put the text in quotes", "@"),
        ("Tea", "**tea**", 3, "* cannot begin a value; put the text in quotes", "**tea"),
        ("Tea", '"\\d"', 3, "an unknown escape; in single quotes a backslash is one", "\\d"),
        ("Tea", "{{ tea }}", 3, "tables.cups.title: a key that is not a word; put a text", "{ tea"),
        ("Tea", "!tea", 3, "tables.cups.title: tag !tea; expected a plain value", "!tea"),
        ("rows", "title", 4, "tables.cups.title: given twice, first in line 3", "title"),
        ("tables:", "<<<<<<< HEAD\ntables:", 1, "a conflict that git left here", "<<<<"),
    ],
)  # fmt: skip
def test_a_slip_of_syntax_is_named_with_its_line_and_a_caret(
    old: str, new: str, line: int, message: str, below: str
) -> None:
    assert old in TEA
    text = TEA.replace(old, new, 1)
    with pytest.raises(UserError) as caught:
        parse_yaml(text, "a.yaml")
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.file, diagnostic.line) == ("a.yaml", line)
    assert f"a.yaml:{line}: {message}" in str(diagnostic)
    shown, caret = diagnostic.excerpt
    assert shown == f"  | {text.splitlines()[line - 1]}".replace("\t", " ")
    assert shown[len(caret) - 1 :].startswith(below.replace("\t", " "))
    assert str(caught.value).splitlines() == [str(diagnostic), shown, caret]


def test_of_a_long_line_only_the_part_around_the_caret_is_shown() -> None:
    with pytest.raises(UserError) as caught:
        parse_yaml(f"a: [{'1, ' * 1000}@, {'2, ' * 1000}]", "a.yaml")
    ((shown, caret),) = (diagnostic.excerpt for diagnostic in caught.value.diagnostics)
    assert len(shown) < 100
    assert shown[len(caret) - 1] == "@"


def test_pairs_of_a_command_line_are_values_in_yaml() -> None:
    assert parse_pairs(["a=1", "b.c=[x]", "a=2"], "--set") == {"a": 2, "b.c": ["x"]}
    for pair, message in (
        ("a", "--set a: expected KEY=VALUE"),
        ("a=[1", "--set a: a [ that is not closed"),
    ):
        with pytest.raises(UserError) as caught:
            parse_pairs([pair], "--set")
        assert caught.value.lines == [message]


def test_a_command_line_means_what_a_file_means() -> None:
    assert resolved(["100", "null", "a"]) == [100, None, "a"]


CHAIN = "a0: &a0 [1]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 2000))


@pytest.mark.parametrize(
    "text",
    [
        "x: 1\ny: " + "[" * 80 + "]" * 80,
        "x: 1\ny: " + "{a: " * 900 + "1" + "}" * 900,
        f"x: 1\n{CHAIN}",
    ],
    ids=["lists", "mappings", "aliases"],
)
def test_what_is_nested_too_deeply_is_named_with_its_line(text: str) -> None:
    (line,) = diagnostics(text)
    assert line == "a.yaml:2: nested too deeply; expected at most 50 mappings and lists in each other"


@pytest.mark.slow
def test_more_brackets_than_a_stack_holds_are_refused() -> None:
    (line,) = diagnostics("x: 1\ny: " + "[" * 100_000)
    assert line == "a.yaml:2: a [ or { that is not closed"


@pytest.mark.parametrize("number", ["1" + "0" * 400, "-" + "9" * 5000, "0x" + "f" * 5000, str(2**63)])
def test_a_whole_number_of_more_than_64_bits_is_refused(number: str) -> None:
    (line,) = diagnostics(f"x: 1\ny: {number}")
    assert line.startswith("a.yaml:2: y: a whole number of more than 64 bits")
    with pytest.raises(ValueError, match="more than 64 bits"):
        resolved(number)


def test_a_text_with_a_null_character_is_refused() -> None:
    (line,) = diagnostics(r'x: "a\0b"')
    assert line == "a.yaml:1: x: a text with a null character; expected one without"


def test_half_of_a_surrogate_pair_is_no_yaml() -> None:
    (line,) = diagnostics("x: \udc80")
    assert line.startswith("a.yaml: not YAML")


@pytest.mark.parametrize("char", ["\0", "\x1b", "\uffff"])
def test_a_control_character_is_named_with_its_line(char: str) -> None:
    (line,) = diagnostics(f"a: 1\nb: x{char}\n")
    assert line == "a.yaml:2: not YAML (control characters are not allowed)"


def test_whole_numbers_with_only_a_comma_between_them_are_noted() -> None:
    document = parse_yaml("{a: 0,05, b: [1,2, 3, 0x1,5, '1',2, -7,5], c: {d: 3}, 4: 5}", "a.yaml")
    assert document.commas == {
        ("a",): (("05",), "0,05"),
        ("b", 0): (("b", 1), "1,2"),
        ("b", 7): (("b", 8), "-7,5"),
    }
