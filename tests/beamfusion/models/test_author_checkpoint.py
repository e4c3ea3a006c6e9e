from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from beamfusion.models.author_checkpoint import (
    alternatives,
    author_name,
    history_of,
    load_tensors,
    recognise,
)
from beamfusion.models.predictor import Predictor
from beamfusion.settings import Model
from jobkit.errors import UserError

GOLDEN = Path(__file__).parents[2] / "golden"
FORECAST = "forecast_bimamba_mamba"
NETWORKS: dict[str, dict[str, Any]] = {
    "csbimamba_attenmamba": {},
    "bimamba_mamba": {"feature_fusion": "bimamba", "time_fusion": "mamba"},
    "transformer_sum": {"feature_fusion": "transformer", "time_fusion": "sum"},
    FORECAST: {"feature_fusion": "bimamba", "time_fusion": "mamba"},
}


def shapes(name: str) -> dict[str, tuple[int, ...]]:
    lines = (GOLDEN / f"weights_{name}.tsv").read_text().splitlines()
    rows = (line.split("\t") for line in lines)
    return {tensor: tuple(int(side) for side in shape.split("x") if side) for tensor, shape in rows}


def build_paper_size(name: str) -> Predictor:
    """Build a network at full size and without memory, on the meta device."""
    model = Model(published=True, **NETWORKS[name])
    with torch.device("meta"):
        return Predictor(model, history=10 if name == FORECAST else 5, horizon=5 if name == FORECAST else 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_published_tensor_is_one_of_ours_with_the_same_shape(name: str) -> None:
    predictor = build_paper_size(name)
    ours = {
        author_name(tensor, predictor.model): tuple(value.shape)
        for tensor, value in predictor.state_dict().items()
    }
    assert ours == shapes(name)


def build_small() -> Predictor:
    one = (1, 1, 1, 1)
    model = Model(
        published=True, width=4, grid=1, layers=1, image_depths=one, lidar_depths=one, radar_depths=one
    )
    return Predictor(model, history=2)


def author_tensors(predictor: Predictor) -> dict[str, Tensor]:
    return {author_name(name, predictor.model): x for name, x in predictor.state_dict().items()}


def test_an_author_checkpoint_is_loaded_tensor_by_tensor() -> None:
    source, target = build_small(), build_small()
    assert load_tensors(target, author_tensors(source), "best.pth") == []
    for name, tensor in target.state_dict().items():
        assert torch.equal(tensor, source.state_dict()[name]), name


def test_all_that_does_not_fit_is_listed_and_nothing_is_loaded() -> None:
    predictor = build_small()
    before = {name: tensor.clone() for name, tensor in predictor.state_dict().items()}
    tensors = {author_name(name, predictor.model): x + 1 for name, x in before.items()}
    tensors["join.0.bias"] = torch.zeros(3)
    tensors["decoder.bias_hh"] = torch.zeros(1)
    del tensors["join.2.bias"]
    with pytest.raises(UserError) as error:
        load_tensors(predictor, tensors, "best.pth")
    assert error.value.lines == [
        "best.pth: no tensor join.2.bias",
        "best.pth: join.0.bias has shape [3]; expected [16]",
        "best.pth: tensor decoder.bias_hh has no place in the network",
    ]
    assert all(torch.equal(x, before[name]) for name, x in predictor.state_dict().items())


def test_a_tensor_without_a_place_is_told_and_left_out() -> None:
    predictor = build_small()
    tensors = {**author_tensors(predictor), "decoder.bias_hh": torch.zeros(1)}
    assert load_tensors(predictor, tensors, "best.pth") == [
        "best.pth: tensor decoder.bias_hh has no place in the network"
    ]


def test_a_checkpoint_of_an_old_pytorch_counts_no_batches() -> None:
    source, target = build_small(), build_small()
    tensors = {k: x for k, x in author_tensors(source).items() if "num_batches_tracked" not in k}
    remarks = load_tensors(target, tensors, "best.pth")
    assert remarks[0].endswith("num_batches_tracked; counting starts at 0")
    assert torch.equal(target.head[0].weight, source.head[0].weight)


def test_of_another_network_not_every_tensor_is_listed() -> None:
    with pytest.raises(UserError) as error:
        load_tensors(build_small(), {}, "best.pth")
    assert len(error.value.lines) == 21
    assert error.value.lines[-1].endswith("more")


@pytest.mark.parametrize("name", NETWORKS)
def test_an_author_checkpoint_tells_its_network_history_and_horizon(name: str) -> None:
    tensors = {tensor: torch.empty(shape, device="meta") for tensor, shape in shapes(name).items()}
    actual = recognise(tensors, "best.pth")
    defaults = {"feature_fusion": "csbimamba", "time_fusion": "attenmamba"}
    assert actual["model"] == {**defaults, **NETWORKS[name]}
    assert actual["data"] == {"horizon": 5 if name == FORECAST else 1}
    model = Model(published=True, **actual["model"])
    assert history_of(tensors, model, "best.pth") == (10 if name == FORECAST else 5)


def test_the_tii_network_with_a_tfm_kept_unused_is_recognised() -> None:
    tii, ours = shapes("transformer_sum"), shapes("csbimamba_attenmamba")
    time = {name: shape for name, shape in ours.items() if name.startswith("encoder.time_mamba")}
    tensors = {name: torch.empty(shape, device="meta") for name, shape in {**tii, **time}.items()}
    actual = recognise(tensors, "best.pth")["model"]
    assert actual == {"feature_fusion": "transformer", "time_fusion": "sum"}
    assert alternatives(tensors, actual) == {"time_fusion": "attenmamba"}


def test_a_network_with_one_direction_is_recognised() -> None:
    names = [name for name in shapes("bimamba_mamba") if ".backward_mamba." not in name]
    actual = recognise(dict.fromkeys(names, torch.zeros(1)), "best.pth")
    assert actual["model"] == {"feature_fusion": "mamba", "time_fusion": "mamba"}


@pytest.mark.parametrize(
    "names", [[], ["conv1.weight"], ["encoder.transformer1.x", "encoder.mambafusion1.x"]]
)
def test_what_is_no_published_network_is_refused(names: list[str]) -> None:
    with pytest.raises(UserError, match=r"best\.pth: is no author checkpoint"):
        recognise(dict.fromkeys(names, torch.zeros(1)), "best.pth")


def test_a_number_of_tokens_that_no_history_has_is_refused() -> None:
    tensors = {"encoder.mambafusion1.pos_emb": torch.zeros(1, 963, 64)}
    with pytest.raises(UserError, match=r"is for 963 tokens; expected 2 and a multiple of 192"):
        history_of(tensors, Model(published=True), "best.pth")
