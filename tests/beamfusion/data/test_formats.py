"""The readers of single files: what they return, and what they say of damaged and hostile files."""

import os
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from beamfusion.data import formats
from jobkit.errors import UserError
from tests.beamfusion.data.tree_writer import BASE, CUBE, IMAGE_SIZE, beam_of, write_ply

UNIT = "Multi_Modal/scenario32/unit1"
IMAGE = f"{UNIT}/camera_data/image_10.jpg"
PLY = f"{UNIT}/lidar_data/lidar_data_10.ply"
RADAR = f"{UNIT}/radar_data/radar_data_10.npy"
POWER = f"{UNIT}/mmWave_data/mmWave_power_18.txt"
POSITION = f"{UNIT}/GPS_data/gps_location.txt"
READERS = {
    IMAGE: formats.read_image,
    PLY: formats.read_points,
    RADAR: formats.read_radar,
    POWER: formats.read_power,
    POSITION: formats.read_position,
}


def problem_of(path: Path) -> str:
    """Return the one line that the reader of this kind of file raises, without its path."""
    read = next(read for name, read in READERS.items() if Path(name).suffix == path.suffix)
    if path.suffix == ".txt" and "power" not in path.name:
        read = formats.read_position
    with pytest.raises(UserError) as caught:
        read(path)
    (line,) = caught.value.lines
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


def test_a_camera_frame_is_rows_of_rgb_pixels(small_tree: Path) -> None:
    frame = formats.read_image(small_tree / IMAGE)
    assert (frame.shape, frame.dtype) == ((*IMAGE_SIZE[::-1], 3), np.uint8)


def test_points_are_read_in_the_order_of_x_y_z_whatever_the_order_of_the_properties(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    path.write_text(
        "ply\nformat ascii 1.0\ncomment by hand\nelement vertex 2\nproperty ushort intensity\n"
        "property double z\nproperty double x\nproperty double y\nend_header\n7 3 1 2\r\n7 -3 -1.5 2e1\n"
    )
    assert formats.read_points(path).tolist() == [[1, 2, 3], [-1.5, 20, -3]]


def test_a_sweep_may_be_empty(tmp_path: Path) -> None:
    write_ply(tmp_path / "a.ply", [])
    assert formats.read_points(tmp_path / "a.ply").shape == (0, 3)


def test_a_cube_is_read_as_it_was_written(tmp_path: Path) -> None:
    cube = (np.arange(24) + 1j).reshape(2, 3, 4).astype(np.complex64)
    np.save(tmp_path / "c.npy", cube)
    np.save(tmp_path / "fortran.npy", np.asfortranarray(cube))
    assert np.array_equal(formats.read_radar(tmp_path / "c.npy"), cube)
    assert np.array_equal(formats.read_radar(tmp_path / "fortran.npy"), cube)


def test_a_position_is_latitude_and_longitude(small_tree: Path) -> None:
    assert formats.read_position(small_tree / POSITION) == BASE


def test_a_power_may_be_nan(small_tree: Path) -> None:
    path = small_tree / POWER
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["nan", *lines[1:]]))
    power = formats.read_power(path)
    assert np.isnan(power[0])
    assert np.nanargmax(power) == beam_of(18) - 1


@pytest.mark.parametrize("name", READERS)
def test_a_missing_file_is_reported_with_its_name(small_tree: Path, name: str) -> None:
    (small_tree / name).unlink()
    assert problem_of(small_tree / name) == "no such file, expected the one that a CSV names"


@pytest.mark.parametrize("name", READERS)
def test_an_empty_file_is_reported_with_its_name(small_tree: Path, name: str) -> None:
    (small_tree / name).write_bytes(b"")
    assert "0 bytes" in problem_of(small_tree / name)


@pytest.mark.parametrize("name", READERS)
def test_a_pipe_in_a_file_s_place_is_not_waited_for(small_tree: Path, name: str) -> None:
    (small_tree / name).unlink()
    os.mkfifo(small_tree / name)
    assert problem_of(small_tree / name) == "no regular file, expected one"


def test_a_truncated_ply_is_reported_with_its_name(small_tree: Path) -> None:
    path = small_tree / PLY
    path.write_bytes(path.read_bytes()[:-200])
    assert problem_of(path).endswith(" points, expected 30 as its header says")


def test_a_ply_cut_after_a_whole_line_is_reported(small_tree: Path) -> None:
    path = small_tree / PLY
    path.write_text("\n".join(path.read_text().splitlines()[:-3]) + "\n")
    assert problem_of(path) == "27 points, expected 30 as its header says"


def test_a_gigantic_point_count_in_a_header_allocates_nothing(small_tree: Path) -> None:
    path = small_tree / PLY
    path.write_text(path.read_text().replace("vertex 30", "vertex 999999999999"))
    tracemalloc.start()
    problem = problem_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert problem == "30 points, expected 999999999999 as its header says"
    assert peak < 2_000_000


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("format ascii 1.0", "format binary_little_endian 1.0", "expected ascii 1.0"),
        ("property double y\n", "", "properties x, y and z"),
        ("end_header", "element face 3\nend_header", "expected only a vertex element"),
        ("vertex 30", "vertex -30", "expected only a vertex element"),
        ("ply\n", "PLY\n", "no whole header"),
        ("end_header", "", "no whole header"),
        ("property ushort intensity\n", "", "4 numbers a point, expected 3"),
        (" 7\n", " seven\n", "a line that is not 4 numbers"),
    ],
)
def test_a_damaged_ply_says_what_was_expected(small_tree: Path, old: str, new: str, expected: str) -> None:
    path = small_tree / PLY
    path.write_text(path.read_text().replace(old, new, 1))
    assert expected in problem_of(path)


