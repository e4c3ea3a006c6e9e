"""Jobs killed at any moment, run again, and held against undisturbed ones."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.chain import Chain, is_declared, run, scores, start
from tests.faults.conftest import Faults
from tests.papermatrix.tea import Paper, finish_all

pytestmark = pytest.mark.slow

KILLS = {"prepare": 8, "train": 10, "rebuild": 10}
IN_A_ROW = 5
"""Kills of one job before it may end."""
RENDER_KILLS = 8


@pytest.mark.parametrize("stage", KILLS)
def test_a_job_killed_at_random_moments_ends_with_the_scores_of_an_undisturbed_one(
    stage: str, chain: Chain, faults: Faults, tmp_path: Path
) -> None:
    undisturbed, seconds = chain.scores(stage), chain.seconds[stage]
    left, number = KILLS[stage], 0
    while left:
        number += 1
        folder = tmp_path / str(number)
        kills = 0
        while kills < min(IN_A_ROW, left):
            begin = time.monotonic()
            process = start(chain.command(stage, folder))
            try:
                process.wait(random.uniform(0.05, 0.95) * seconds)
            except subprocess.TimeoutExpired:
                process.kill()
            _, errors = process.communicate()
            assert "Traceback" not in errors
            if process.returncode == 0:
                seconds = min(seconds, time.monotonic() - begin)
                break
            assert process.returncode == -signal.SIGKILL
            kills += 1
        with faults.survive(f"SIGKILL while {stage}", kills):
            done = run(chain.command(stage, folder))
            assert done.returncode == 0, done.stderr
            assert scores(folder) == undisturbed
        left -= kills


def test_rendering_killed_at_random_moments_leaves_whole_tables_or_none(
    faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    finish_all(Paper(tmp_path).matrix())
    command = [sys.executable, "-m", "papermatrix", "render", "cups", "--out"]
    begin = time.monotonic()
    assert run([*command, "undisturbed"]).returncode == 0
    seconds = time.monotonic() - begin
    whole = {path.name: path.read_bytes() for path in Path("undisturbed").iterdir()}
    kills = 0
    while kills < RENDER_KILLS:
        process = start([*command, "out"])
        time.sleep(random.uniform(0.5, 1.0) * seconds)
        process.kill()
        if process.wait() == 0:
            continue
        kills += 1
        with faults.survive("SIGKILL while render"):
            paths = [path for path in Path("out").glob("*") if not path.name.startswith(".")]
            assert {path.name: path.read_bytes() for path in paths}.items() <= whole.items()
    assert run([*command, "out"]).returncode == 0
    assert {path.name: path.read_bytes() for path in Path("out").iterdir() if path.name in whole} == whole


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("stage", ["simulate", "prepare", "train", "rebuild", "evaluate"])
def test_a_job_that_is_asked_to_end_does_so_within_ten_seconds_and_resumes(
    stage: str, number: signal.Signals, chain: Chain, faults: Faults, tmp_path: Path
) -> None:
    folder = tmp_path / stage
    process = start(chain.command(stage, folder))
    time.sleep(random.uniform(0.4, 0.8) * chain.seconds[stage])
    begin = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    if is_declared(folder):  # it was quicker, if only with its result
        assert scores(folder) == chain.scores(stage)
        return
    assert process.returncode != 0
    with faults.survive(f"{number.name} while {stage}"):
        assert time.monotonic() - begin < 10
        assert "Traceback" not in errors
        assert run(chain.command(stage, folder)).returncode == 0
        assert scores(folder) == chain.scores(stage)
