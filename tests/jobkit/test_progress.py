"""How far a job says it is, and what of that is believed."""

import json
import os
import time
from pathlib import Path

import pytest

import jobkit.progress
from jobkit.lock import job_lock
from jobkit.progress import PROGRESS, Meter, Position, read_position


def read(folder: Path) -> Position:
    position = read_position(folder)
    assert position is not None
    return position


def test_a_meter_says_how_far_how_fast_and_for_how_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobkit.progress, "EVERY_SECONDS", 0.1)
    with job_lock(tmp_path):
        meter = Meter(tmp_path, "epoch", 10, done=2, items="windows")
        assert read(tmp_path) == Position("epoch", 2, 10, "windows")
        begin = time.monotonic()
        time.sleep(0.2)
        meter.at(2.5, items=100)
        seconds = time.monotonic() - begin
        position = read(tmp_path)
    assert position.rate == pytest.approx(100 / seconds, rel=0.2)
    assert position.seconds_left == pytest.approx(7.5 * seconds / 0.5, rel=0.2)


def test_a_meter_writes_seldom_unless_it_is_asked_to(tmp_path: Path) -> None:
    meter = Meter(tmp_path, "epoch", 10)
    meter.at(1)
    assert read(tmp_path).done == 0
    meter.write()
    assert read(tmp_path).done == 1
    assert [entry.name for entry in tmp_path.iterdir()] == [PROGRESS]


def test_a_meter_that_cannot_write_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / PROGRESS).mkdir()
    Meter(tmp_path, "epoch", 10).write()
    Meter(None, "epoch", 10).write()
    assert read_position(tmp_path) is None


def test_the_speed_of_an_earlier_run_is_not_that_of_this_one(tmp_path: Path) -> None:
    (tmp_path / PROGRESS).write_text(
        json.dumps({"unit": "epoch", "done": 1, "total": 2, "items": "x", "rate": 5, "seconds_left": 60})
    )
    assert read(tmp_path).rate is None
    with job_lock(tmp_path):
        assert 59 < (read(tmp_path).seconds_left or 0) <= 60
        os.utime(tmp_path / PROGRESS, (time.time() - 100, time.time() - 100))
        assert read(tmp_path) == Position("epoch", 1, 2, "x")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"unit": "epoch", "done": 3, "total": 2}', '{"done": NaN, "unit": "", "total": 1}'],
)
def test_what_says_nothing_is_left_out(tmp_path: Path, text: str) -> None:
    (tmp_path / PROGRESS).write_text(text)
    assert read_position(tmp_path) is None
