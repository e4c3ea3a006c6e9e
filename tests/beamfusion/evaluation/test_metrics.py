import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from beamfusion.evaluation.metrics import scores, scores_by_sample

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/dba.json").read_text())

samples = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        arrays(np.int64, (n, 3), elements=st.integers(0, 63)),
        arrays(np.int64, n, elements=st.integers(0, 63)),
        arrays(np.int64, n, elements=st.sampled_from([31, 32, 33, 34])),
    )
)


def one_scenario(top3: Any, truth: Any) -> dict[str, dict[str, float]]:
    return scores(np.array(top3), np.array(truth), np.full(len(truth), 31))


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{len(case['truth'])} samples")
def test_scores_are_the_published_ones(case: dict[str, Any]) -> None:
    result = one_scenario(case["top3"], case["truth"])
    assert result["dba"]["overall"] == pytest.approx(case["dba"], rel=1e-12)
    accuracy = [result[f"top{k}"]["overall"] for k in (1, 2, 3)]
    assert accuracy == pytest.approx(case["accuracy"], abs=5e-5)


@given(samples)
def test_scores_are_the_means_of_the_samples(sample: tuple[Any, Any, Any]) -> None:
    top3, truth, scenario = sample
    by_sample = scores_by_sample(top3, truth)
    for metric, actual in scores(top3, truth, scenario).items():
        assert by_sample[metric].mean() == pytest.approx(actual["overall"])
        for number in set(scenario.tolist()):
            assert by_sample[metric][scenario == number].mean() == pytest.approx(actual[f"scenario{number}"])


def test_a_forecasts_sample_scores_the_mean_of_its_steps() -> None:
    draw = np.random.default_rng(0)
    top3, truth, scenario = draw.integers(0, 64, (9, 4, 3)), draw.integers(0, 64, (9, 4)), np.full(9, 31)
    by_sample, actual = scores_by_sample(top3, truth), scores(top3, truth, scenario)
    assert by_sample["dba"].mean() == pytest.approx(actual["dba"]["overall"])
    assert by_sample["dba.step3"].mean() == pytest.approx(actual["dba"]["step3"])
    assert by_sample["top2.step4"].mean() == pytest.approx(actual["top2"]["step4"])


@given(samples)
def test_dba_agrees_with_its_definition(sample: tuple[Any, Any, Any]) -> None:
    top3, truth, scenario = sample
    y = []
    for k in (1, 2, 3):
        penalties = [
            min(min(abs(int(beam) - int(true)) / 5, 1) for beam in beams[:k])
            for beams, true in zip(top3, truth, strict=True)
        ]
        y.append(1 - sum(penalties) / len(truth))
    assert scores(top3, truth, scenario)["dba"]["overall"] == pytest.approx(sum(y) / 3)


@given(samples)
def test_overall_is_the_mean_of_the_scenarios_weighted_by_samples(sample: tuple[Any, Any, Any]) -> None:
    top3, truth, scenario = sample
    for metric in scores(top3, truth, scenario).values():
        parts = [metric[f"scenario{number}"] for number in scenario]
        assert metric["overall"] == pytest.approx(np.mean(parts))


forecasts = st.tuples(st.integers(1, 12), st.integers(2, 6)).flatmap(
    lambda size: st.tuples(
        arrays(np.int64, (*size, 3), elements=st.integers(0, 63)),
        arrays(np.int64, size, elements=st.integers(0, 63)),
        arrays(np.int64, size[0], elements=st.sampled_from([31, 32])),
    )
)


@given(forecasts)
def test_a_forecast_pools_its_steps_and_scores_each(forecast: tuple[Any, Any, Any]) -> None:
    top3, truth, scenario = forecast
    actual = scores(top3, truth, scenario)
    for metric, parts in actual.items():
        names = {f"scenario{number}" for number in scenario} | {f"step{k + 1}" for k in range(truth.shape[1])}
        assert set(parts) == {"overall"} | names
        for step in range(truth.shape[1]):
            alone = scores(top3[:, step], truth[:, step], scenario)[metric]["overall"]
            assert parts[f"step{step + 1}"] == pytest.approx(alone)
        steps = [parts[f"step{k + 1}"] for k in range(truth.shape[1])]
        assert parts["overall"] == pytest.approx(np.mean(steps))
        for number in set(scenario.tolist()):
            here = scenario == number
            alone = [
                scores(top3[row], truth[row], np.full(truth.shape[1], number))[metric]["overall"]
                for row in np.flatnonzero(here)
            ]
            assert parts[f"scenario{number}"] == pytest.approx(np.mean(alone))


@given(samples)
def test_only_scenarios_that_occur_are_scored(sample: tuple[Any, Any, Any]) -> None:
    expected = {"overall"} | {f"scenario{number}" for number in sample[2]}
    assert all(set(metric) == expected for metric in scores(*sample).values())


@given(samples)
def test_accuracy_grows_with_k_and_dba_stays_between_its_bounds(sample: tuple[Any, Any, Any]) -> None:
    result = scores(*sample)
    assert 0 <= result["top1"]["overall"] <= result["top2"]["overall"] <= result["top3"]["overall"] <= 100
    assert 0 <= result["dba"]["overall"] <= 1


@given(samples)
def test_mirroring_the_codebook_changes_nothing(sample: tuple[Any, Any, Any]) -> None:
    top3, truth, scenario = sample
    assert scores(63 - top3, 63 - truth, scenario) == scores(top3, truth, scenario)


def test_a_right_first_beam_is_a_perfect_score_and_the_codebook_is_no_circle() -> None:
    perfect = one_scenario([[9, 40, 41]], [9])
    assert (perfect["dba"]["overall"], perfect["top1"]["overall"]) == (1, 100)
    assert one_scenario([[63, 62, 61]], [0])["dba"]["overall"] == 0


def test_small_unsigned_beams_do_not_wrap_around() -> None:
    top3, truth = np.array([[3, 4, 5]], dtype=np.uint8), np.array([5], dtype=np.uint8)
    assert scores(top3, truth, np.array([31])) == one_scenario([[3, 4, 5]], [5])


def test_scores_are_plain_numbers_that_json_can_hold() -> None:
    result = one_scenario([[1, 2, 3]], [1])
    assert json.loads(json.dumps(result)) == result


@pytest.mark.parametrize(
    ("top3", "truth"),
    [
        (np.zeros((0, 3)), []),
        (np.zeros((2, 2)), [1, 2]),
        ([[1, 2, 3]], [1, 2]),
        ([[1, 2, 3]], [[1]]),
    ],
)
def test_no_samples_or_shapes_that_disagree_are_refused(top3: Any, truth: Any) -> None:
    with pytest.raises(ValueError, match=r"expected \(N, 3\)"):
        one_scenario(top3, truth)
