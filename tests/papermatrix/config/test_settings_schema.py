"""Settings by a JSON Schema alone: complete, canonical, and with diagnostics that help."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.settings import merged, nested, value_of
from jobkit.yaml12 import parse_yaml
from papermatrix.config.settings_schema import SettingsSchema
from tests.papermatrix.tea import SETTINGS

SCHEMA = SettingsSchema(SETTINGS)


def read(text: str) -> tuple[dict[str, Any], list[str]]:
    """Return the settings of a text, and what is wrong with it."""
    document = parse_yaml(text, "a.yaml")
    settings, issues = SCHEMA.resolve(document.content)
    return settings, [str(document.diagnostic(path, message)) for path, message in issues]


def test_what_nobody_states_has_its_default() -> None:
    complete = SCHEMA.complete({"leaf.kind": "black"})
    assert complete["leaf.kind"] == "black"
    assert complete["steep.minutes"] == 3
    assert complete["seed"] == 100


def test_published_gives_what_is_not_stated_its_published_value_and_is_no_setting_itself() -> None:
    complete = SCHEMA.complete({"leaf.published": True})
    assert complete["leaf.dust"] is True
    assert "leaf.published" not in complete
    assert complete == SCHEMA.complete({"leaf.dust": True})


def test_what_is_stated_wins_over_published() -> None:
    assert SCHEMA.complete({"leaf.published": True, "leaf.dust": False})["leaf.dust"] is False


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("leaf: {grams: 1, kind: black}", "leaf.kind: black\nleaf.grams: 1.0"),
        ("leaf.notes: [smoky, sweet]", "leaf.notes: [sweet, smoky]"),
        ("steep.minutes: 3.0", "steep: {minutes: 3}"),
        ("leaf.filter: 1", "leaf: {filter: 1e0}"),
    ],
)
def test_equal_settings_have_one_form(one: str, other: str) -> None:
    assert repr(sorted(read(one)[0].items())) == repr(sorted(read(other)[0].items()))
    assert read(one)[1] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("leaf.kidn: black", "leaf.kidn: unknown setting; did you mean kind?"),
        ("leef.kind: black", "leef.kind: unknown setting; did you mean leaf?"),
        ("minutes: 2", "minutes: unknown setting; did you mean steep.minutes?"),
        ("leaf.kind.x: 2", "leaf.kind.x: unknown setting; leaf.kind has no settings of its own"),
        ("zzz: 2", "zzz: unknown setting; expected one of leaf, steep, cup, seed"),
        ("leaf: 2", "leaf: expected a mapping of settings, found 2"),
        (
            "leaf: grams:2",
            "leaf: expected a mapping of settings, found 'grams:2'; a space is missing after the colon",
        ),
        ("leaf.kind: blak", "leaf.kind: expected one of green, black, found 'blak'; did you mean black?"),
        ("leaf.grams: 0", "leaf.grams: expected a number above 0, found 0"),
        ("leaf.grams: .inf", "leaf.grams: expected a number above 0, found .inf"),
        ("leaf.grams: 0,8883", "leaf.grams: expected a number above 0, found '0,8883'; write 0.8883"),
        ("leaf.grams: 1,500", "leaf.grams: expected a number above 0, found '1,500'; write 1.500, or 1500"),
        ("leaf.filter: 1,5e-3", "leaf.filter: expected a number or null, found '1,5e-3'; write 1.5e-3"),
        ("leaf.kind: 0,5", "leaf.kind: expected one of green, black, found '0,5'"),
        ("leaf.filter: x", "leaf.filter: expected a number or null, found 'x'"),
        ("steep.minutes: 1.5", "steep.minutes: expected a whole number at least 1, found 1.5"),
        ("steep.enabled: 1", "steep.enabled: expected true or false, found 1"),
        ("seed: true", "seed: expected a whole number at least 0, found true"),
        (
            "leaf.notes: [sweet, sweet]",
            "leaf.notes: expected a list of values, each one of sweet, bitter, smoky, none twice,"
            " found ['sweet', 'sweet']",
        ),
    ],
)
def test_a_diagnostic_names_the_line_the_key_and_what_was_expected(text: str, message: str) -> None:
    assert read(text)[1] == [f"a.yaml:1: {message}"]


def test_all_errors_are_found_at_once() -> None:
    assert len(read("leaf: {kidn: 1, grams: x}\nsteep.minutes: 0\nzzz: 1\n")[1]) == 4


def test_a_setting_given_nested_and_dotted_is_refused() -> None:
    assert read("leaf: {grams: 1}\nleaf.grams: 2")[1] == [
        "a.yaml:2: leaf.grams: given twice, nested and dotted"
    ]


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "leaf.kind": st.sampled_from(["green", "black"]),
        "leaf.grams": st.floats(1, 1e6),
        "steep.minutes": st.integers(1),
        "cup.colour": st.text(),
        "seed": st.integers(0),
    },
)


@given(VALUES)
def test_a_setting_is_found_in_the_nested_document(flat: dict[str, Any]) -> None:
    assert {key: value_of(key, nested(flat)) for key in flat} == flat


@given(VALUES, VALUES)
def test_merged_documents_hold_what_merged_settings_hold(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert merged(nested(one), nested(other)) == nested({**one, **other})
