"""The form of a simulated tree, and that it is the same to the byte for the same settings."""

import csv
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beamfusion.settings import Simulation
from beamfusion.simulation import tree as tree_module
from beamfusion.simulation.plan import Pass
from beamfusion.simulation.tree import simulate

SMALL = {
    "passes": 1,
    "adaptation_passes": 1,
    "test_passes": 1,
    "image_size": (32, 18),
    "lidar_points": 64,
    "radar_samples": 8,
    "radar_chirps": 8,
}
DEVELOPMENT = "Multi_Modal/ml_challenge_dev_multi_modal.csv"
ADAPTATION = "Adaptation_dataset_multi_modal/ml_challenge_data_adaptation_multi_modal.csv"
TEST = "Multi_Modal_Test/ml_challenge_test_multi_modal.csv"
INPUTS = [
    *(f"unit1_{kind}_{k}" for kind in ("rgb", "lidar", "radar") for k in range(1, 6)),
    *("unit1_loc", "unit2_loc_1", "unit2_loc_2"),
]
LABELS = ["unit1_pwr_60ghz", "unit1_beam"]


def make(folder: Path, **changes: object) -> Path:
    simulate(folder, Simulation.model_validate(SMALL | changes))
    return folder


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("tree"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def numbers(row: dict[str, str], kind: str) -> list[int]:
    return [
        int(Path(row[f"{kind}_{k}"]).stem.rpartition("_")[2]) for k in range(1, 6) if f"{kind}_{k}" in row
    ]


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("name", [DEVELOPMENT, ADAPTATION])
def test_a_labelled_csv_has_the_columns_of_the_data_set(tree: Path, name: str) -> None:
    assert sorted(rows(tree / name)[0]) == sorted(["index", *INPUTS, *LABELS])


def test_the_test_csv_has_neither_power_nor_beam(tree: Path) -> None:
    assert sorted(rows(tree / TEST)[0]) == sorted(["index", *INPUTS])


@pytest.mark.parametrize(("name", "stride"), [(DEVELOPMENT, 2), (ADAPTATION, 1), (TEST, 2)])
def test_a_window_is_five_frames_apart_by_the_stride(tree: Path, name: str, stride: int) -> None:
    for row in rows(tree / name):
        camera = numbers(row, "unit1_rgb")
        assert np.diff(camera).tolist() == [stride] * 4
        assert camera == numbers(row, "unit1_lidar") == numbers(row, "unit1_radar")


def test_the_two_fixes_belong_to_the_first_two_frames(tree: Path) -> None:
    for row in rows(tree / DEVELOPMENT):
        assert numbers(row, "unit2_loc") == numbers(row, "unit1_rgb")[:2]


def test_the_power_belongs_to_the_last_frame_and_its_argmax_counted_from_one_is_the_beam(tree: Path) -> None:
    for row in rows(tree / DEVELOPMENT):
        assert int(Path(row["unit1_pwr_60ghz"]).stem.rpartition("_")[2]) == numbers(row, "unit1_rgb")[-1]
        power = np.loadtxt(tree / "Multi_Modal" / row["unit1_pwr_60ghz"])
        assert power.shape == (64,)
        assert int(row["unit1_beam"]) == np.argmax(power) + 1


def test_every_path_starts_with_a_dot_and_names_a_file(tree: Path) -> None:
    for name in (DEVELOPMENT, ADAPTATION, TEST):
        for row in rows(tree / name):
            for column in INPUTS:
                assert row[column].startswith("./scenario")
                assert (tree / name).parent.joinpath(row[column]).is_file()


def test_a_scenario_has_one_base_station_file(tree: Path) -> None:
    actual = rows(tree / DEVELOPMENT)
    assert {row["unit1_loc"] for row in actual} == {
        f"./scenario{scenario}/unit1/GPS_data/gps_location.txt" for scenario in (32, 33, 34)
    }


def test_a_point_cloud_has_the_header_of_the_data_set(tree: Path) -> None:
    first = next((tree / "Multi_Modal").rglob("lidar_data_*.ply")).read_text().splitlines()
    points = len(first) - 8
    assert first[:8] == [
        *("ply", "format ascii 1.0", f"element vertex {points}"),
        *(f"property double {axis}" for axis in "xyz"),
        *("property ushort intensity", "end_header"),
    ]


def test_a_radar_cube_is_complex64_antennas_by_samples_by_chirps(tree: Path) -> None:
    cube = np.load(next((tree / "Multi_Modal").rglob("radar_data_*.npy")), allow_pickle=False)
    assert (cube.dtype, cube.shape) == (np.complex64, (4, 8, 8))


def test_another_run_writes_the_same_bytes_and_more_passes_only_add_to_them(
    tree: Path, tmp_path: Path
) -> None:
    before, after = content(tree), content(make(tmp_path, passes=2))
    del before[DEVELOPMENT]
    assert before.items() <= after.items()
    assert len(after) > len(before)
    windows, more = (
        {
            tuple(value for column, value in row.items() if column != "index")
            for row in rows(folder / DEVELOPMENT)
        }
        for folder in (tree, tmp_path)
    )
    assert windows < more


def test_two_processes_write_the_same_bytes_as_one(tree: Path, tmp_path: Path) -> None:
    simulate(tmp_path, Simulation.model_validate(SMALL), processes=2)
    assert content(tmp_path) == content(tree)


def cut(folder: Path, monkeypatch: pytest.MonkeyPatch, after: int, **changes: object) -> None:
    """Write a tree until so many passes are finished, and a part of the next one."""
    whole, written = tree_module._write_pass, []

    def write(out: Path, settings: Simulation, one: Pass) -> dict[str, Any]:
        written.append(one)
        if len(written) > after:
            next(out.rglob("unit2/GPS_data")).joinpath("GPS_location_1.txt").write_text("0.0\n")
            raise KeyboardInterrupt
        return whole(out, settings, one)

    with monkeypatch.context() as patch:
        patch.setattr(tree_module, "_write_pass", write)
        with pytest.raises(KeyboardInterrupt):
            make(folder, **changes)


def test_a_cut_run_goes_on_after_the_passes_that_it_finished(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(tmp_path, monkeypatch, after=3)
    pictures = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("image_*.jpg")}
    assert pictures
    assert content(make(tmp_path)) == content(tree)
    assert {path: path.stat().st_mtime_ns for path in pictures} == pictures


def test_a_cut_run_writes_a_finished_pass_again_whose_files_are_not_whole(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(tmp_path, monkeypatch, after=1)
    next(tmp_path.rglob("radar_data_*.npy")).write_bytes(b"")
    assert content(make(tmp_path)) == content(tree)


def test_a_cut_run_of_other_settings_starts_anew(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(tmp_path, monkeypatch, after=1, seed=5)
    assert content(make(tmp_path)) == content(tree)


def test_fewer_windows_are_of_fewer_frames_with_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    whole, thin = content(tree), content(make(tmp_path, windows=2))
    assert len(rows(tmp_path / DEVELOPMENT)) == 3 * 2
    frames = {
        name: digest
        for name, digest in thin.items()
        if not name.endswith(".csv")
        and not name.startswith("Multi_Modal_Test")  # which begin at every fourth
    }
    assert frames.items() <= whole.items()
    named = {
        f"Multi_Modal/{value[2:]}"
        for row in rows(tmp_path / DEVELOPMENT)
        for column, value in row.items()
        if value.endswith((".jpg", ".ply", ".npy"))
    }
    written = {
        path.relative_to(tmp_path).as_posix()
        for kind in ("jpg", "ply", "npy")
        for path in (tmp_path / "Multi_Modal").rglob(f"*.{kind}")
    }
    assert written == named


def test_another_seed_gives_other_frames(tree: Path, tmp_path: Path) -> None:
    ours, others = content(tree), content(make(tmp_path, seed=1))
    shared = [name for name in ours.keys() & others if name.endswith((".jpg", ".ply", ".npy"))]
    assert shared
    assert not any(ours[name] == others[name] for name in shared)
