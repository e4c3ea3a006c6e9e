"""The simulated tree has the form that the readers expect, and splits as recorded data does."""

from pathlib import Path

import numpy as np
import pytest

from beamfusion.data.forecast import forecast_windows
from beamfusion.data.gps import ANGLE_UNIT, RANGE_UNIT
from beamfusion.data.prepare import prepare
from beamfusion.data.prepared import Windows, open_prepared
from beamfusion.data.splits import split
from beamfusion.data.validate import list_findings
from beamfusion.settings import Data, Frames, Simulation
from beamfusion.simulation.tree import simulate
from beamfusion.stages.stage_job import TREE
from tests.beamfusion.tiny import TINY

SIZES = Frames(image_size=8, lidar_grid=8, radar_size=8)


@pytest.fixture
def windows(prepared_job: Path) -> Windows:
    return open_prepared(prepared_job / "frames").windows


def test_a_simulated_tree_has_no_problem_but_nan_powers(prepared_job: Path) -> None:
    tree = prepared_job.parent / "tree" / TREE
    assert list_findings(tree).problems == []


def test_its_scenarios_are_those_of_the_data_set(windows: Windows) -> None:
    assert set(zip(windows.subset.tolist(), windows.scenario.tolist(), strict=True)) == {
        *(("development", scenario) for scenario in (32, 33, 34)),
        *(("adaptation", scenario) for scenario in (31, 32, 33)),
        *(("test", scenario) for scenario in (31, 32, 33, 34)),
    }


def test_its_passes_are_found_in_the_frame_numbers(windows: Windows) -> None:
    assert not windows.crosses_jump.any()
    for scenario in (32, 33, 34):
        inside = (windows.scenario == scenario) & (windows.subset == "development")
        assert len(np.unique(windows.pass_id[inside])) == 3


def test_every_part_of_its_blocks_split_has_every_scenario(windows: Windows) -> None:
    actual = split(windows, Data())
    for part in (actual.train, actual.validation, actual.test):
        assert set(windows.scenario[part].tolist()) == {31, 32, 33, 34}


def test_its_cars_are_seen_about_the_boresight(windows: Windows) -> None:
    distance, angle = windows.gps[..., 0] * RANGE_UNIT, windows.gps[..., 1] * ANGLE_UNIT
    assert np.median(np.abs(angle)) < np.pi / 4
    assert distance.max() < 120


def thinned(folder: Path, pass_gap: int, **changes: object) -> Windows:
    """Prepare a tree with few windows of each pass."""
    settings = Simulation.model_validate(TINY["simulation"] | {"passes": 4} | changes)
    simulate(folder / "tree", settings)
    prepare(folder / "tree", folder / "frames", SIZES, pass_gap=pass_gap)
    return open_prepared(folder / "frames").windows


def test_a_thinned_tree_s_passes_stay_whole_and_on_one_side(tmp_path: Path) -> None:
    windows = thinned(tmp_path, 28, windows=3)
    assert np.bincount(windows.pass_id).tolist() == [3] * (4 * 3 + 3 + 2 + 4)
    parts = split(windows, Data(pass_gap=28))
    sides = [set(windows.pass_id[part].tolist()) for part in (parts.train, parts.validation, parts.test)]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 4 * 3 + 3 + 2
    for part in (parts.train, parts.validation, parts.test):
        assert set(windows.scenario[part].tolist()) == {31, 32, 33, 34}


def test_runs_of_records_make_forecasts_of_a_long_history(tmp_path: Path) -> None:
    windows = thinned(tmp_path, 28, windows=1, run=30, speed=[2.5, 4.0], passes=1)
    forecasts = forecast_windows(windows, history=15, horizon=5)
    assert len(forecasts) == 3 * (30 + 8 - (2 * 14 + 1 + 4) + 1)


def test_two_processes_prepare_the_same_bytes_as_one(prepared_job: Path, tmp_path: Path) -> None:
    tree = prepared_job.parent / "tree" / TREE
    one, two = (
        prepare(tree, tmp_path / str(processes), SIZES, processes=processes, chunk=50) for processes in (1, 2)
    )
    assert one == two
