"""The command line as a user meets it: exit codes, messages, no tracebacks."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from beamfusion.cli import main

ROOT = Path(__file__).resolve().parents[2]


def test_the_committed_schema_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == (ROOT / "config/settings.schema.json").read_text()


def test_wrong_settings_are_all_named_with_the_nearest_right_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"model": {"feature_fusoin": "mamba", "width": "wide"}}
    assert main(["job", "train", "--settings", json.dumps(settings), "--out", str(tmp_path / "a")]) == 2
    errors = capsys.readouterr().err
    assert "model.feature_fusoin: unknown key; did you mean feature_fusion?" in errors
    assert "model.width: expected" in errors
    assert "found 'wide'" in errors
    assert errors.endswith("config/settings.schema.json is of other code: make schema\n")
    assert not (tmp_path / "a").exists()


def test_a_setting_with_a_decimal_comma_says_what_to_write(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "--set", "model.dropout=0,5", "--set", "model.width=1,000"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: model.width: expected a whole number, found '1,000'; write 1.000, or 1000",
        "error: model.dropout: expected a number, found '0,5'; write 0.5",
    ]


def test_rebuilding_without_any_loss_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"rebuild": {"losses": {"fusion": 0, "trans": 0, "contrast": 0, "distance": 0}}}
    assert main(["job", "rebuild", "--settings", json.dumps(settings), "--out", str(tmp_path / "a")]) == 2
    assert "error: rebuild.losses: expected at least one weight above 0" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


DEEP = "[" * 100_000


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["describe", f"--set=model.width={DEEP}"],
        ["describe", f"--set=model.width={'[' * 200 + ']' * 200}"],
        ["describe", "--set=model.width=2026-99-99"],
        ["describe", "--set=model=&a {width: *a}"],
        ["describe", "--scale", "deep"],
        ["job", "train", "--out", "a", "--settings", DEEP],
        ["job", "simulate", "--out", "a", "--settings", "null"],
    ],
)
def test_hostile_settings_are_a_short_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config/scales").mkdir(parents=True)
    (tmp_path / "config/scales/deep.yaml").write_text(DEEP)
    assert main(arguments) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("error: ")
    assert len(errors) < 500


def test_an_unknown_stage_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job", "trian", "--settings", "{}", "--out", str(tmp_path / "a")]) == 2
    assert capsys.readouterr().err == "error: stage trian: unknown; did you mean train?\n"


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulat"]) == 2
    assert capsys.readouterr().err == "error: simulat: no such command; did you mean simulate?\n"


def test_a_device_that_is_not_there_is_an_error(
    prepared_job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--out", str(tmp_path / "a"), "--needs", str(prepared_job), "--device", "gpu"]
    assert main(["job", "train", "--settings", "{}", *arguments]) == 2
    assert "device gpu: expected auto, cpu, cuda or cuda:N" in capsys.readouterr().err


def test_real_data_without_a_folder_says_what_to_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["job", "prepare", "--settings", "{}", "--out", str(tmp_path / "a")]) == 2
    assert "the folder of the data set is not set; expected --config data_root=DIR" in capsys.readouterr().err


def test_simulate_refuses_a_folder_that_holds_something(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert main(["simulate", "--out", str(tmp_path)]) == 2
    assert "is there and not empty" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


SMALL = [f"--set={pair}" for pair in ("passes=1", "lidar_points=200", "radar_samples=16", "radar_chirps=8")]


def test_simulate_leaves_nothing_of_a_tree_that_it_could_not_finish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        assert any(tmp_path.rglob("camera_data"))
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr("beamfusion.simulation.tree.photograph", interrupt)
        assert main(["simulate", "--out", str(tmp_path / "tree"), *SMALL]) == 130
    assert list(tmp_path.iterdir()) == []


def test_simulate_replaces_what_a_killed_run_left(tmp_path: Path) -> None:
    left = tmp_path / ".tree.unfinished/Multi_Modal/old.txt"
    left.parent.mkdir(parents=True)
    left.touch()
    assert main(["simulate", "--out", str(tmp_path / "tree"), *SMALL]) == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["tree"]
    assert not (tmp_path / "tree/Multi_Modal/old.txt").exists()


@pytest.mark.parametrize(
    "pair", ["image_size=[100000,100000]", "lidar_points=99999999999999", "passes=1e999"]
)
def test_simulate_refuses_sizes_that_no_machine_has_memory_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pair: str
) -> None:
    assert main(["simulate", "--out", str(tmp_path / "tree"), "--set", pair]) == 2
    assert capsys.readouterr().err.startswith(f"error: {pair.partition('=')[0]}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("threads", ["0", "-1", "1e3", "10000"])
def test_a_number_of_threads_that_no_machine_has_is_refused(
    capsys: pytest.CaptureFixture[str], threads: str
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["job", "evaluate", "--settings", "{}", "--out", "a", f"--threads={threads}"])
    assert left.value.code == 2
    assert "--threads: expected a number from 1 to 9999" in capsys.readouterr().err


def test_a_simulated_tree_is_valid_with_its_nan_powers_until_a_file_breaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = tmp_path / "tree"
    assert main(["simulate", "--out", str(tree), "--seed", "3", *SMALL]) == 0
    capsys.readouterr()
    assert main(["validate", str(tree)]) == 0
    captured = capsys.readouterr()
    warnings = captured.out.splitlines()
    assert warnings
    assert all(line.startswith("warning: ") and "powers are nan" in line for line in warnings)
    assert captured.err == f"{tree}: no problems, {len(warnings)} warnings\n"
    power = warnings[0].removeprefix("warning: ").partition(": ")[0]
    Path(power).write_text("x")
    assert main(["validate", str(tree)]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith(f"{power}: ")
    assert captured.err == f"{tree}: 1 problem, {len(warnings) - 1} warnings\n"


def test_help_does_not_import_torch() -> None:
    check = "import sys, beamfusion.cli, beamfusion.stages; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"beamfusion {version('papermatrix')}\n"
