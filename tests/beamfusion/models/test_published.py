from pathlib import Path
from typing import Any

import pytest
import torch

from beamfusion.models.predictor import Predictor, build_predictor
from beamfusion.models.published import load_published, published_name
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
    """At full size and without memory, on the meta device."""
    model = Model(published=True, **NETWORKS[name])
    with torch.device("meta"):
        return build_predictor(
            model, history=10 if name == FORECAST else 5, horizon=5 if name == FORECAST else 1
        )


@pytest.mark.parametrize("name", NETWORKS)
def test_every_published_tensor_is_one_of_ours_with_the_same_shape(name: str) -> None:
    predictor = build_paper_size(name)
    ours = {
        published_name(tensor, predictor.model): tuple(value.shape)
        for tensor, value in predictor.state_dict().items()
    }
    assert ours == shapes(name)


def build_small() -> Predictor:
    one = (1, 1, 1, 1)
    model = Model(
        published=True, width=4, grid=1, layers=1, image_depths=one, lidar_depths=one, radar_depths=one
    )
    return build_predictor(model, history=2)


@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_published_checkpoint_is_loaded_with_or_without_its_prefix(prefix: str) -> None:
    source, target = build_small(), build_small()
    tensors = {prefix + published_name(name, source.model): x for name, x in source.state_dict().items()}
    load_published(target, tensors, "best.pth")
    for name, tensor in target.state_dict().items():
        assert torch.equal(tensor, source.state_dict()[name]), name


def test_all_that_does_not_fit_is_listed_and_nothing_is_loaded() -> None:
    predictor = build_small()
    before = {name: tensor.clone() for name, tensor in predictor.state_dict().items()}
    tensors = {published_name(name, predictor.model): x + 1 for name, x in before.items()}
    tensors["join.0.bias"] = torch.zeros(3)
    tensors["decoder.bias_hh"] = torch.zeros(1)
    del tensors["join.2.bias"]
    with pytest.raises(UserError) as error:
        load_published(predictor, tensors, "best.pth")
    assert error.value.faults == [
        "best.pth: no tensor join.2.bias",
        "best.pth: tensor decoder.bias_hh has no place in the network",
        "best.pth: join.0.bias has shape [3]; expected [16]",
    ]
    assert all(torch.equal(x, before[name]) for name, x in predictor.state_dict().items())
