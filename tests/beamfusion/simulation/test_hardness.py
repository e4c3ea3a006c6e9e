"""The settings that make a street harder or easier, and the ground truth that only people read."""

import csv
from pathlib import Path

import numpy as np
import pytest

from beamfusion.data.raw import read_tree
from beamfusion.data.validate import list_findings
from beamfusion.settings import Simulation
from beamfusion.simulation.camera import photograph
from beamfusion.simulation.lidar import rays, sweep
from beamfusion.simulation.radar import cube
from beamfusion.simulation.site import SITES
from beamfusion.simulation.traffic import drive_by
from beamfusion.simulation.tree import simulate
from tests.beamfusion.simulation.scenes import scene
from tests.beamfusion.simulation.test_tree import SMALL, content

DAY = SITES[31]
CAR = scene([(20.0, 0.0)])


@pytest.mark.parametrize("gap", [20.0, 80.0])
def test_a_street_has_as_many_vehicles_as_its_gaps_say(gap: float) -> None:
    seen = 0
    for number in range(300):
        traffic = drive_by(DAY, np.random.default_rng(number), (6, 13), gap)
        along = (traffic.position[traffic.frames // 2] - DAY.near) @ DAY.along
        others = traffic.lane != traffic.lane[0]
        seen += int(((along > 0) & (along < DAY.length) & others).sum())
    assert seen / 300 == pytest.approx(2 * DAY.length / gap, rel=0.15)


def test_a_noisier_camera_is_so_much_noisier() -> None:
    grain = [np.std(np.diff(_pictures(noisier), axis=0)) for noisier in (1.0, 4.0)]
    assert grain[1] == pytest.approx(4 * grain[0], rel=0.15)


def _pictures(noisier: float) -> np.ndarray:
    return np.array(
        [
            photograph(DAY, CAR, 0, (96, 54), np.random.default_rng(seed), noisier).astype(float)
            for seed in (0, 1)
        ]
    )


def test_a_share_of_the_lidars_rays_comes_back() -> None:
    whole, half, none = (
        len(sweep(DAY, CAR, 0, rays(4000), np.random.default_rng(0), share)[0]) for share in (1.0, 0.5, 0.0)
    )
    assert half == pytest.approx(whole / 2, rel=0.1)
    assert none == 0


def test_clutter_is_stronger_the_larger_its_cross_section() -> None:
    quiet, rain, storm = (
        np.abs(cube(DAY, CAR, 0, 64, 16, np.random.default_rng(0), hidden=False, clutter=clutter)).std()
        for clutter in (0.0, 1000.0, 10_000.0)
    )
    assert quiet < rain < storm


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("true")
    simulate(folder, Simulation.model_validate(SMALL | {"windows": 2, "truth": True}))
    return folder


def truth_of(tree: Path) -> list[dict[str, str]]:
    with (tree / "truth.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_ground_truth_has_one_car_in_each_frame_that_is_written(tree: Path) -> None:
    cars = [row for row in truth_of(tree) if row["receiver"] == "1"]
    pictures = {
        (row["subset"], row["scenario"], row["frame"])
        for row in cars
        if (
            tree / row["subset"] / f"scenario{row['scenario']}/unit1/camera_data/image_{row['frame']}.jpg"
        ).exists()
    }
    assert len(cars) == len(pictures) == len(list(tree.rglob("image_*.jpg")))


def test_the_true_azimuth_tells_the_best_beam_where_nothing_blocks(tree: Path) -> None:
    azimuth = {
        (row["scenario"], row["frame"]): float(row["azimuth"])
        for row in truth_of(tree)
        if row["subset"] == "Multi_Modal" and row["receiver"] == "1" and row["blocked"] == "0"
    }
    for sample in read_tree(tree).samples:
        key = str(sample.scenario), str(sample.frame_numbers[-1])
        if sample.subset == "development" and key in azimuth:
            assert sample.beam == pytest.approx((azimuth[key] + 45.7) / 1.45 + 1, abs=5)


def test_the_box_of_the_car_lies_at_its_azimuth(tree: Path) -> None:
    focal = 16 / np.tan(np.radians(50))
    for row in truth_of(tree):
        if row["receiver"] == "1":
            column = 16 - focal * np.tan(np.radians(float(row["azimuth"])))
            assert float(row["left"]) - 0.5 < column < float(row["right"]) + 0.5
            assert float(row["top"]) < float(row["bottom"])


def test_a_tree_with_ground_truth_is_valid_and_the_same_but_for_it(tree: Path, tmp_path: Path) -> None:
    assert list_findings(tree).problems == []
    simulate(tmp_path, Simulation.model_validate(SMALL | {"windows": 2}))
    with_truth = content(tree)
    del with_truth["truth.csv"]
    assert content(tmp_path) == with_truth
