"""A `prepare` that is killed at any moment resumes, and ends with the same bytes."""

import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from beamfusion.data import formats
from beamfusion.data.prepare import JOURNAL, prepare
from beamfusion.data.prepared import INDEX, Prepared
from beamfusion.settings import Frames
from jobkit.errors import UserError
from tests.beamfusion.data.test_prepare_frames import contents

CHUNK = 2
PROCESS = """
import sys
from pathlib import Path
from beamfusion.data.prepare import prepare
from beamfusion.settings import Frames
prepare(Path(sys.argv[1]), Path(sys.argv[2]), Frames.model_validate_json(sys.argv[3]), chunk=int(sys.argv[4]))
"""


def start(root: Path, out: Path, sizes: Frames) -> subprocess.Popen[bytes]:
    arguments = [str(root), str(out), sizes.model_dump_json(), str(CHUNK)]
    return subprocess.Popen([sys.executable, "-c", PROCESS, *arguments])


def run_until_killed(root: Path, out: Path, sizes: Frames, lines: int, delay: float) -> bool:
    """Kill a run a moment after its journal has so many more lines; return whether that was in time."""
    journal = out / JOURNAL
    goal = journal_lines(journal) + lines
    process = start(root, out, sizes)
    while process.poll() is None and journal_lines(journal) < goal:
        time.sleep(0.0005)
    time.sleep(delay)
    process.kill()
    return process.wait() == -signal.SIGKILL


def journal_lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def kill_and_finish(root: Path, out: Path, sizes: Frames, kills: int, seed: int) -> int:
    """Kill run after run at random moments, then let one end; return how many were killed."""
    choice = random.Random(seed)
    steps = 3 * 58 // (kills + 1)  # the journal's lines in all, shared between the runs
    killed = 0
    for _ in range(kills):
        killed += run_until_killed(root, out, sizes, choice.randint(0, 2 * steps), choice.random() * 0.01)
    assert start(root, out, sizes).wait() == 0
    return killed


def test_three_kills_change_no_byte(
    whole_tree: Path, sizes: Frames, prepared: Prepared, tmp_path: Path
) -> None:
    assert kill_and_finish(whole_tree, tmp_path / "out", sizes, kills=3, seed=1) >= 1
    assert contents(tmp_path / "out") == contents(prepared.folder)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_kills_change_no_byte(
    whole_tree: Path, sizes: Frames, prepared: Prepared, tmp_path: Path, seed: int
) -> None:
    assert kill_and_finish(whole_tree, tmp_path / "out", sizes, kills=10, seed=seed) >= 5
    assert contents(tmp_path / "out") == contents(prepared.folder)


def test_a_killed_run_has_no_index_and_the_next_one_decodes_only_what_is_left(
    whole_tree: Path, sizes: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert run_until_killed(whole_tree, out, sizes, lines=40, delay=0)
    done = (journal_lines(out / JOURNAL) - 1) * CHUNK
    assert not (out / INDEX).exists()
    decoded = []
    read = formats.read_image
    monkeypatch.setattr(formats, "read_image", lambda path: decoded.append(path) or read(path))
    prepare(whole_tree, out, sizes, chunk=CHUNK)
    assert len(decoded) == 115 - done
    assert done >= 39 * CHUNK


def test_a_torn_last_line_of_the_journal_is_cut_off(
    whole_tree: Path, sizes: Frames, prepared: Prepared, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run_until_killed(whole_tree, out, sizes, lines=20, delay=0)
    journal = out / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-30])
    assert run_until_killed(whole_tree, out, sizes, lines=20, delay=0)
    prepare(whole_tree, out, sizes, chunk=CHUNK)
    assert contents(out) == contents(prepared.folder)


def test_a_file_that_changed_since_it_was_decoded_is_decoded_again(
    small_tree: Path, sizes: Frames, tmp_path: Path
) -> None:
    cube = small_tree / "Multi_Modal/scenario32/unit1/radar_data/radar_data_14.npy"
    sound = cube.read_bytes()
    prepare(small_tree, tmp_path / "sound", sizes)
    cube.write_bytes(sound[:-1])
    image = small_tree / "Multi_Modal/scenario32/unit1/camera_data/image_10.jpg"
    other = image.with_name("image_12.jpg").read_bytes()
    first = image.read_bytes()
    image.write_bytes(other)
    with pytest.raises(UserError):
        prepare(small_tree, tmp_path / "out", sizes)
    cube.write_bytes(sound)
    image.write_bytes(first)
    prepare(small_tree, tmp_path / "out", sizes)
    assert contents(tmp_path / "out") == contents(tmp_path / "sound")


def test_a_journal_of_other_settings_is_not_gone_on_with(
    whole_tree: Path, sizes: Frames, prepared: Prepared, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    other = sizes.model_copy(update={"radar_size": 8})
    assert run_until_killed(whole_tree, out, other, lines=30, delay=0)
    prepare(whole_tree, out, sizes)
    assert contents(out) == contents(prepared.folder)


def test_a_full_disk_is_a_clear_error_and_the_next_run_ends_with_the_same_bytes(
    whole_tree: Path, sizes: Frames, prepared: Prepared, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))  # more than images need, less than radar maps
    try:
        with pytest.raises(UserError, match=r"what is done is kept for another run"):
            prepare(whole_tree, out, sizes)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    prepare(whole_tree, out, sizes)
    assert contents(out) == contents(prepared.folder)
