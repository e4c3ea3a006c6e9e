"""Whole jobs on a tiny tree: train, rebuild, evaluate, interrupted and not."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from beamfusion.models.networks import load_networks_of
from beamfusion.settings import parse_settings
from beamfusion.stages.start import run_stage
from beamfusion.training.record import Record
from beamfusion.training.schedule import learning_rate
from jobkit.errors import UserError
from jobkit.files import read_json
from jobkit.progress import read_position
from jobkit.result import read_result
from tests.beamfusion.tiny import with_changes

Run = Callable[..., Path]


def scores(folder: Path) -> dict[str, Any]:
    return read_result(folder).scores


def test_a_training_writes_its_history_steps_and_events(run: Run) -> None:
    folder = run("train", "a")
    history = list(csv.DictReader((folder / "history.csv").open()))
    assert [row["epoch"] for row in history] == ["1", "2"]
    assert {"lr", "loss_total", "validation_dba"} <= set(history[0])
    steps = list(csv.DictReader((folder / "steps.csv").open()))
    assert len(steps) == int(history[-1]["step"])
    assert list((folder / "tensorboard").glob("events.*"))
    assert not (folder / "state.pt").exists()


def test_a_learning_rate_is_recorded_at_the_step_that_used_it(run: Run) -> None:
    folder = run("train", "a", train__warmup_epochs=2)
    train = parse_settings(read_json(folder / "settings.json")["settings"]).train
    steps = [float(row["lr"]) for row in csv.DictReader((folder / "steps.csv").open())]
    per_epoch = len(steps) // 2
    expected = [learning_rate(step / per_epoch, train) for step in range(len(steps))]
    assert steps == pytest.approx(expected, rel=1e-14)
    assert len(set(steps)) == len(steps) > 2
    history = csv.DictReader((folder / "history.csv").open())
    assert [float(row["lr"]) for row in history] == [steps[per_epoch - 1], steps[-1]]
    events = EventAccumulator(str(folder / "tensorboard")).Reload().Scalars("lr")
    assert [(event.step, event.value) for event in events] == [
        (step, pytest.approx(rate)) for step, rate in enumerate(steps, start=1)
    ]


def test_a_record_of_before_rates_of_steps_goes_on(tmp_path: Path) -> None:
    with Record(tmp_path) as record:
        record.step(0.1, {"total": 2.0})
        older = {key: value for key, value in record.state().items() if key != "rates"}
    with Record(tmp_path) as record:
        record.restore(older)
        record.step(0.2, {"total": 1.0})
        record.epoch(1, 0.5)
    assert (tmp_path / "steps.csv").read_text() == "step,lr,total\n1,nan,2.0\n2,0.2,1.0\n"
    assert (tmp_path / "history.csv").read_text().splitlines()[1] == "1,2,0.2,1.5,0.5"


def test_the_best_epoch_is_chosen_by_the_validation_part(run: Run) -> None:
    folder = run("train", "a", train__epochs=4)
    history = list(csv.DictReader((folder / "history.csv").open()))
    best = max(history, key=lambda row: float(row["validation_dba"]))
    assert scores(folder)["best_epoch"] == int(best["epoch"])
    assert scores(folder)["validation_dba"] == pytest.approx(float(best["validation_dba"]))


def test_the_saved_weights_are_the_averaged_ones(run: Run) -> None:
    plain = run("train", "plain", train__ema=None, train__epochs=1)
    averaged = run("train", "averaged", train__ema=0.999, train__epochs=1)
    a, b = (
        torch.load(f / "checkpoint.pt", weights_only=True)["predictor"]["head.0.weight"]
        for f in (plain, averaged)
    )
    assert not torch.equal(a, b)


def test_a_loss_that_is_not_finite_ends_the_run_as_diverged_with_its_epoch(run: Run) -> None:
    folder = run("train", "a", train__lr=1e30, train__warmup_epochs=0, train__epochs=3)
    result = read_result(folder)
    assert result.status == "diverged"
    assert result.epoch in (1, 2)
    after = run("evaluate", "b", folder, train__lr=1e30, train__warmup_epochs=0, train__epochs=3)
    assert (read_result(after).status, read_result(after).epoch) == ("diverged", result.epoch)


def test_the_same_settings_give_the_same_scores_to_the_bit(run: Run) -> None:
    first, second = run("train", "a"), run("train", "b")
    assert scores(first) == scores(second)
    assert scores(run("evaluate", "c", first)) == scores(run("evaluate", "d", second))
    assert scores(run("train", "e", seed=101)) != scores(first)


def test_a_result_names_the_kernel_of_its_scans(run: Run) -> None:
    training = run("train", "one")
    assert read_result(training).provenance["scan_backend"] == "numba"


def test_a_scan_that_cannot_run_is_refused_before_the_work(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEAMFUSION_SCAN", "mamba_ssm")
    with pytest.raises(UserError, match="BEAMFUSION_SCAN: mamba_ssm cannot be used: it runs on CUDA only"):
        run("train", "a")


@pytest.mark.parametrize(
    "changes",
    [
        {"model__kind": "gps_gru"},
        {"model__kind": "gps_least_squares"},
        {"model__feature_fusion": "transformer", "model__time_fusion": "sum"},
    ],
)
def test_a_network_without_a_scan_needs_none(
    run: Run, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str]
) -> None:
    monkeypatch.setenv("BEAMFUSION_SCAN", "mamba_ssm")
    assert "scan_backend" not in read_result(run("train", "a", **changes, train__epochs=1)).provenance


def test_more_windows_than_fit_into_a_gpu_are_a_message(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    monkeypatch.setattr("beamfusion.stages.train.train", fail)
    with pytest.raises(UserError, match=r"train\.batch_size: 16 windows do not fit into the GPU's memory"):
        run("train", "a")


def test_the_threads_of_a_job_on_a_cpu_are_its_devices_and_share_its_memory(
    prepared_job: Path, tmp_path: Path
) -> None:
    settings = with_changes({"model.kind": "gps_least_squares"})
    before = torch.get_num_threads()
    run_stage("train", tmp_path / "a", settings, needs=prepared_job, device="cpu", threads=2)
    torch.set_num_threads(before)
    cost = read_result(tmp_path / "a").cost
    assert cost.device_count == 2
    assert cost.device_hours == pytest.approx(cost.seconds * 2 / 3600, rel=0.01)
    assert cost.total_memory == cost.peak_memory


def test_a_rebuilt_modality_is_scored_without_ever_being_seen(run: Run) -> None:
    training = run("train", "a")
    changes = {"missing__modalities": ["image", "lidar"], "rebuild__enabled": True}
    rebuilding = run("rebuild", "b", training, **changes)
    zeros = run("evaluate", "c", rebuilding, **changes)
    noise = run("evaluate", "d", rebuilding, **changes, missing__fill="random")
    assert scores(zeros) == scores(noise)
    table = pq.read_table(zeros / "predictions.parquet")
    assert table.num_rows == scores(zeros)["windows"]
    by_sample = pq.read_table(zeros / "samples.parquet").to_pandas()
    assert by_sample["sample"].is_unique
    assert by_sample["dba"].mean() == pytest.approx(scores(zeros)["dba"]["overall"])
    for part, actual in by_sample.groupby("part"):
        assert actual["top2"].mean() == pytest.approx(scores(zeros)["top2"][part])
    assert scores(rebuilding)["best_epoch"] == 1


def rebuild_image(run: Run, **changes: Any) -> Path:
    training = run("train", "a", train__epochs=1)
    return run("rebuild", "b", training, missing__modalities=["image"], rebuild__enabled=True, **changes)


@pytest.mark.parametrize("losses", [{"trans": 0.0, "contrast": 0.0, "distance": 0.0}, {"fusion": 0.0}])
def test_a_loss_term_of_weight_0_is_left_out(run: Run, losses: dict[str, float]) -> None:
    folder = rebuild_image(run, rebuild__losses=losses)
    columns = set(next(csv.reader((folder / "steps.csv").open())))
    assert columns == {"step", "lr", "total", "fusion", "trans", "contrast", "distance"} - set(losses)


def test_the_published_rebuilding_runs_too(run: Run) -> None:
    folder = rebuild_image(run, rebuild__published=True, rebuild__epochs=2)
    assert read_result(folder).status == "done"


def test_a_profile_counts_parameters_and_times_windows(run: Run) -> None:
    training = run("train", "a", train__epochs=1)
    actual = scores(run("profile", "b", training, train__epochs=1, profile__repeats=2))
    tensors = torch.load(training / "checkpoint.pt", weights_only=True)["predictor"]
    parameters = [
        name for name in tensors if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
    ]
    assert actual["parameters"] == sum(tensors[name].numel() for name in parameters)
    assert actual["fps"] == pytest.approx(1 / actual["latency"])
    assert actual["memory"] > 10**8


def test_least_squares_on_gps_is_fitted_and_scored_like_any_model(run: Run) -> None:
    training = run("train", "a", model__kind="gps_least_squares")
    evaluation = run("evaluate", "b", training, model__kind="gps_least_squares")
    assert 0 <= scores(evaluation)["dba"]["overall"] <= 1


def test_nothing_can_be_rebuilt_for_least_squares(run: Run) -> None:
    training = run("train", "a", model__kind="gps_least_squares")
    with pytest.raises(UserError, match=r"model\.kind is gps_least_squares"):
        run(
            "rebuild",
            "b",
            training,
            model__kind="gps_least_squares",
            missing__modalities=["image"],
            rebuild__enabled=True,
        )


def test_a_truncated_checkpoint_is_named_and_nothing_is_written(run: Run) -> None:
    training = run("train", "a", train__epochs=1)
    checkpoint = training / "checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"checkpoint\.pt: cannot be read as a checkpoint"):
        run("evaluate", "b", training)
    assert not (training.parent / "b" / "result.json").exists()


def test_a_checkpoint_of_another_network_is_named(run: Run) -> None:
    training = run("train", "a", train__epochs=1)
    settings = parse_settings(with_changes({"model.width": 8}))
    with pytest.raises(UserError, match=r"checkpoint\.pt: is not a checkpoint of this predictor"):
        load_networks_of(training, None, settings, torch.device("cpu"))


def start(stage: str, folder: Path, needs: Path, settings: dict[str, Any]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "beamfusion", "job", stage, "--settings", json.dumps(settings)]
    return subprocess.Popen([*command, "--out", str(folder), "--needs", str(needs), "--device", "cpu"])


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, "the job ended before it could be interrupted"
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM])
def test_a_training_killed_in_mid_epoch_resumes_to_the_same_scores(
    run: Run, prepared_job: Path, tmp_path: Path, kill: signal.Signals
) -> None:
    changes = {"train.epochs": 3}
    undisturbed = run("train", "undisturbed", train__epochs=3)
    folder = tmp_path / "killed"
    process = start("train", folder, prepared_job, with_changes(changes))
    wait_for((folder / "state.pt").exists, process)
    time.sleep(0.1)
    os.kill(process.pid, kill)
    assert process.wait() != 0
    assert not (folder / "result.json").exists()
    position = read_position(folder)
    assert position is not None
    assert (position.unit, position.total, 1 <= position.done <= 3) == ("epoch", 3, True)
    assert start("train", folder, prepared_job, with_changes(changes)).wait() == 0
    assert not (folder / "progress.json").exists()
    assert scores(folder) == scores(undisturbed)
    assert (folder / "history.csv").read_text() == (undisturbed / "history.csv").read_text()
    assert (folder / "steps.csv").read_text() == (undisturbed / "steps.csv").read_text()
    assert read_result(folder).cost.resumptions == 1
    assert read_json(folder / "settings.json")["id"] == "killed"
