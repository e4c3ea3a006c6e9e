"""Settings nested and dotted."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.settings import flat, merged, nested, value_of, with_published

NAMES = st.text("abc", min_size=1, max_size=2)
SECTIONS = st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(), min_size=1))


@given(SECTIONS)
def test_nested_settings_are_the_same_settings_dotted(settings: dict[str, Any]) -> None:
    assert nested(flat(settings)) == settings


@given(SECTIONS, SECTIONS)
def test_changes_win_setting_by_setting(settings: dict[str, Any], changes: dict[str, Any]) -> None:
    assert flat(merged(settings, changes)) == flat(settings) | flat(changes)


def test_a_section_and_a_setting_of_it_are_one_section() -> None:
    assert nested({"a": {"b": 1}, "a.c": 2}) == {"a": {"b": 1, "c": 2}}


def test_a_setting_that_is_not_stated_has_the_default_or_is_an_error() -> None:
    assert value_of("a.b", {"a": {"b": None}}, 1) is None
    assert value_of("a.b.c", {"a": {"b": 2}}, 1) == 1
    with pytest.raises(KeyError):
        value_of("a.b", {})


def test_the_published_value_holds_where_it_is_asked_for_and_nothing_is_stated() -> None:
    assert with_published({"published": True, "a": 1}, {"a": 2, "b": 3}) == {
        "published": True,
        "a": 1,
        "b": 3,
    }
    assert with_published({"a": 1}, {"b": 3}) == {"a": 1}
