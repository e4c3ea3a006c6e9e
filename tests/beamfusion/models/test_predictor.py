from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from beamfusion.models.beam_predictor import count_parameters
from beamfusion.models.encoders import start_from_imagenet
from beamfusion.models.predictor import Predictor
from beamfusion.settings import MODALITIES, Modality, Model
from tests.beamfusion.models.frames import Inputs, random_inputs

Build = Callable[..., Predictor]
FEATURE_FUSIONS = ("transformer", "mamba", "bimamba", "csbimamba")
TIME_FUSIONS = ("sum", "mamba", "attenmamba")
TRANSFORMER_SUM = {"feature_fusion": "transformer", "time_fusion": "sum"}
HISTORY = 3
ONE_BLOCK = (1, 1, 1, 1)


def tiny_settings(**changed: Any) -> Model:
    tiny = {"width": 8, "grid": 2, "layers": 1, "image_depths": ONE_BLOCK, "lidar_depths": ONE_BLOCK}
    return Model(**{**tiny, "radar_depths": ONE_BLOCK, **changed})


@pytest.fixture
def tiny() -> Callable[..., Predictor]:
    """Build a tiny predictor in eval mode: `tiny(feature_fusion="transformer")`."""

    def build(*, horizon: int = 1, **changed: Any) -> Predictor:
        torch.manual_seed(0)
        return Predictor(tiny_settings(**changed), history=HISTORY, horizon=horizon).eval()

    return build


@pytest.fixture
def inputs() -> Inputs:
    return random_inputs(2, HISTORY)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, 103_461_924),
        ({"feature_fusion": "bimamba"}, 103_461_924),
        ({"flip_back": True, "residual": True, "keep_dt_bias": True}, 103_461_924),
        ({"norm": "channels"}, 88_700_964),
        ({"time_fusion": "sum"}, 101_767_168),
        (TRANSFORMER_SUM, 78_422_528),
        ({"modalities": ["image", "gps"]}, 81_118_308),
        ({"modalities": ["image", "lidar", "gps"]}, 103_461_924 - 11_173_376),
        ({"modalities": ["image", "radar", "gps"]}, 103_461_924 - 11_170_240),
        ({"modalities": ["lidar", "radar", "gps"]}, 103_461_924 - 21_284_672),
        ({"modalities": ["lidar", "radar", "gps"], **TRANSFORMER_SUM}, 57_137_856),
    ],
)
def test_a_published_network_has_the_published_number_of_parameters(
    settings: dict[str, Any], expected: int
) -> None:
    with torch.device("meta"):
        predictor = Predictor(Model(published=True, **settings), history=5)
    assert count_parameters(predictor)["total"] == expected


def test_a_forecast_has_the_published_number_of_parameters() -> None:
    model = Model(published=True, feature_fusion="bimamba", time_fusion="mamba")
    with torch.device("meta"):
        predictor = Predictor(model, history=10, horizon=5)
    assert count_parameters(predictor)["total"] == 119_158_208


@pytest.mark.parametrize(
    ("feature_fusion", "stages"),
    [
        ("csbimamba", [1_635_584, 4_221_440, 12_243_968, 39_692_288]),
        ("transformer", [461_568, 1_709_568, 6_564_864, 25_712_640]),
    ],
)
def test_every_module_has_the_published_number_of_parameters(feature_fusion: str, stages: list[int]) -> None:
    with torch.device("meta"):
        predictor = Predictor(Model(published=True, feature_fusion=feature_fusion), history=5)
    counts = count_parameters(predictor)
    total = counts.pop("total")
    assert counts == {
        "image_encoder": 21_284_672,
        "lidar_encoder": 11_170_240,
        "radar_encoder": 11_173_376,
        "gps_encoder": 192 + 8_320 + 33_024 + 131_584,
        **{f"feature_fusion{stage}": count for stage, count in enumerate(stages, start=1)},
        "time_fusion": 1_694_756,
        "head": 172_480,
    }
    assert total == sum(counts.values())


@pytest.mark.parametrize("feature_fusion", FEATURE_FUSIONS)
@pytest.mark.parametrize("time_fusion", TIME_FUSIONS)
def test_every_pair_of_fusions_predicts_and_has_no_idle_parameter(
    tiny: Build, inputs: Inputs, feature_fusion: str, time_fusion: str
) -> None:
    predictor = tiny(feature_fusion=feature_fusion, time_fusion=time_fusion).train()
    logits = predictor(*inputs)
    assert logits.shape == (2, 64)
    logits.square().sum().backward()
    assert [name for name, parameter in predictor.named_parameters() if parameter.grad is None] == []


