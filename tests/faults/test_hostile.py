"""Files that mean harm, given to the commands that people run: refused by name, or shown harmless."""

import io
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from beamfusion.models.checkpoint import read_tensors
from jobkit.errors import UserError
from papermatrix.matrix.expand import load_matrix
from tests.beamfusion.data.tree_writer import TreeWriter
from tests.faults.conftest import Faults
from tests.papermatrix.tea import Paper, finish_all

ROW, LABEL = "label: plain", "label: '{}'"


class Harm:
    """What unpickles to a call that leaves a trace."""

    def __init__(self, trace: Path):
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.system, (f"touch {self.trace}",)


def command(module: str, *arguments: str | Path, fails: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    output = done.stdout + done.stderr
    assert done.returncode == fails, output
    assert "Traceback" not in output
    return output


@pytest.fixture
def data(tmp_path: Path) -> Path:
    writer = TreeWriter(tmp_path / "data")
    writer.add_pass("development", 32, 100, 6)
    return writer.finish()


def replace_in_csv(data: Path, old: str, new: str) -> None:
    path = data / "Multi_Modal/ml_challenge_dev_multi_modal.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_path_out_of_the_data_set_is_refused(data: Path, faults: Faults) -> None:
    (data.parent / "secret.jpg").write_bytes(
        (data / "Multi_Modal/scenario32/unit1/camera_data/image_100.jpg").read_bytes()
    )
    replace_in_csv(data, "./scenario32/unit1/camera_data/image_100.jpg", "../../secret.jpg")
    with faults.survive("hostile input"):
        assert "../../secret.jpg, expected a path in the data set" in command(
            "beamfusion", "validate", data, fails=1
        )


def test_a_symlink_out_of_the_data_set_is_refused(data: Path, faults: Faults) -> None:
    frame = data / "Multi_Modal/scenario32/unit1/camera_data/image_100.jpg"
    frame.rename(data.parent / "image_100.jpg")
    frame.symlink_to(data.parent / "image_100.jpg")
    with faults.survive("hostile input"):
        assert "image_100.jpg, expected a path in the data set" in command(
            "beamfusion", "validate", data, fails=1
        )


def test_a_pickle_that_poses_as_an_array_is_never_loaded(data: Path, faults: Faults, tmp_path: Path) -> None:
    cube = data / "Multi_Modal/scenario32/unit1/radar_data/radar_data_100.npy"
    np.save(cube, np.array([Harm(tmp_path / "trace")], object), allow_pickle=True)
    with faults.survive("hostile input"):
        assert "pickled objects, which are never loaded" in command("beamfusion", "validate", data, fails=1)
        assert not (tmp_path / "trace").exists()


def test_a_pickle_that_poses_as_weights_is_never_run(faults: Faults, tmp_path: Path) -> None:
    path = tmp_path / "resnet34.pth"
    path.write_bytes(pickle.dumps({"layer1.weight": Harm(tmp_path / "trace")}))
    with faults.survive("hostile input"):
        with pytest.raises(UserError, match=r"resnet34\.pth: cannot be read as a checkpoint"):
            read_tensors(path)
        assert not (tmp_path / "trace").exists()


def test_a_gigantic_header_of_a_ply_allocates_nothing(data: Path, faults: Faults) -> None:
    sweep = data / "Multi_Modal/scenario32/unit1/lidar_data/lidar_data_100.ply"
    text = sweep.read_text()
    count = next(line.split()[-1] for line in text.splitlines() if line.startswith("element vertex"))
    sweep.write_text(text.replace(f"element vertex {count}", "element vertex 999999999999"))
    with faults.survive("hostile input"):
        assert "expected 999999999999 as its header says" in command("beamfusion", "validate", data, fails=1)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BOMB, "config/tables.yaml"),
        ("tables: !!python/object/apply:os.system ['touch trace']\n", "expected a plain value"),
    ],
    ids=["bomb", "tag"],
)
def test_yaml_that_explodes_or_runs_is_refused(
    text: str, expected: str, faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Paper(tmp_path).write("config/tables.yaml", text)
    with faults.survive("hostile input"):
        assert expected in command("papermatrix", "validate", fails=2)
        assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    "label",
    [
        "$(touch trace)",
        "; touch trace",
        r"\input{/etc/passwd}",
        "<script>alert(1)</script>",
        "../../x",
        "a|b",
    ],
)
def test_a_label_is_text_wherever_it_is_shown(
    label: str, faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paper = Paper(tmp_path)
    text = (tmp_path / "config/tables.yaml").read_text()
    paper.write("config/tables.yaml", text.replace(ROW, LABEL.format(label)))
    finish_all(paper.matrix())
    with faults.survive("hostile input"):
        command("papermatrix", "render", "cups", "--out", "out", fails=0)
        assert not list(tmp_path.rglob("trace"))
        assert all(path.parent == tmp_path / "out" for path in tmp_path.rglob("cups.*"))
        assert "<script>" not in (tmp_path / "out/cups.html").read_text()
        assert r"\input{" not in (tmp_path / "out/cups.tex").read_text()


def test_ids_that_differ_in_case_alone_have_folders_of_their_own(
    faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A slug is for people: the digest keeps jobs apart where a disk does not tell cases apart.
    monkeypatch.chdir(tmp_path)
    paper = Paper(tmp_path)
    paper.write(
        "config/stages.yaml",
        "scores: taste\nstages:\n  taste: {uses: [cup], slug: '{{ cup.colour }}'}\n",
    )
    matrix = paper.tables(
        "tables:\n  cups:\n    title: Tea\n    metric: flavour\n    rows: [{label: a}]\n    columns:\n"
        "      - {label: x, with: {cup.colour: Blue}}\n      - {label: y, with: {cup.colour: blue}}\n"
    )
    with faults.survive("hostile input"):
        folders = [str(job.folder).lower() for job in matrix.jobs.values()]
        assert len(folders) == len(set(folders)) == 2


@pytest.mark.parametrize("slug", ["../../x", "a/b", "$(touch trace)", "; touch trace", "a b"])
def test_a_slug_cannot_leave_its_folder_or_reach_a_shell(
    slug: str, faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paper = Paper(tmp_path)
    paper.write(
        "config/stages.yaml", "scores: taste\nstages:\n  taste: {uses: [cup], slug: '{{ cup.colour }}'}\n"
    )
    colour = f"{{cup.colour: '{slug}'}}"
    paper.write(
        "config/tables.yaml",
        "tables:\n  cups:\n    title: Tea\n    metric: flavour\n    rows: [{label: a}]\n    columns:\n"
        f"      - {{label: x, with: {colour}}}\n",
    )
    with faults.survive("hostile input"):
        try:
            folders = [job.folder for job in load_matrix().jobs.values()]
        except UserError:
            folders = []
        for folder in folders:
            assert folder.parent == Path("results/jobs/taste")
            assert set(folder.name) <= set(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-"
            )


def test_an_archive_of_tensors_with_code_in_it_is_refused(faults: Faults, tmp_path: Path) -> None:

    stream = io.BytesIO()
    torch.save({"predictor": Harm(tmp_path / "trace")}, stream)
    (tmp_path / "checkpoint.pt").write_bytes(stream.getvalue())
    with faults.survive("hostile input"):
        with pytest.raises(UserError, match=r"checkpoint\.pt: cannot be read as a checkpoint"):
            read_tensors(tmp_path / "checkpoint.pt")
        assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("tables", "tables: " + "[" * 3000 + "]" * 3000, "config/tables.yaml:1: nested too deeply"),
        ("tables", 'tables: {"x\\e[31m\\nerror: all is well": {}}', r"tables.x\x1b[31m error: all is well"),
        ("config", f"scale: small\nseeds: [{'9' * 400}]", "config/config.yaml:2: seeds[0]: a whole number"),
    ],
    ids=["deep", "forged", "gigantic"],
)
def test_what_would_end_in_a_traceback_or_forge_a_line_is_one_error(
    file: str, text: str, expected: str, faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Paper(tmp_path).write(f"config/{file}.yaml", text)
    with faults.survive("hostile input"):
        output = command("papermatrix", "validate", fails=2)
        assert expected in output
        assert all(line.startswith(("error: config/", "  | ")) for line in output.splitlines())
