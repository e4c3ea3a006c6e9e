"""Whole jobs on a tiny tree with other windows: forecasts, altered copies, mirrored ones, broken files."""

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from beamfusion.data.dataset import open_datasets
from beamfusion.settings import parse_settings
from beamfusion.stages.start import run_stage
from jobkit.errors import UserError
from jobkit.result import read_result
from tests.beamfusion.stages.test_jobs import scores, start, wait_for
from tests.beamfusion.tiny import with_changes

Run = Callable[..., Path]
FORECAST: dict[str, Any] = {
    "data__history": 6,
    "data__horizon": 3,
    "train__epochs": 1,
    "train__window_step": 2,
}
AUGMENTED: dict[str, Any] = {"data__augment": True, "train__epochs": 1, "train__window_step": 40}


def test_a_forecast_is_trained_and_scored_by_step(run: Run) -> None:
    training = run("train", "a", **FORECAST)
    folder = run("evaluate", "b", training, **FORECAST)
    actual = scores(folder)
    assert {"overall", "step1", "step2", "step3"} <= set(actual["dba"])
    assert actual["dba"]["overall"] == pytest.approx(np.mean([actual["dba"][f"step{k}"] for k in (1, 2, 3)]))
    table = pq.read_table(folder / "predictions.parquet")
    assert table.num_rows == actual["windows"]
    for step in (1, 2, 3):
        hit = np.array(table[f"truth_step{step}"]) == np.array(table[f"beam1_step{step}"])
        assert 100 * hit.mean() == pytest.approx(actual["top1"][f"step{step}"])
    assert len(table["logits_step3"][0]) == 64


def test_a_profile_of_a_forecast_reads_its_history(run: Run) -> None:
    training = run("train", "a", **FORECAST)
    assert scores(run("profile", "b", training, **FORECAST, profile__repeats=1))["fps"] > 0


def test_a_forecast_that_diverges_says_in_which_epoch_and_so_does_its_evaluation(run: Run) -> None:
    changes = FORECAST | {"train__lr": 1e30, "train__warmup_epochs": 0, "train__epochs": 3}
    training = run("train", "a", **changes)
    result = read_result(training)
    assert (result.status, result.epoch in (1, 2)) == ("diverged", True)
    after = read_result(run("evaluate", "b", training, **changes))
    assert (after.status, after.epoch) == ("diverged", result.epoch)


def test_a_history_that_no_pass_has_is_an_error(run: Run) -> None:
    with pytest.raises(UserError, match=r"data\.history 300 and data\.horizon 5 need a pass of 603 frames"):
        run("train", "a", data__history=300, data__horizon=5)


def test_least_squares_makes_forecasts_too(run: Run) -> None:
    changes = {"data__history": 6, "data__horizon": 3, "model__kind": "gps_least_squares"}
    actual = scores(run("evaluate", "b", run("train", "a", **changes), **changes))
    assert 0 <= actual["dba"]["step3"] <= 1


def test_published_scores_altered_copies_and_says_which(run: Run) -> None:
    changes = AUGMENTED | {"data__published": True, "model__kind": "gps_least_squares"}
    settings = parse_settings(with_changes({key.replace("__", "."): value for key, value in changes.items()}))
    assert (settings.data.split, settings.data.augment, settings.data.nan_labels) == (
        "published",
        True,
        "keep",
    )
    training = run("train", "a", **changes)
    assert 0 < scores(training)["windows"]["altered"] < scores(training)["windows"]["train"]
    table = pq.read_table(run("evaluate", "b", training, **changes) / "predictions.parquet")
    copies = np.array(table["copy"])
    assert (copies > 0).any()
    assert (copies == 0).any()
    assert copies.max() <= 47


def test_blocks_trains_on_altered_copies_and_scores_recorded_windows(run: Run) -> None:
    training = run("train", "a", **AUGMENTED)
    assert 0 < scores(training)["windows"]["altered"] < scores(training)["windows"]["train"]
    table = pq.read_table(run("evaluate", "b", training, **AUGMENTED) / "predictions.parquet")
    assert set(table["copy"].to_pylist()) == {0}