def test_a_truncated_cube_is_reported_with_its_sizes(small_tree: Path) -> None:
    path = small_tree / RADAR
    path.write_bytes(path.read_bytes()[:-8])
    size = 8 * int(np.prod(CUBE))
    assert problem_of(path) == f"truncated: {size - 8} bytes, expected {size}"


def test_a_gigantic_cube_in_a_header_allocates_nothing(small_tree: Path) -> None:
    path = small_tree / RADAR
    with path.open("wb") as stream:
        header = {"descr": "<c8", "fortran_order": False, "shape": (1 << 40, 1 << 40, 1 << 40)}
        np.lib.format.write_array_header_1_0(stream, header)
        stream.write(bytes(64))
    assert "truncated: 64 bytes" in problem_of(path)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("exploded",)


@pytest.mark.parametrize("how", ["pickle", "object array", "npz"])
def test_a_pickle_posing_as_a_cube_is_never_loaded(
    small_tree: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    path = small_tree / RADAR
    monkeypatch.chdir(small_tree)
    if how == "pickle":
        path.write_bytes(pickle.dumps(Bomb()))
    elif how == "object array":
        np.save(path, np.array([Bomb()], dtype=object), allow_pickle=True)
    else:
        with path.open("wb") as stream:
            np.savez(stream, np.array([Bomb()], dtype=object))
    problem = problem_of(path)
    assert "expected complex64" in problem
    assert not (small_tree / "exploded").exists()


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.zeros((4, 16, 8)), "dtype float64, expected complex64"),
        (np.zeros((4, 16, 8), ">c8"), "dtype >c8, expected complex64"),
        (np.zeros((16, 8), np.complex64), "shape (16, 8), expected (antennas, samples, chirps)"),
        (np.zeros((4, 0, 8), np.complex64), "shape (4, 0, 8), expected (antennas, samples, chirps)"),
        (np.full((4, 16, 8), np.nan, np.complex64), "holds NaN or infinite values, expected finite ones"),
    ],
)
def test_a_cube_of_the_wrong_kind_says_what_was_expected(
    small_tree: Path, array: np.ndarray, expected: str
) -> None:
    np.save(small_tree / RADAR, array)
    assert problem_of(small_tree / RADAR) == expected


def test_a_truncated_jpg_is_reported(small_tree: Path) -> None:
    path = small_tree / IMAGE
    path.write_bytes(path.read_bytes()[:-300])
    assert problem_of(path).startswith("cannot be decoded (")


def test_another_image_format_is_not_decoded(small_tree: Path) -> None:
    Image.new("RGB", (24, 16)).save(small_tree / IMAGE, format="PNG")
    assert problem_of(small_tree / IMAGE) == "cannot be decoded, expected a whole JPEG image"


def test_a_grey_jpg_is_reported(small_tree: Path) -> None:
    Image.new("L", (24, 16)).save(small_tree / IMAGE)
    assert "mode L, expected RGB" in problem_of(small_tree / IMAGE)


def test_an_image_of_gigantic_size_is_not_decoded(small_tree: Path) -> None:
    path = small_tree / IMAGE
    content = bytearray(path.read_bytes())
    frame_header = content.index(b"\xff\xc0")
    content[frame_header + 5 : frame_header + 9] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert "expected" in problem_of(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("33.4\n", "1 numbers, expected 2: latitude and longitude"),
        ("33.4\n-111.9\n7\n", "3 numbers, expected 2: latitude and longitude"),
        ("33.4\nwest\n", "holds what is not a number"),
        ("3_3.4\n-111.9\n", "holds what is not a number"),
        ("nan\n-111.9\n", "latitude nan, expected -80 to 84 degrees"),
        ("-111.9\n33.4\n", "latitude -111.9, expected -80 to 84 degrees"),
        ("33.4\n181\n", "longitude 181.0, expected -180 to 180 degrees"),
        ("33.4\ninf\n", "longitude inf, expected -180 to 180 degrees"),
    ],
)
def test_a_wrong_position_says_what_was_expected(small_tree: Path, text: str, expected: str) -> None:
    (small_tree / POSITION).write_text(text)
    assert expected in problem_of(small_tree / POSITION)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1\n" * 63, "63 numbers, expected 64: powers, one a beam"),
        ("1\n" * 63 + "a", "holds what is not a number"),
        ("1\n" * 63 + "inf", "holds infinite powers, expected finite ones or nan"),
    ],
)
def test_a_wrong_power_says_what_was_expected(small_tree: Path, text: str, expected: str) -> None:
    (small_tree / POWER).write_text(text)
    assert expected in problem_of(small_tree / POWER)


def test_a_name_with_control_characters_is_shown_on_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        formats.read_power(tmp_path / "a\x1b[31m\n.txt")
    (line,) = caught.value.lines
    assert line.startswith(rf"{tmp_path}/a\x1b[31m\n.txt: no such file")


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_read_over_or_reported_on_one_line(
    small_tree: Path, name: str, data: st.DataObject
) -> None:
    path = small_tree / name
    sound = small_tree / f"{name}.sound"
    if not sound.exists():
        sound.write_bytes(path.read_bytes())
    content = bytearray(sound.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        length = data.draw(st.integers(0, 8))
        content[start : start + length] = data.draw(st.binary(max_size=12))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        READERS[name](path)
    except UserError as error:
        (line,) = error.lines
        assert line.startswith(str(path))
        assert line.isprintable()
