"""The CSV files: columns by name, paths that stay inside, labels from 1 to 64."""

import csv
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beamfusion.data.raw import read_tree
from tests.beamfusion.data.tree_writer import COLUMNS, beam_of, csv_path

Rows = list[dict[str, str]]


def edit(root: Path, change: Callable[[Rows], None]) -> Path:
    """Edit the development CSV's rows in place; return its path."""
    path = csv_path(root)
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    change(rows)
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def set_cell(root: Path, column: str, value: str) -> Path:
    return edit(root, lambda rows: rows[0].update({column: value}))


def test_a_row_becomes_a_sample_with_paths_relative_to_the_root(small_tree: Path) -> None:
    first, second = read_tree(small_tree).samples
    unit = "Multi_Modal/scenario32/unit1"
    assert first.subset == "development"
    assert (first.line, second.line) == (2, 3)
    assert first.scenario == 32
    assert first.frame_numbers == (10, 12, 14, 16, 18)
    assert first.image[4] == f"{unit}/camera_data/image_18.jpg"
    assert second.lidar[0] == f"{unit}/lidar_data/lidar_data_12.ply"
    assert second.radar[0] == f"{unit}/radar_data/radar_data_12.npy"
    assert first.base == f"{unit}/GPS_data/gps_location.txt"
    gps = "Multi_Modal/scenario32/unit2/GPS_data/GPS_location"
    assert first.fixes == (f"{gps}_10.txt", f"{gps}_12.txt")
    assert first.power == f"{unit}/mmWave_data/mmWave_power_18.txt"
    assert first.beam == beam_of(18)


def test_columns_are_read_by_name_and_not_by_position(small_tree: Path) -> None:
    before = read_tree(small_tree).samples
    path = csv_path(small_tree)
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["notes", *reversed(COLUMNS)], restval="a, b")
        writer.writeheader()
        writer.writerows(rows)
    assert read_tree(small_tree).samples == before


def test_the_test_csv_has_no_labels(whole_tree: Path) -> None:
    test = [sample for sample in read_tree(whole_tree).samples if sample.subset == "test"]
    assert len(test) == 8
    assert all(sample.beam is None and sample.power is None for sample in test)


def test_adaptation_and_test_may_be_absent(small_tree: Path) -> None:
    tree = read_tree(small_tree)
    assert tree.absent == ("adaptation", "test")
    assert not tree.unusable


def test_a_data_set_without_the_development_csv_is_unusable(whole_tree: Path, tmp_path: Path) -> None:
    tree = read_tree(tmp_path)
    (line,) = tree.unusable
    assert line.startswith(f"{csv_path(tmp_path)}: no such file")


def test_a_misspelt_column_is_reported_with_the_nearest(small_tree: Path) -> None:
    path = csv_path(small_tree)
    path.write_text(
        path.read_text().replace("unit1_rgb_3", "unit1_rbg_3", 1).replace("unit1_beam", "label", 1)
    )
    assert read_tree(small_tree).unusable == (
        f"{path}:1: column unit1_rgb_3 is missing; the nearest is unit1_rbg_3",
        f"{path}:1: column unit1_beam is missing",
    )


def test_a_column_twice_is_reported(small_tree: Path) -> None:
    path = csv_path(small_tree)
    path.write_text(path.read_text().replace("unit1_rgb_2", "unit1_rgb_1", 1))
    assert f"{path}:1: column unit1_rgb_1 occurs 2 times" in read_tree(small_tree).unusable


@pytest.mark.parametrize(
    "cell",
    [
        "../../../../etc/hostname",
        "./scenario32/../../../x_1.jpg",
        "/etc/hostname",
        "..",
        "",
        "a\0b_1.jpg",
    ],
)
def test_a_path_that_leaves_the_data_set_is_refused(small_tree: Path, cell: str) -> None:
    path = set_cell(small_tree, "unit1_rgb_2", cell)
    tree = read_tree(small_tree)
    (line,) = tree.problems
    assert line.startswith(f"{path}:2: unit1_rgb_2: ")
    assert line.endswith(", expected a path in the data set")
    assert line.isprintable()
    assert [sample.line for sample in tree.samples] == [3]


