"""The seven recipes by which the authors tried to train the MRM, each stated by settings alone."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from torch import Tensor

from beamfusion.stages.start import run_stage
from jobkit.result import read_result
from tests.beamfusion.tiny import with_changes

LIDAR, IMAGE = ["lidar"], ["image"]
RECIPES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "joint": (LIDAR, {"encoders": "fresh", "losses": {"pred": 1, "fusion": 0}}),
    "higher lr": (LIDAR, {"encoders": "fresh", "losses": {"pred": 1, "fusion": 0}, "lr": 1e-2}),
    "pretrained": (LIDAR, {"encoders": "trained", "losses": {"pred": 1, "fusion": 0}}),
    "frozen fusion": (LIDAR, {"predictor_lr": 0, "losses": {"fusion": 0}, "lr": 1e-2}),
    "small batch": (
        IMAGE,
        {"predictor_lr": 0, "batch_size": 2, "window_step": 8,
         "losses": {"fusion": 0, "trans": 5, "contrast": 0.5, "distance": 2}},
    ),
    "finetune fusion": (
        IMAGE,
        {"predictor_lr": 1e-3, "replace_probability": 1, "batch_size": 8,
         "losses": {"fusion": 1, "trans": 5, "contrast": 0, "distance": 0}},
    ),
    "gentle finetune": (
        IMAGE, {"batch_size": 8, "losses": {"fusion": 1, "trans": 5, "contrast": 0.05, "distance": 2}}
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def training(prepared_job: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recipes") / "train"
    settings = with_changes({"train.epochs": 1})
    run_stage("train", folder, settings, needs=prepared_job, device="cpu", threads=1)
    return folder


@pytest.fixture
def rebuild(training: Path, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Rebuild by a recipe, and score: the folder of the first; the second's lies beside it."""

    def run(missing: list[str], recipe: dict[str, Any]) -> Path:
        losses = recipe.get("losses", {})
        changes = {f"rebuild.{key}": value for key, value in recipe.items() if key != "losses"}
        changes |= {f"rebuild.losses.{name}": float(weight) for name, weight in losses.items()}
        changes |= {"rebuild.enabled": True, "missing.modalities": missing, "train.epochs": 1}
        settings = with_changes(changes)
        folder = tmp_path / "rebuild"
        run_stage("rebuild", folder, settings, needs=training, device="cpu", threads=1)
        run_stage("evaluate", tmp_path / "evaluate", settings, needs=folder, device="cpu", threads=1)
        return folder

    return run


def tensors(folder: Path, name: str) -> dict[str, Tensor]:
    actual: dict[str, Tensor] = torch.load(folder / "checkpoint.pt", weights_only=True)[name]
    return actual


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_trains_with_its_losses_and_is_scored(rebuild: Callable[..., Path], name: str) -> None:
    missing, recipe = RECIPES[name]
    folder = rebuild(missing, recipe)
    assert read_result(folder).status == "done"
    weights = {"fusion": 1, "trans": 1, "contrast": 1, "distance": 0.001, **recipe["losses"]}
    columns = set(next(csv.reader((folder / "steps.csv").open())))
    assert columns == {"step", "lr", "total"} | {term for term, weight in weights.items() if weight}
    scores = read_result(folder.parent / "evaluate").scores
    assert 0 <= scores["dba"]["overall"] <= 1
    table = pq.read_table(folder.parent / "evaluate" / "predictions.parquet")
    assert table.num_rows == scores["windows"]


def test_a_predictor_with_learning_rate_0_stays_as_it_is_to_the_bit(
    rebuild: Callable[..., Path], training: Path
) -> None:
    folder = rebuild(IMAGE, {"predictor_lr": 0, "losses": {"trans": 0, "contrast": 0, "distance": 0}})
    before, after = tensors(training, "predictor"), tensors(folder, "predictor")
    assert [name for name in before if not torch.equal(before[name], after[name])] == []


def test_a_predictor_with_a_learning_rate_is_finetuned(rebuild: Callable[..., Path], training: Path) -> None:
    folder = rebuild(IMAGE, {"predictor_lr": 1e-4})
    before, after = tensors(training, "predictor"), tensors(folder, "predictor")
    assert not torch.equal(before["head.0.weight"], after["head.0.weight"])


def first_stage(folder: Path, name: str) -> Tensor:
    return tensors(folder, "mrm")[f"encoders.{name}"]


def test_frozen_encoders_are_not_kept_twice(rebuild: Callable[..., Path]) -> None:
    mrm = tensors(rebuild(IMAGE, {}), "mrm")
    assert {name.partition(".")[0] for name in mrm} == {"heads", "translators"}


def test_trained_encoders_start_as_the_predictor_s_and_fresh_ones_do_not(
    rebuild: Callable[..., Path], training: Path, tmp_path: Path
) -> None:
    weight = "image.layer1.0.conv1.weight"
    start = tensors(training, "predictor")[f"encoders.{weight}"]
    slow = {"lr": 1e-9, "weight_decay": 0.0}
    trained = rebuild(IMAGE, {"encoders": "trained", **slow})
    torch.testing.assert_close(first_stage(trained, weight), start, atol=1e-5, rtol=0)
    trained.rename(tmp_path / "trained")
    (tmp_path / "evaluate").rename(tmp_path / "scored")
    fresh = rebuild(IMAGE, {"encoders": "fresh", **slow})
    assert float((first_stage(fresh, weight) - start).abs().max()) > 0.01


def test_encoders_of_its_own_are_trained_for_every_modality(
    rebuild: Callable[..., Path], training: Path
) -> None:
    own = tensors(rebuild(LIDAR, {"encoders": "trained"}), "mrm")
    names = [name for name in own if name.startswith("encoders.") and name.endswith(".weight")]
    assert {name.split(".")[1] for name in names} == {"image", "lidar", "radar"}
    before = tensors(training, "predictor")
    assert all(not torch.equal(own[name], before[name]) for name in names)
