"""`list_findings` lists everything that is wrong with a data set at once."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from beamfusion.data import formats, validate
from tests.beamfusion.data.test_raw import edit, set_cell
from tests.beamfusion.data.tree_writer import csv_path, write_text

UNIT = "Multi_Modal/scenario32/unit1"


def test_a_sound_data_set_has_no_problem(whole_tree: Path) -> None:
    assert validate.list_findings(whole_tree).problems == []


def test_every_kind_of_problem_is_listed_with_its_file(small_tree: Path) -> None:
    frame = small_tree / UNIT
    (frame / "camera_data/image_10.jpg").unlink()
    image = frame / "camera_data/image_12.jpg"
    image.write_bytes(image.read_bytes()[:-300])
    sweep = frame / "lidar_data/lidar_data_14.ply"
    sweep.write_bytes(sweep.read_bytes()[:-100])
    cube = frame / "radar_data/radar_data_16.npy"
    cube.write_bytes(cube.read_bytes()[:-100])
    np.save(frame / "radar_data/radar_data_18.npy", np.zeros((4, 16, 8)))
    fix = small_tree / "Multi_Modal/scenario32/unit2/GPS_data/GPS_location_12.txt"
    write_text(fix, "33.4\n")
    set_cell(small_tree, "unit1_beam", "65")
    actual = validate.list_findings(small_tree).problems
    csv = csv_path(small_tree)
    named = [
        f"{csv}:2: unit1_beam: 65",
        f"{image}: cannot be decoded",
        f"{sweep}: ",
        f"{cube}: truncated",
        f"{frame}/radar_data/radar_data_18.npy: dtype float64",
        f"{fix}: 1 numbers",
    ]
    assert len(actual) == len(named)
    for start, line in zip(named, actual, strict=True):
        assert line.startswith(start)
        assert ", expected " in line


def test_a_broken_row_hides_its_files_but_not_those_of_others(small_tree: Path) -> None:
    set_cell(small_tree, "unit1_beam", "0")
    (small_tree / UNIT / "camera_data/image_20.jpg").unlink()
    assert len(validate.list_findings(small_tree).problems) == 2


def test_a_file_that_many_samples_name_is_read_and_reported_once(
    small_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small_tree / UNIT / "radar_data/radar_data_14.npy").unlink()
    read: list[Path] = []

    def counted(path: Path) -> np.ndarray:
        read.append(path)
        return formats.read_radar(path)

    monkeypatch.setitem(validate.READERS, "radar", counted)
    (line,) = validate.list_findings(small_tree).problems
    assert line.startswith(f"{small_tree / UNIT}/radar_data/radar_data_14.npy: no such file, expected ")
    assert len(read) == len(set(read)) == 6


def test_a_nan_power_is_a_warning(small_tree: Path) -> None:
    path = small_tree / UNIT / "mmWave_data/mmWave_power_18.txt"
    write_text(path, "nan\n" * 2 + "1\n" * 62)
    found = validate.list_findings(small_tree)
    assert found.problems == []
    assert found.warnings == [f"{path}: 2 of 64 powers are nan, expected numbers"]


def test_a_beam_that_is_not_the_argmax_of_its_power_is_reported(small_tree: Path) -> None:
    path = set_cell(small_tree, "unit1_beam", "3")
    (line,) = validate.list_findings(small_tree).problems
    power = f"{UNIT}/mmWave_data/mmWave_power_18.txt"
    assert line == f"{path}:2: beam 3, expected 19, the argmax of {power} (unit1_pwr_60ghz)"


def test_a_beam_as_strong_as_the_best_is_no_problem(small_tree: Path) -> None:
    write_text(small_tree / UNIT / "mmWave_data/mmWave_power_18.txt", "1\n" * 64)
    assert validate.list_findings(small_tree).problems == []


def test_a_cube_of_another_shape_than_the_others_is_reported(small_tree: Path) -> None:
    path = small_tree / UNIT / "radar_data/radar_data_14.npy"
    np.save(path, np.ones((4, 16, 4), np.complex64))
    assert validate.list_findings(small_tree).problems == [
        f"{path}: shape (4, 16, 4), expected (4, 16, 8) as most others have"
    ]


def test_an_image_of_another_size_than_the_others_is_reported(small_tree: Path) -> None:
    path = small_tree / UNIT / "camera_data/image_14.jpg"
    Image.new("RGB", (16, 24)).save(path)
    (line,) = validate.list_findings(small_tree).problems
    assert line == f"{path}: shape (24, 16, 3), expected (16, 24, 3) as most others have"


def test_a_window_whose_frames_cross_a_jump_is_reported(whole_tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "tree"
    shutil.copytree(whole_tree, root)
    far = "./scenario32/unit1/camera_data/image_300.jpg"
    path = edit(root, lambda rows: rows[0].update(unit1_rgb_5=far))
    (line,) = validate.list_findings(root).problems
    assert line.startswith(f"{path}:2: camera frames 100, 102, 104, 106, 300, expected ")


def test_a_folder_that_is_no_data_set_is_a_problem(tmp_path: Path) -> None:
    (line,) = validate.list_findings(tmp_path).problems
    assert "no such file, expected the development samples" in line


def test_a_root_that_is_no_folder_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    for name in ("nowhere", "file", "loop", "x" * 5000):
        (line,) = validate.list_findings(tmp_path / name).problems
        assert line.endswith(f"{name[-200:]}: no folder, expected the one that holds Multi_Modal")


def test_nothing_is_printed_where_there_is_no_terminal(
    small_tree: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    validate.list_findings(small_tree, progress=True)
    assert capfd.readouterr() == ("", "")