def test_mirrored_windows_train_to_another_network(run: Run) -> None:
    plain, flipped, again = (
        run("train", name, data__flip=flip, train__window_step=4)
        for name, flip in (("a", False), ("b", True), ("c", True))
    )
    read = [(folder / "steps.csv").read_text() for folder in (plain, flipped, again)]
    assert read[0] != read[1] == read[2]


@pytest.mark.slow
def test_a_killed_training_resumes_with_the_same_copies_and_mirrored_windows(
    run: Run, prepared_job: Path, tmp_path: Path
) -> None:
    changes = {"data.augment": True, "data.flip": True, "train.window_step": 30, "train.epochs": 3}
    undisturbed = run("train", "undisturbed", **{key.replace(".", "__"): v for key, v in changes.items()})
    folder = tmp_path / "killed"
    process = start("train", folder, prepared_job, with_changes(changes))
    wait_for((folder / "state.pt").exists, process)
    time.sleep(0.1)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait() != 0
    assert start("train", folder, prepared_job, with_changes(changes)).wait() == 0
    assert (folder / "steps.csv").read_text() == (undisturbed / "steps.csv").read_text()
    assert scores(folder) == scores(undisturbed)


def damaged_copy(prepared_job: Path, tmp_path: Path) -> Path:
    """Copy a finished job of stage simulate, and cut one of its radar files off."""
    jobs = tmp_path / "jobs"
    shutil.copytree(prepared_job.parent / "tree", jobs / "tree")
    radar = sorted((jobs / "tree").rglob("scenario32/**/radar_data_*.npy"))[20]
    radar.write_bytes(radar.read_bytes()[:100])
    return jobs


def test_broken_files_end_a_preparation_or_are_left_out_counted_and_told(
    prepared_job: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    jobs = damaged_copy(prepared_job, tmp_path)
    make = {"needs": jobs / "tree", "device": "cpu", "threads": 1}
    with pytest.raises(UserError, match=r"radar_data_\d+\.npy"):
        run_stage("prepare", jobs / "failed", with_changes({}), **make)
    assert not (jobs / "failed" / "result.json").exists()

    changes = {"data.on_error": "drop", "model.kind": "gps_least_squares"}
    run_stage("prepare", jobs / "frames", with_changes(changes), **make)
    result, whole = read_result(jobs / "frames"), scores(prepared_job)
    assert result.scores["dropped"] == 5
    assert sum(result.scores["windows"].values()) == sum(whole["windows"].values()) - 5
    assert result.provenance["data"] == "simulated (seed 0), 5 faulty samples left out"
    assert "left out: " in capfd.readouterr().err

    run_stage("train", jobs / "a", with_changes(changes), **{**make, "needs": jobs / "frames"})
    assert scores(jobs / "a")["windows"]["faulty"] == 5
    assert read_result(jobs / "a").provenance["data"] == result.provenance["data"]


@pytest.mark.parametrize("modality", ["image", "lidar", "radar"])
def test_a_prepared_file_that_is_cut_off_is_named(
    run: Run, prepared_job: Path, tmp_path: Path, modality: str
) -> None:
    job = tmp_path / "frames"
    shutil.copytree(prepared_job, job)
    file = job / "frames" / f"{modality}.npy"
    parts = open_datasets(job / "frames", parse_settings(with_changes({})))
    os.truncate(file, file.stat().st_size - 4096)
    with pytest.raises(
        UserError, match=rf"{modality}\.npy: \d+ bytes, expected \d+; prepare the frames again"
    ):
        parts.train.batch([0])
    with pytest.raises(UserError, match=rf"{modality}\.npy: damaged or truncated"):
        run("train", "a", job)
    assert not (tmp_path / "a" / "result.json").exists()