@pytest.mark.parametrize("absent", ["drop", "constant"])
@pytest.mark.parametrize("modalities", [("image", "gps"), ("lidar", "radar")])
@pytest.mark.parametrize("feature_fusion", FEATURE_FUSIONS)
@pytest.mark.parametrize("time_fusion", TIME_FUSIONS)
def test_every_pair_of_fusions_goes_without_a_modality_either_way(
    tiny: Build,
    inputs: Inputs,
    feature_fusion: str,
    time_fusion: str,
    modalities: tuple[Modality, ...],
    absent: str,
) -> None:
    pair = {"feature_fusion": feature_fusion, "time_fusion": time_fusion}
    predictor = tiny(**pair, modalities=modalities, absent=absent).train()
    predictor(*inputs).square().sum().backward()
    assert [name for name, parameter in predictor.named_parameters() if parameter.grad is None] == []
    whole, part = count_parameters(tiny(**pair)), count_parameters(predictor)
    encoders = {f"{modality}_encoder" for modality in MODALITIES}
    left = {name: count for name, count in part.items() if name in encoders and count}
    seen = {f"{modality}_encoder" for modality in modalities}
    assert left == {name: whole[name] for name in seen}
    if absent == "constant":
        assert part["total"] == whole["total"] - sum(whole[name] for name in encoders - seen)
    else:
        assert part["total"] == sum(parameter.numel() for parameter in predictor.parameters())


@pytest.mark.parametrize(
    "modalities", [("image", "gps"), ("lidar", "radar"), ("radar",), ("gps",), ("lidar", "radar", "gps")]
)
def test_a_modality_that_is_dropped_has_no_say(
    tiny: Build, inputs: Inputs, modalities: tuple[Modality, ...]
) -> None:
    predictor = tiny(modalities=modalities)
    other = Inputs(
        **{m: getattr(inputs, m) if m in modalities else getattr(inputs, m) + 1 for m in MODALITIES}
    )
    assert torch.equal(predictor(*inputs), predictor(*other))
    assert set(predictor.encoders) == set(modalities) - {"gps"}


def test_a_modality_that_is_constant_is_fed_zeros_whatever_comes(tiny: Build, inputs: Inputs) -> None:
    constant = tiny(modalities=("image", "gps"), absent="constant")
    full = tiny()
    full.load_state_dict(constant.state_dict())
    expected = full(*inputs, missing=("lidar", "radar"))
    assert torch.equal(constant(*inputs), expected)
    assert torch.equal(constant(*inputs, missing=("lidar",), fill="random"), expected)


def test_each_modality_matters(tiny: Build, inputs: Inputs) -> None:
    predictor = tiny()
    whole = predictor(*inputs)
    for modality in MODALITIES:
        assert not torch.allclose(predictor(*inputs, missing=(modality,)), whole, atol=1e-7), modality


def test_a_missing_image_is_the_mean_colour_of_imagenet(tiny: Build, inputs: Inputs) -> None:
    predictor = tiny()
    mean = 255 * torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1).expand_as(inputs.image)
    torch.testing.assert_close(
        predictor(*inputs, missing=("image",)), predictor(mean, inputs.lidar, inputs.radar, inputs.gps)
    )


def test_images_are_normalised_as_for_imagenet(tiny: Build, inputs: Inputs) -> None:
    predictor = tiny()
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    expected = (inputs.image / 255 - mean) / std
    torch.testing.assert_close(predictor.normalise("image", inputs.image), expected)
    whole = inputs.image.byte()
    torch.testing.assert_close(predictor.normalise("image", whole), (whole / 255 - mean) / std)


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_missing_modality_has_no_say(tiny: Build, inputs: Inputs, modality: Modality) -> None:
    predictor = tiny()
    other = Inputs(**{m: getattr(inputs, m) + (m == modality) for m in MODALITIES})
    assert not torch.equal(predictor(*inputs), predictor(*other))
    assert torch.equal(
        predictor(*inputs, missing=(modality,)), predictor(*other, missing=(modality,))
    )  # fmt: skip


