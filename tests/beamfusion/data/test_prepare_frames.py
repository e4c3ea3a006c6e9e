"""`prepare`: every frame once, windows that index them, problems, and what a second call does."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from beamfusion.data import formats, frames, gps
from beamfusion.data.prepare import prepare
from beamfusion.data.prepared import Prepared, open_prepared, write_index
from beamfusion.data.raw import read_tree
from beamfusion.settings import Frames
from jobkit.errors import UserError
from tests.beamfusion.data.test_raw import edit, set_cell
from tests.beamfusion.data.tree_writer import BASE, beam_of, write_text

UNIT = "Multi_Modal/scenario32/unit1"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_every_distinct_frame_is_prepared_once(prepared: Prepared) -> None:
    recorded = 9 * 7 + 4 * 7 + 4 * 6
    assert prepared.summary.frames == {"image": recorded, "lidar": recorded, "radar": recorded}
    assert prepared.image.shape == (recorded, 8, 8, 3)
    assert prepared.lidar.shape == (recorded, 16, 16)
    assert prepared.radar.shape == (recorded, 2, 16, 16)
    assert prepared.image.dtype == prepared.lidar.dtype == np.uint8
    assert prepared.radar.dtype == np.float32


def test_arrays_are_memory_mapped_read_only(prepared: Prepared) -> None:
    for array in (prepared.image, prepared.lidar, prepared.radar):
        assert isinstance(array, np.memmap)
        assert not array.flags.writeable


def test_a_window_s_indices_lead_to_its_own_files_in_order(prepared: Prepared, whole_tree: Path) -> None:
    windows = prepared.windows
    for number, sample in list(enumerate(read_tree(whole_tree).samples))[::7]:
        for step in range(5):
            pixels = formats.read_image(whole_tree / sample.image[step])
            points = formats.read_points(whole_tree / sample.lidar[step])
            cube = formats.read_radar(whole_tree / sample.radar[step])
            image = prepared.image[windows.image_frames[number, step]]
            lidar = prepared.lidar[windows.lidar_frames[number, step]]
            radar = prepared.radar[windows.radar_frames[number, step]]
            assert np.array_equal(image, frames.image(pixels, 8))
            assert np.array_equal(lidar, frames.lidar_grid(points, sample.scenario, 16))
            assert np.array_equal(radar, frames.radar_maps(cube, 16))


def test_windows_carry_their_labels_scenario_subset_and_frame_number(prepared: Prepared) -> None:
    windows = prepared.windows
    assert len(windows) == 9 * 3 + 4 * 3 + 4 * 2
    assert prepared.summary.windows == {"development": 27, "adaptation": 12, "test": 8}
    labelled = windows.subset != "test"
    assert windows.beam[labelled].tolist() == [
        beam_of(n) - 1 for n in windows.frame_number[labelled].tolist()
    ]
    assert (windows.beam[~labelled] == -1).all()
    assert np.isnan(windows.power[~labelled]).all()
    assert (windows.power[labelled].argmax(1) == windows.beam[labelled]).all()
    assert not windows.nan_power.any()
    assert windows.scenario[:9].tolist() == [32] * 9
    assert windows.line[:2].tolist() == [2, 3]
    assert windows.frame_number[:4].tolist() == [108, 110, 112, 148]


def test_passes_are_told_apart_over_subsets_and_scenarios(prepared: Prepared) -> None:
    windows = prepared.windows
    assert prepared.summary.passes == len(set(windows.pass_id.tolist())) == 9 + 4 + 4
    for one in set(windows.pass_id.tolist()):
        inside = windows.pass_id == one
        assert len(set(zip(windows.scenario[inside], windows.subset[inside], strict=True))) == 1
        assert np.ptp(windows.frame_number[inside]) <= 4


@pytest.mark.parametrize("encoding", ["polar", "angle"])
def test_gps_is_encoded_as_the_settings_say(small_tree: Path, tmp_path: Path, encoding: str) -> None:
    prepare(small_tree, tmp_path / "out", Frames(image_size=8, lidar_grid=8, radar_size=8, gps=encoding))
    fixes = np.array([[[BASE[0], BASE[1] + 1e-5 * number] for number in (10, 12)]])
    metres = gps.relative_position(fixes, np.array([BASE]))
    expected = getattr(gps, encoding)(metres, np.array([32]))
    np.testing.assert_allclose(open_prepared(tmp_path / "out").windows.gps[:1], expected, rtol=1e-5)


def test_a_nan_label_is_kept_as_the_first_nan_s_index_and_marked(
    small_tree: Path, sizes: Frames, tmp_path: Path
) -> None:
    power = ["1"] * 64
    power[30] = power[40] = "nan"
    write_text(small_tree / UNIT / "mmWave_data/mmWave_power_18.txt", "\n".join(power))
    summary = prepare(small_tree, tmp_path / "out", sizes)
    windows = open_prepared(tmp_path / "out").windows
    assert windows.nan_power.tolist() == [True, False]
    assert windows.beam[0] == 30
    assert summary.nan_labels == 1


def test_absent_subsets_are_in_the_summary(small_tree: Path, sizes: Frames, tmp_path: Path) -> None:
    assert prepare(small_tree, tmp_path / "out", sizes).absent == ("adaptation", "test")


def test_a_window_across_a_jump_is_marked_and_counted(
    whole_tree: Path, sizes: Frames, tmp_path: Path
) -> None:
    root = tmp_path / "tree"
    shutil.copytree(whole_tree, root)
    far = "./scenario32/unit1/camera_data/image_300.jpg"
    edit(root, lambda rows: rows[0].update(unit1_rgb_5=far))
    summary = prepare(root, tmp_path / "out", sizes)
    assert summary.crossing == 1
    assert summary.passes == 17
    assert open_prepared(tmp_path / "out").windows.crosses_jump.nonzero()[0].tolist() == [0]


def test_the_same_tree_elsewhere_gives_the_same_bytes(
    small_tree: Path, sizes: Frames, tmp_path: Path
) -> None:
    shutil.copytree(small_tree, tmp_path / "copy")
    prepare(small_tree, tmp_path / "first", sizes)
    prepare(tmp_path / "copy", tmp_path / "second", sizes, chunk=2)
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    assert list(contents(tmp_path / "first")) == [
        "image.npy",
        "index.json",
        "lidar.npy",
        "radar.npy",
        "windows.npy",
    ]


def test_the_digest_follows_frames_labels_and_settings(
    small_tree: Path, sizes: Frames, tmp_path: Path
) -> None:
    digests = [prepare(small_tree, tmp_path / "a", sizes).digest]
    digests.append(prepare(small_tree, tmp_path / "b", sizes.model_copy(update={"gps": "angle"})).digest)
    np.save(small_tree / UNIT / "radar_data/radar_data_14.npy", np.ones((4, 16, 8), np.complex64))
    digests.append(prepare(small_tree, tmp_path / "c", sizes).digest)
    write_text(small_tree / UNIT / "mmWave_data/mmWave_power_18.txt", "2\n" * 64)
    digests.append(prepare(small_tree, tmp_path / "d", sizes).digest)
    assert len(set(digests)) == 4
    assert open_prepared(tmp_path / "d").digest == digests[3]


def test_a_second_call_decodes_nothing(small_tree: Path, sizes: Frames, tmp_path: Path) -> None:
    first = prepare(small_tree, tmp_path / "out", sizes)
    shutil.rmtree(small_tree / UNIT / "camera_data")
    assert prepare(small_tree, tmp_path / "out", sizes) == first


def test_other_settings_prepare_the_folder_from_nothing(
    small_tree: Path, sizes: Frames, tmp_path: Path
) -> None:
    prepare(small_tree, tmp_path / "out", sizes)
    prepare(small_tree, tmp_path / "out", sizes.model_copy(update={"lidar_grid": 8}))
    assert open_prepared(tmp_path / "out").lidar.shape[1:] == (8, 8)


def damage(root: Path) -> list[str]:
    """Break frames 10 and 14 and the label of frame 20; return the starts of the problems."""
    (root / UNIT / "camera_data/image_10.jpg").write_bytes(b"no image")
    np.save(root / UNIT / "radar_data/radar_data_14.npy", np.ones((4, 16, 4), np.complex64))
    return [
        f"{root / UNIT}/camera_data/image_10.jpg: cannot be decoded",
        f"{root / UNIT}/radar_data/radar_data_14.npy: shape (4, 16, 4), expected (4, 16, 8)",
    ]


def test_broken_files_end_it_with_all_their_names_and_without_an_index(
    small_tree: Path, sizes: Frames, tmp_path: Path
) -> None:
    expected = damage(small_tree)
    with pytest.raises(UserError) as caught:
        prepare(small_tree, tmp_path / "out", sizes)
    assert len(caught.value.lines) == len(expected)
    assert all(line.startswith(start) for line, start in zip(caught.value.lines, expected, strict=True))
    with pytest.raises(UserError, match=r"index\.json: no such file"):
        open_prepared(tmp_path / "out")


def test_a_wrong_label_ends_it_before_any_frame_is_decoded(
    small_tree: Path, sizes: Frames, tmp_path: Path
) -> None:
    set_cell(small_tree, "unit1_beam", "3")
    with pytest.raises(UserError, match="expected 19, the argmax"):
        prepare(small_tree, tmp_path / "out", sizes)
    assert not list((tmp_path / "out").iterdir())


def test_after_a_repair_it_resumes_to_the_bytes_of_a_sound_tree(
    small_tree: Path, sizes: Frames, tmp_path: Path
) -> None:
    prepare(small_tree, tmp_path / "sound", sizes)
    shutil.copytree(small_tree, tmp_path / "broken")
    damage(tmp_path / "broken")
    with pytest.raises(UserError):
        prepare(tmp_path / "broken", tmp_path / "out", sizes, chunk=2)
    for name in ("camera_data/image_10.jpg", "radar_data/radar_data_14.npy"):
        shutil.copy(small_tree / UNIT / name, tmp_path / "broken" / UNIT / name)
    prepare(tmp_path / "broken", tmp_path / "out", sizes, chunk=2)
    assert contents(tmp_path / "out") == contents(tmp_path / "sound")


def test_broken_windows_can_be_dropped_and_are_counted(
    whole_tree: Path, sizes: Frames, tmp_path: Path, prepared: Prepared
) -> None:
    root = tmp_path / "tree"
    shutil.copytree(whole_tree, root)
    (root / UNIT / "camera_data/image_108.jpg").write_bytes(b"no image")
    edit(root, lambda rows: rows[-1].update(unit1_beam="99"))
    write_text(root / "Multi_Modal/scenario34/unit2/GPS_data/GPS_location_100.txt", "here")
    summary = prepare(root, tmp_path / "out", sizes, on_error="drop")
    assert summary.dropped == 3 + 1 + 1
    assert len(summary.faults) == 3
    assert not any(str(root) in line for line in summary.faults)
    windows = open_prepared(tmp_path / "out").windows
    assert len(windows) == len(prepared.windows) - 5
    assert np.isfinite(windows.gps).all()


def test_dropping_after_a_failure_resumes_with_what_is_decoded(
    small_tree: Path, sizes: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small_tree / UNIT / "camera_data/image_10.jpg").write_bytes(b"no image")
    with pytest.raises(UserError):
        prepare(small_tree, tmp_path / "out", sizes)
    monkeypatch.setattr(formats, "read_points", None)
    assert prepare(small_tree, tmp_path / "out", sizes, on_error="drop").dropped == 1


def test_failing_after_dropping_looks_at_the_problems_again(
    small_tree: Path, sizes: Frames, tmp_path: Path
) -> None:
    (small_tree / UNIT / "camera_data/image_10.jpg").write_bytes(b"no image")
    prepare(small_tree, tmp_path / "out", sizes, on_error="drop")
    with pytest.raises(UserError, match=r"image_10\.jpg: cannot be decoded"):
        prepare(small_tree, tmp_path / "out", sizes)


def test_a_tree_without_one_sound_window_is_an_error_even_when_dropping(
    small_tree: Path, sizes: Frames, tmp_path: Path
) -> None:
    shutil.rmtree(small_tree / UNIT / "radar_data")
    with pytest.raises(UserError, match="no such file"):
        prepare(small_tree, tmp_path / "out", sizes, on_error="drop")


def test_a_misspelt_column_is_an_error_even_when_dropping(
    small_tree: Path, sizes: Frames, tmp_path: Path
) -> None:
    path = small_tree / "Multi_Modal/ml_challenge_dev_multi_modal.csv"
    path.write_text(path.read_text().replace("unit1_loc", "unit1_lok", 1))
    with pytest.raises(UserError, match="column unit1_loc is missing; the nearest is unit1_lok"):
        prepare(small_tree, tmp_path / "out", sizes, on_error="drop")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["image.npy", "windows.npy", "index.json"])
@pytest.mark.parametrize("how", ["cut", "gone", "junk"])
def test_a_damaged_prepared_folder_is_a_clear_error(
    prepared: Prepared, tmp_path: Path, name: str, how: str
) -> None:
    shutil.copytree(prepared.folder, tmp_path / "out")
    path = tmp_path / "out" / name
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-7] if how == "cut" else b'{"form": 1}')
    with pytest.raises(UserError, match=rf"{name}: "):
        open_prepared(tmp_path / "out")


def test_windows_that_point_beyond_the_frames_are_refused(prepared: Prepared, tmp_path: Path) -> None:
    shutil.copytree(prepared.folder, tmp_path / "out")
    table = np.load(tmp_path / "out/windows.npy")
    table["radar_frames"][3, 2] = 10**6
    np.save(tmp_path / "out/windows.npy", table)
    with pytest.raises(UserError, match=r"windows\.npy: missing, or not what was written"):
        open_prepared(tmp_path / "out")
    write_index(tmp_path / "out", "key", prepared.summary)
    with pytest.raises(UserError, match="radar frames beyond the 115 that there are"):
        open_prepared(tmp_path / "out")


def test_nothing_is_printed_where_there_is_no_terminal(
    small_tree: Path, sizes: Frames, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    prepare(small_tree, tmp_path / "out", sizes, progress=True)
    assert capfd.readouterr() == ("", "")
