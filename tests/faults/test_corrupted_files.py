"""Files of a job that came to harm: a clear error that names the file, or exactly what it held before."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from beamfusion.data.prepared import open_prepared
from beamfusion.models.checkpoint import load_checkpoint, read_tensors
from beamfusion.models.networks import load_networks_of, new_predictor
from beamfusion.settings import parse_settings
from jobkit.errors import UserError
from jobkit.job import upstream_folder
from jobkit.ledger import LEDGER, Ledger, unfinished
from jobkit.result import RESULT, SETTINGS, parse_result
from tests.beamfusion.tiny import with_changes
from tests.faults.chain import SETTINGS as CHAIN_SETTINGS
from tests.faults.chain import Chain, run, start
from tests.faults.conftest import Faults
from tests.faults.fuzz import damaged, fuzz

pytestmark = pytest.mark.slow


def check_file(
    path: Path, read: Callable[[], Any], same: Callable[[Any], bool], kind: str, faults: Faults
) -> None:
    """Damage a file in many ways: `read` gives what is the `same` as before, or says what is wrong."""
    whole = path.read_bytes()

    def check(content: bytes) -> None:
        path.write_bytes(content)
        with faults.survive(kind):
            try:
                content_read, lines = read(), None
            except UserError as error:
                lines = error.lines
            if lines is None:
                assert same(content_read)
            else:
                assert lines
                assert all(path.name in line or path.parent.name in line for line in lines)

    fuzz(damaged(whole), check)
    path.write_bytes(whole)


def test_a_checkpoint(chain: Chain, faults: Faults, tmp_path: Path) -> None:
    path = Path(shutil.copy(chain.folder / "train/checkpoint.pt", tmp_path))
    predictor = new_predictor(parse_settings(CHAIN_SETTINGS))
    load_checkpoint(path, {"predictor": predictor})
    before = {name: value.clone() for name, value in predictor.state_dict().items()}

    def same(_: object) -> bool:
        return all(torch.equal(before[name], value) for name, value in predictor.state_dict().items())

    check_file(
        path, lambda: load_checkpoint(path, {"predictor": predictor}), same, "checkpoint damaged", faults
    )


@pytest.mark.parametrize("name", ["index.json", "windows.npy", "image.npy", "lidar.npy", "radar.npy"])
def test_prepared_frames(name: str, chain: Chain, faults: Faults, tmp_path: Path) -> None:
    folder = shutil.copytree(chain.folder / "prepare/frames", tmp_path / "frames")
    before = open_prepared(folder)
    shapes = [getattr(before, modality).shape for modality in ("image", "lidar", "radar")]

    def same(after: Any) -> bool:
        """Compare the frames' shapes and their windows: the frames' own bytes are left to the disk."""
        same_frames = [getattr(after, modality).shape for modality in ("image", "lidar", "radar")] == shapes
        pairs = zip(vars(after.windows).values(), vars(before.windows).values(), strict=True)
        return same_frames and all(a.tobytes() == b.tobytes() for a, b in pairs)

    check_file(folder / name, lambda: open_prepared(folder), same, "prepared frames damaged", faults)


def test_a_result(chain: Chain, faults: Faults, tmp_path: Path) -> None:
    path = Path(shutil.copy(chain.folder / "train" / RESULT, tmp_path))
    whole = parse_result(path)
    check_file(
        path, lambda: parse_result(path), lambda result: result == whole, "result.json damaged", faults
    )


def test_the_settings_of_an_upstream_job(chain: Chain, faults: Faults, tmp_path: Path) -> None:
    folder = tmp_path / "train"
    folder.mkdir()
    path = Path(shutil.copy(chain.folder / "train" / SETTINGS, folder))
    check_file(
        path,
        lambda: upstream_folder(folder, "train"),
        lambda upstream: upstream == folder,
        "settings.json damaged",
        faults,
    )


def test_a_ledger(faults: Faults, tmp_path: Path) -> None:
    Ledger.start(tmp_path, started="2026-01-01", source={"science": "a"}, upstream_digest="b").save()
    path = tmp_path / LEDGER
    check_file(path, lambda: unfinished(tmp_path, None), bool, "ledger.json damaged", faults)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "cannot be read as a checkpoint"),
        (b"not a state", "cannot be read as a checkpoint"),
        (None, "is not a state of this training"),
    ],
    ids=["empty", "text", "a checkpoint"],
)
def test_a_state_that_is_none_is_named_and_kept(
    content: bytes | None, expected: str, chain: Chain, faults: Faults, tmp_path: Path
) -> None:
    folder = tmp_path / "train"
    process = start(chain.command("train", folder))
    while not (folder / "state.pt").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    state = folder / "state.pt"
    state.write_bytes(content if content is not None else (chain.folder / "train/checkpoint.pt").read_bytes())
    before = state.read_bytes()
    with faults.survive("state.pt damaged"):
        done = run(chain.command("train", folder))
        assert done.returncode == 2
        assert f"error: {state}: {expected}" in done.stderr
        assert "Traceback" not in done.stderr
        assert state.read_bytes() == before


def test_a_checkpoint_of_another_network_is_named_and_nothing_is_written(
    chain: Chain, faults: Faults, tmp_path: Path
) -> None:
    wider = with_changes({"model.width": 8})
    with faults.survive("checkpoint of another network"):
        with pytest.raises(UserError, match=r"checkpoint\.pt: is not a checkpoint of this predictor"):
            load_networks_of(chain.folder / "train", None, parse_settings(wider), torch.device("cpu"))
        command = chain.command("evaluate", tmp_path / "evaluate", {**wider, "missing": {}})
        done = run([*command, "--needs", str(chain.folder / "train")])
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert not list(tmp_path.rglob(RESULT))
        assert not list(tmp_path.rglob("*.parquet"))


def test_arrays_of_objects_are_no_checkpoint(tmp_path: Path, faults: Faults) -> None:
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    with faults.survive("pickle"), pytest.raises(UserError, match=r"a\.npy: cannot be read as a checkpoint"):
        read_tensors(tmp_path / "a.npy")