def test_noise_is_the_same_from_the_same_seed_and_fresh_without_one(tiny: Build, inputs: Inputs) -> None:
    predictor = tiny()

    def noisy(seed: int | None) -> Tensor:
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        missing: tuple[Modality, ...] = ("image", "gps")
        return predictor(*inputs, missing=missing, fill="random", generator=generator)

    assert torch.equal(noisy(1), noisy(1))
    assert not torch.equal(noisy(1), noisy(2))
    assert not torch.equal(noisy(None), noisy(None))


def test_noise_stands_in_after_normalisation(inputs: Inputs, tiny: Build) -> None:
    predictor = tiny()
    filled = predictor(
        *inputs, missing=("lidar",), fill="random", generator=torch.Generator().manual_seed(7)
    )  # fmt: skip
    noise = torch.rand(inputs.lidar.shape, generator=torch.Generator().manual_seed(7))
    assert torch.equal(filled, predictor(inputs.image, noise, inputs.radar, inputs.gps))


def test_rebuilt_features_stand_in_for_the_first_stage(tiny: Build, inputs: Inputs) -> None:
    predictor = tiny()
    features = {"lidar": predictor.encoders["lidar"].stage(1, inputs.lidar.flatten(0, 1))}
    assert features["lidar"].shape == (2 * HISTORY, 8, 8, 8)
    rebuilt = predictor(*inputs, missing=("lidar",), rebuilt=features)
    assert torch.equal(rebuilt, predictor(*inputs))
    assert not torch.equal(rebuilt, predictor(*inputs, missing=("lidar",)))


@pytest.mark.parametrize(("word", "value"), [("missing", ("lidr",)), ("fill", "zero")])
def test_an_unknown_word_is_refused(tiny: Build, inputs: Inputs, word: str, value: Any) -> None:
    with pytest.raises(ValueError, match=word):
        tiny()(*inputs, **{word: value})


def test_samples_of_a_batch_do_not_meet_in_eval_mode(tiny: Build, inputs: Inputs) -> None:
    predictor = tiny(norm="tokens")
    one = [x[1:] for x in inputs]
    torch.testing.assert_close(predictor(*one), predictor(*inputs)[1:], rtol=1e-4, atol=1e-6)


def test_a_forecast_has_logits_for_every_step(tiny: Build, inputs: Inputs) -> None:
    assert tiny(horizon=5)(*inputs).shape == (2, 5, 64)


@pytest.mark.parametrize("feature_fusion", FEATURE_FUSIONS)
def test_float32_agrees_with_float64(tiny: Build, inputs: Inputs, feature_fusion: str) -> None:
    predictor = tiny(feature_fusion=feature_fusion)
    single = predictor(*inputs)
    double = predictor.double()(*inputs)
    assert double.dtype == torch.float64
    torch.testing.assert_close(single.double(), double, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("feature_fusion", FEATURE_FUSIONS)
def test_bfloat16_autocast_trains_and_is_close(tiny: Build, inputs: Inputs, feature_fusion: str) -> None:
    predictor = tiny(feature_fusion=feature_fusion)
    expected = predictor(*inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = predictor(*inputs)
    error = (logits - expected).detach().abs().max() / expected.detach().abs().max()
    assert float(error) < 0.1
    logits.float().square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in predictor.parameters())


def test_frames_of_different_sizes_are_fused(tiny: Build, inputs: Inputs) -> None:
    larger = torch.rand(2, HISTORY, 3, 64, 64)
    assert tiny()(larger, inputs.lidar, inputs.radar, inputs.gps).shape == (2, 64)


def test_imagenet_weights_start_every_encoder(tmp_path: Path) -> None:
    settings = tiny_settings(
        width=64,
        image_depths=(2, 2, 2, 2),
        lidar_depths=(2, 2, 2, 2),
        radar_depths=(2, 2, 2, 2),
        time_fusion="sum",
    )
    predictor = Predictor(settings, history=2)
    weights = {name: x + 1 for name, x in predictor.encoders["image"].state_dict().items()}
    torch.save(weights, tmp_path / "resnet18.pth")
    start_from_imagenet(predictor, tmp_path)
    for modality, encoder in predictor.encoders.items():
        own = encoder.state_dict()
        same = {name for name in own if torch.equal(own[name], weights[name])}
        assert set(own) - same == ({"conv1.weight"} if modality != "image" else set())
