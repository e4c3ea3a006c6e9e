"""Which names a pattern of scores stands for."""

import pytest

from papermatrix.config.score_pattern import parse_pattern

STEPS = "dba.step{1..data.horizon}"
UNSEEN = "dba.scenario{data.unseen}"


@pytest.mark.parametrize(
    ("pattern", "name", "stands_for_it"),
    [
        ("dba", "dba", True),
        ("dba", "dba.overall", True),
        ("dba.overall", "dba", True),
        ("dba", "dba.scenario31", False),
        ("dba.scenario{31..34}", "dba.scenario34", True),
        ("dba.scenario{31..34}", "dba.scenario35", False),
        ("dba.scenario{31..34}", "dba.scenario031", False),
        ("dba.scenario{31..34}", "dba", False),
        ("{dba,top1}.part{1..2}", "top1.part2", True),
        ("{dba,top1}.part{1..2}", "top2.part2", False),
        ("windows.*", "windows.train", True),
        ("windows.*", "windows", False),
        ("windows.*", "windows.train.all", False),
        ("top*", "top3", True),
        ("d.a", "dba", False),
    ],
)
def test_braces_are_alternatives_and_a_star_is_one_step(pattern: str, name: str, stands_for_it: bool) -> None:
    assert parse_pattern(pattern).matches(name, {}) == stands_for_it


def test_a_setting_in_braces_is_its_value() -> None:
    steps, unseen = parse_pattern(STEPS), parse_pattern(UNSEEN)
    assert steps.matches("dba.step5", {"data.horizon": [5]})
    assert not steps.matches("dba.step6", {"data.horizon": [5]})
    assert unseen.matches("dba.scenario31", {"data.unseen": [31, 32]})
    assert not unseen.matches("dba.scenario33", {"data.unseen": [31, 32]})
    assert (steps.keys, unseen.keys) == (("data.horizon",), ("data.unseen",))


def test_a_setting_of_which_nothing_is_known_can_be_anything() -> None:
    assert parse_pattern(STEPS).matches("dba.step99", {})
    assert not parse_pattern(STEPS).matches("dba.step0", {})
    assert not parse_pattern(STEPS).matches("dba.stepp", {})
    assert parse_pattern(UNSEEN).matches("dba.scenario99", {})


def test_hints_have_the_names() -> None:
    assert parse_pattern("{dba,top1}.overall").names({}) == ["dba", "top1"]
    assert parse_pattern("dba.scenario{31..33}").names({})[-1] == "dba.scenario33"
    assert parse_pattern(STEPS).names({}) == ["dba.step*"]
    assert parse_pattern(UNSEEN).names({"data.unseen": [31, 32]}) == ["dba.scenario31", "dba.scenario32"]
    assert len(parse_pattern("a{1..999999999}").names({})) == 1000


@pytest.mark.parametrize("text", ["", "a..b", ".a", "{a", "a}", "{}", "a{1..}", "a b", "a{3}", "{a b,c}"])
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a score's name, or a pattern such as"):
        parse_pattern(text)
