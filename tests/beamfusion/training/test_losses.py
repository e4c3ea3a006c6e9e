import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from beamfusion.settings import Train
from beamfusion.training.losses import focal_loss, soft_targets
from beamfusion.training.train import beam_loss

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/loss.json").read_text())


def test_soft_targets_are_the_published_ones() -> None:
    targets = soft_targets(torch.tensor(GOLDEN["beams"]))
    np.testing.assert_allclose(targets.numpy(), GOLDEN["soft_targets"], atol=1e-7)


def test_the_loss_is_the_published_one() -> None:
    targets = soft_targets(torch.tensor(GOLDEN["beams"]))
    loss = focal_loss(torch.tensor(GOLDEN["logits"]), targets)
    assert loss.item() == pytest.approx(GOLDEN["focal_loss"], rel=1e-6)


@given(beam=st.integers(0, 63), sigma=st.floats(0.1, 5))
def test_a_soft_target_is_a_cut_gaussian_of_the_published_height(beam: int, sigma: float) -> None:
    distance = np.arange(64) - beam
    height = 1.25 * stats.norm.pdf(0, scale=0.5)
    bell = height * np.exp(-(distance**2) / (2 * sigma**2)) * (np.abs(distance) <= 5)
    target = soft_targets(torch.tensor([beam]), sigma)[0].numpy()
    np.testing.assert_allclose(target, bell, rtol=1e-4, atol=1e-7)
    assert 0 <= target.min() <= target.max() <= 1


def test_soft_targets_of_several_steps_keep_their_shape() -> None:
    beams = torch.tensor([[3, 4], [60, 0]])
    assert soft_targets(beams).shape == (2, 2, 64)
    assert torch.equal(soft_targets(beams)[1, 0], soft_targets(torch.tensor(60)))


def test_a_forecast_s_loss_is_the_mean_of_its_steps() -> None:
    random = np.random.default_rng(0)
    logits = torch.from_numpy(random.standard_normal((4, 3, 64)))
    beams = torch.from_numpy(random.integers(0, 64, (4, 3)))
    steps = [beam_loss(logits[:, step], beams[:, step], Train()) for step in range(3)]
    assert beam_loss(logits, beams, Train()).item() == pytest.approx(torch.stack(steps).mean().item())


@given(seed=st.integers(0, 2**32 - 1), gamma=st.floats(0, 4), alpha=st.floats(0, 1))
def test_the_loss_agrees_with_its_definition(seed: int, gamma: float, alpha: float) -> None:
    random = np.random.default_rng(seed)
    logits, target = 4 * random.standard_normal((3, 64)), random.random((3, 64))
    p = 1 / (1 + np.exp(-logits))
    cross_entropy = -(target * np.log(p) + (1 - target) * np.log(1 - p))
    p_true = target * p + (1 - target) * (1 - p)
    weight = alpha * target + (1 - alpha) * (1 - target)
    expected = (weight * (1 - p_true) ** gamma * cross_entropy).mean()
    loss = focal_loss(torch.from_numpy(logits), torch.from_numpy(target), gamma, alpha)
    assert loss.item() == pytest.approx(expected, rel=1e-9)


def test_a_certain_right_answer_costs_nothing_and_a_certain_wrong_one_stays_finite() -> None:
    target = torch.zeros(1, 64)
    target[0, 5] = 1
    sure = torch.full((1, 64), -200.0)
    sure[0, 5] = 200
    assert focal_loss(sure, target).item() == 0
    assert focal_loss(-sure, target).isfinite()


def test_half_precision_logits_are_scored_in_single_precision() -> None:
    logits = torch.tensor(GOLDEN["logits"])
    targets = soft_targets(torch.tensor(GOLDEN["beams"]))
    loss = focal_loss(logits.bfloat16(), targets)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(GOLDEN["focal_loss"], rel=0.01)
