"""What a metric names in a job's result."""

import pytest

from jobkit.result import Cost, Result
from papermatrix.config.metric import parse_metric
from papermatrix.results.score import score

RESULT = Result(
    stage="taste",
    id="a",
    scores={
        "dba": {"overall": 0.9, "scenario31": 0.8},
        "fps": 12,
        "groups": {"a": 1},
        "empty": None,
        "right": True,
        "huge": 10**400,
        "infinite": float("inf"),
        "undefined": float("nan"),
    },
    cost=Cost(device_hours=0.25),
)


def value(text: str) -> float | None:
    return score(parse_metric(text, ["dry", "taste"], "taste"), RESULT)


def test_a_metric_names_a_score() -> None:
    assert value("fps") == 12.0
    assert value("dba.scenario31") == 0.8


def test_a_group_of_scores_stands_for_its_overall() -> None:
    assert value("dba") == 0.9


def test_a_stage_may_be_named_first() -> None:
    metric = parse_metric("dry.dba", ["dry", "taste"], "taste")
    assert (metric.stage, metric.path, metric.name) == ("dry", ("dba",), "dry.dba")


def test_costs_are_named_by_cost() -> None:
    assert value("cost.device_hours") == 0.25


def test_a_score_that_is_null_is_absent() -> None:
    assert value("empty") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dbaa", "dbaa; did you mean dba?"),
        ("dba.scenario32", "scenario32; did you mean scenario31?"),
        ("groups", "groups but a group of that name; expected one of a"),
        ("right", "right that is a number"),
        ("huge", "huge that is a finite number"),
        ("infinite", "infinite that is a finite number"),
        ("undefined", "undefined that is a finite number"),
    ],
)
def test_a_score_that_is_not_there_is_named_with_what_is(text: str, message: str) -> None:
    with pytest.raises(KeyError) as caught:
        value(text)
    assert caught.value.args[0] == message


@pytest.mark.parametrize("text", ["taste.", "cost", "cost.device_hour", "dba..a", "other.cost.seconds"])
def test_what_can_be_no_metric_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"unknown|expected"):
        parse_metric(text, ["dry", "taste"], "taste")
