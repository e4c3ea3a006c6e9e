"""The simulated tree has the form that the readers expect, and splits as recorded data does."""

from pathlib import Path

import numpy as np
import pytest

from beamfusion.data.gps import ANGLE_UNIT, RANGE_UNIT
from beamfusion.data.prepared import Windows, open_prepared
from beamfusion.data.splits import split
from beamfusion.data.validate import list_findings
from beamfusion.settings import Data
from beamfusion.stages.stage_job import TREE


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
