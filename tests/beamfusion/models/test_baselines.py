"""The baselines of Table I as networks; tests/beamfusion/training/test_baseline_jobs.py runs them as jobs."""

from typing import Any

import pytest
import torch

from beamfusion.models.beam_predictor import BeamPredictor, count_parameters
from beamfusion.models.networks import KINDS, new_predictor
from beamfusion.settings import MODALITIES, parse_settings
from jobkit.errors import UserError
from tests.beamfusion.models.frames import Inputs, random_inputs

HISTORY = 3
LEARNT = ("gps_gru", "image_gps_cnn", "masked_transformer")
SEEN: dict[str, set[str]] = {
    "fusion": set(MODALITIES),
    "gps_least_squares": {"gps"},
    "gps_gru": {"gps"},
    "image_gps_cnn": {"image", "gps"},
    "masked_transformer": set(MODALITIES),
}


@pytest.fixture
def inputs() -> Inputs:
    return random_inputs(4, HISTORY)


def build(kind: str, *, horizon: int = 1, **changed: Any) -> BeamPredictor:
    torch.manual_seed(0)
    one = [1, 1, 1, 1]
    model = {
        "width": 8,
        "grid": 2,
        "layers": 1,
        "image_depths": one,
        "lidar_depths": one,
        "radar_depths": one,
    }
    document = {
        "model": {**model, "kind": kind, **changed},
        "data": {"history": HISTORY, "horizon": horizon},
    }
    predictor = new_predictor(parse_settings(document)).eval()
    if kind == "gps_least_squares":
        predictor.fit(torch.randn(20, 2, 2), torch.randint(64, (20, horizon) if horizon > 1 else (20,)))
    return predictor


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_predicts_from_what_it_looks_at_and_nothing_else(kind: str, inputs: Inputs) -> None:
    predictor = build(kind)
    logits = predictor(*inputs)
    assert logits.shape == (4, 64)
    matters = {m for m in MODALITIES if not torch.allclose(predictor(*inputs.changed(m)), logits)}
    assert matters == SEEN[kind] == set(predictor.present)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_modality_has_no_say_in_any_kind(kind: str, inputs: Inputs) -> None:
    predictor = build(kind)
    for modality in MODALITIES:
        without = predictor(*inputs, missing=(modality,))
        assert torch.equal(without, predictor(*inputs.changed(modality), missing=(modality,)))
        assert torch.allclose(without, predictor(*inputs)) == (modality not in SEEN[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_a_modality_that_the_settings_leave_out_has_no_say_in_any_kind(kind: str, inputs: Inputs) -> None:
    predictor = build(kind, modalities=["gps"])
    assert predictor.present == ("gps",)
    assert torch.equal(predictor(*inputs), predictor(*inputs.changed("image", "lidar", "radar")))


@pytest.mark.parametrize("kind", LEARNT)
def test_every_parameter_of_a_baseline_is_trained(kind: str, inputs: Inputs) -> None:
    predictor = build(kind, modality_dropout=0.0).train()
    predictor(*inputs).square().sum().backward()
    assert [name for name, parameter in predictor.named_parameters() if parameter.grad is None] == []


@pytest.mark.parametrize("horizon", [1, 5])
@pytest.mark.parametrize("kind", ["fusion", *LEARNT])
def test_every_beam_starts_at_the_prior(kind: str, horizon: int, inputs: Inputs) -> None:
    probabilities = build(kind, prior=0.02, horizon=horizon)(*inputs).detach().sigmoid()
    first = probabilities if horizon == 1 else probabilities[:, 0]
    assert float(first.mean()) == pytest.approx(0.02, rel=0.3)
    assert float(probabilities.mean()) < 0.06


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_forecast(kind: str, inputs: Inputs) -> None:
    assert build(kind, horizon=5)(*inputs).shape == (4, 5, 64)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_computes_in_float64_and_under_bfloat16_autocast(kind: str, inputs: Inputs) -> None:
    predictor = build(kind)
    expected = predictor(*inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        error = (predictor(*inputs) - expected).detach().abs().max()
    assert float(error / expected.detach().abs().max()) < 0.1
    torch.testing.assert_close(predictor.double()(*inputs).float(), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_modules_of_every_kind_add_up_to_its_total(kind: str) -> None:
    predictor = build(kind)
    counts = count_parameters(predictor)
    total = counts.pop("total")
    assert total == sum(counts.values())
    assert total == sum(p.numel() for p in predictor.parameters()) + (kind == "gps_least_squares") * 3


@pytest.mark.parametrize(
    ("kind", "modalities"),
    [("gps_gru", ["image"]), ("gps_least_squares", ["lidar"]), ("image_gps_cnn", ["lidar", "radar"])],
)
def test_a_baseline_without_its_modalities_is_an_error(kind: str, modalities: list[str]) -> None:
    with pytest.raises(UserError, match=rf"model\.modalities: {kind} looks at .*found {modalities[0]}"):
        build(kind, modalities=modalities)


def test_the_image_gps_network_sees_the_last_image_only(inputs: Inputs) -> None:
    predictor = build("image_gps_cnn")
    earlier, last = inputs.image.clone(), inputs.image.clone()
    earlier[:, :-1] = 0
    last[:, -1] = 0
    assert torch.equal(predictor(earlier, *list(inputs)[1:]), predictor(*inputs))
    assert not torch.allclose(predictor(last, *list(inputs)[1:]), predictor(*inputs))


def test_the_gru_reads_the_fixes_in_their_order(inputs: Inputs) -> None:
    predictor = build("gps_gru")
    backward = predictor(inputs.image, inputs.lidar, inputs.radar, inputs.gps.flip(1))
    assert not torch.allclose(backward, predictor(*inputs))


def test_the_masked_transformer_has_a_token_per_frame_and_fix_and_one_more() -> None:
    assert build("masked_transformer").tokens == 1 + 3 * HISTORY + 2
    assert build("masked_transformer", modalities=["radar", "gps"]).tokens == 1 + HISTORY + 2


def test_the_layers_of_the_masked_transformer_start_apart() -> None:
    first, second = build("masked_transformer", layers=2).transformer.layers
    for name, weight in first.named_parameters():
        assert weight.ndim < 2 or not torch.equal(weight, second.get_parameter(name)), name


def test_the_masked_transformer_leaves_out_what_is_missing_whatever_the_filler(inputs: Inputs) -> None:
    predictor = build("masked_transformer")
    zeros = predictor(*inputs, missing=("image", "gps"), fill="zeros")
    assert torch.equal(zeros, predictor(*inputs, missing=("image", "gps"), fill="random"))
    smaller = build("masked_transformer", modalities=["lidar", "radar"])
    smaller.load_state_dict(predictor.state_dict(), strict=False)
    torch.testing.assert_close(zeros, smaller(*inputs))


def test_the_masked_transformer_predicts_the_same_for_everyone_when_all_is_missing(inputs: Inputs) -> None:
    logits = build("masked_transformer")(*inputs, missing=MODALITIES)
    torch.testing.assert_close(logits, logits[:1].expand(4, 64))


def test_modalities_are_hidden_in_training_as_often_as_the_settings_say_and_never_all() -> None:
    predictor = build("masked_transformer", modality_dropout=0.25).train()
    hidden = predictor.hide(20_000, MODALITIES)
    assert float(hidden.float().mean()) == pytest.approx(0.25, abs=0.01)
    assert not hidden.all(1).any()
    assert not build("masked_transformer", modality_dropout=0.9).train().hide(2000, ["gps"]).any()
    assert not predictor.eval().hide(2000, MODALITIES).any()


def test_a_hidden_modality_has_no_say_in_training_either(inputs: Inputs) -> None:
    predictor = build("masked_transformer", dropout=0.0).train()
    hide_image = torch.tensor([[True, False, False, False]]).expand(4, 4)
    predictor.hide = lambda samples, seen: hide_image  # type: ignore[method-assign]
    a, b = predictor(*inputs), predictor(*inputs.changed("image"))
    torch.testing.assert_close(a, b)