def test_a_symlink_out_of_the_data_set_is_refused(small_tree: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    frame = small_tree / "Multi_Modal/scenario32/unit1/camera_data/image_10.jpg"
    frame.unlink()
    frame.symlink_to(tmp_path / "secret.jpg")
    (line,) = read_tree(small_tree).problems
    assert "unit1_rgb_1: ./scenario32/unit1/camera_data/image_10.jpg, expected a path in the data" in line


def test_a_symlinked_folder_out_of_the_data_set_is_refused(small_tree: Path, tmp_path: Path) -> None:
    radar = small_tree / "Multi_Modal/scenario32/unit1/radar_data"
    radar.rename(tmp_path / "elsewhere")
    radar.symlink_to(tmp_path / "elsewhere")
    assert len(read_tree(small_tree).problems) == 10


def test_a_symlink_within_the_data_set_is_followed(small_tree: Path) -> None:
    frame = small_tree / "Multi_Modal/scenario32/unit1/camera_data/image_10.jpg"
    frame.rename(small_tree / "moved.jpg")
    frame.symlink_to(small_tree / "moved.jpg")
    assert not read_tree(small_tree).problems


def test_the_root_itself_may_be_a_symlink(small_tree: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(small_tree)
    assert len(read_tree(tmp_path / "link").samples) == 2


def test_a_cell_of_gigantic_length_is_shown_in_part(small_tree: Path) -> None:
    set_cell(small_tree, "unit1_rgb_2", "/" + "x" * 100_000)
    (line,) = read_tree(small_tree).problems
    assert len(line) < 1000


def test_a_pipe_in_a_csv_s_place_is_not_waited_for(small_tree: Path) -> None:
    csv_path(small_tree).unlink()
    os.mkfifo(csv_path(small_tree))
    assert read_tree(small_tree).unusable == (f"{csv_path(small_tree)}: no regular file, expected one",)


def test_a_csv_that_is_a_link_out_of_the_data_set_is_refused(small_tree: Path, tmp_path: Path) -> None:
    csv_path(small_tree).rename(tmp_path / "other.csv")
    csv_path(small_tree).symlink_to(tmp_path / "other.csv")
    (line,) = read_tree(small_tree).unusable
    assert line == f"{csv_path(small_tree)}: a link out of the data set, expected a file in it"


@pytest.mark.parametrize("cell", ["0", "65", "-3", "x", "", "12.5", "nan", "12_13"])
def test_a_beam_outside_1_to_64_is_reported_with_its_line(small_tree: Path, cell: str) -> None:
    path = set_cell(small_tree, "unit1_beam", cell)
    (line,) = read_tree(small_tree).problems
    assert line == f"{path}:2: unit1_beam: {cell or 'empty'}, expected a beam from 1 to 64"


def test_a_beam_may_be_written_as_a_float(small_tree: Path) -> None:
    set_cell(small_tree, "unit1_beam", "64.0")
    assert read_tree(small_tree).samples[0].beam == 64


def test_files_of_two_scenarios_in_a_row_are_reported(small_tree: Path) -> None:
    set_cell(small_tree, "unit1_lidar_1", "./scenario33/unit1/lidar_data/lidar_data_10.ply")
    (line,) = read_tree(small_tree).problems
    assert line.endswith("expected all of them in one folder scenarioNN")


def test_a_camera_frame_without_a_number_is_reported(small_tree: Path) -> None:
    set_cell(small_tree, "unit1_rgb_5", "./scenario32/unit1/camera_data/last.jpg")
    (line,) = read_tree(small_tree).problems
    assert line.endswith("last.jpg, expected a name like image_123.jpg")


def test_a_row_cut_short_is_reported_and_the_others_are_read(small_tree: Path) -> None:
    path = csv_path(small_tree)
    path.write_text(path.read_text().rstrip()[:-40])
    tree = read_tree(small_tree)
    assert len(tree.samples) == 1
    assert tree.broken_lines == 1
    assert tree.problems[0].startswith(f"{path}:3: ")


def test_every_problem_is_listed_at_once(small_tree: Path) -> None:
    def damage(rows: Rows) -> None:
        rows[0]["unit1_rgb_1"] = "/a"
        rows[0]["unit1_radar_4"] = "../../b"
        rows[1]["unit1_beam"] = "99"

    edit(small_tree, damage)
    assert len(read_tree(small_tree).problems) == 3


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_csv_is_read_or_reported_line_by_line(small_tree: Path, data: st.DataObject) -> None:
    path = csv_path(small_tree)
    sound = small_tree / "sound.csv"
    if not sound.exists():
        sound.write_bytes(path.read_bytes())
    content = bytearray(sound.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 20))] = data.draw(
            st.one_of(st.binary(max_size=8), st.sampled_from([b'"', b",", b"\n", b"../" * 6, b"\0", b"\r"]))
        )
    path.write_bytes(content)
    tree = read_tree(small_tree)
    assert all(line.isprintable() for line in (*tree.unusable, *tree.problems))
    assert tree.samples or tree.problems or tree.unusable
    for sample in tree.samples:
        for name in (*sample.image, *sample.lidar, *sample.radar, sample.base, *sample.fixes):
            assert (small_tree / name).resolve().is_relative_to(small_tree.resolve())
