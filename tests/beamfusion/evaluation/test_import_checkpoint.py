"""`beamfusion import-checkpoint` and `beamfusion.load_predictor`, on checkpoints with the published names."""

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import beamfusion
from beamfusion.cli import main
from beamfusion.models.author_checkpoint import author_name
from beamfusion.models.networks import new_predictor
from beamfusion.settings import parse_settings
from jobkit.errors import UserError
from jobkit.files import read_json
from tests.beamfusion.evaluation.author_network import AuthorNetwork

GOLDEN = Path(__file__).parents[2] / "golden"
HISTORY, GRID, HEADS, SIDE = 2, 2, 4, 64
SMALL: dict[str, Any] = {
    "width": 16, "grid": GRID, "layers": 2, "heads": HEADS,
    "image_depths": [2, 1, 1, 1], "lidar_depths": [1, 1, 1, 1], "radar_depths": [1, 1, 1, 1],
}  # fmt: skip
FORECAST = "forecast"
NETWORKS: dict[str, dict[str, Any]] = {
    "ours": {"feature_fusion": "csbimamba", "time_fusion": "attenmamba"},
    "bimamba": {"feature_fusion": "bimamba", "time_fusion": "mamba"},
    "tii": {"feature_fusion": "transformer", "time_fusion": "sum"},
    FORECAST: {"feature_fusion": "bimamba", "time_fusion": "mamba"},
}
Inputs = tuple[Tensor, Tensor, Tensor, Tensor]


def checkpoint(name: str) -> dict[str, Tensor]:
    """Draw tensors of a small network, by the authors' names.

    Matrices are smaller than what keeps a signal's size: without residuals, larger ones amplify rounding
    until float32 and float64 disagree, whoever computes.
    """
    torch.manual_seed(0)
    document = {
        "model": {**SMALL, **NETWORKS[name], "published": True},
        "data": {"history": HISTORY, "horizon": 5 if name == FORECAST else 1},
    }
    predictor = new_predictor(parse_settings(document))
    random = torch.Generator().manual_seed(0)

    def values(tensor: str, like: Tensor) -> Tensor:
        if not like.is_floating_point():
            return like
        noise = torch.randn(like.shape, generator=random)
        if tensor.endswith("running_var"):
            return 1 + 0.3 * noise.tanh()
        if tensor.endswith(("A_log", "D")):
            return like + 0.1 * noise
        if like.ndim < 2 or tensor.endswith("norm.weight"):
            return like + 0.1 * noise
        return 0.6 * noise / math.sqrt(like[0].numel())

    return {
        author_name(tensor, predictor.model): values(tensor, x)  # type: ignore[arg-type]
        for tensor, x in predictor.state_dict().items()
    }


@pytest.fixture
def convert(tmp_path: Path) -> Callable[..., Path]:
    """Save what a checkpoint holds and convert it: the folder."""

    def run(content: Any, *pairs: str, code: int = 0) -> Path:
        file, out = tmp_path / "best.pth", tmp_path / "network"
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            torch.save(content, file)
        sizes = [f"model.{key}={value}" for key, value in SMALL.items()]
        arguments = [f"--set={pair}" for pair in (*sizes, *pairs)]
        assert main(["import-checkpoint", str(file), "--out", str(out), *arguments]) == code
        return out

    return run


@pytest.fixture
def inputs() -> Inputs:
    """Draw three windows of 64 x 64 frames."""
    random = torch.Generator().manual_seed(1)
    return (
        torch.randint(256, (3, HISTORY, 3, SIDE, SIDE), generator=random).float(),
        torch.rand(3, HISTORY, 1, SIDE, SIDE, generator=random),
        torch.rand(3, HISTORY, 2, SIDE, SIDE, generator=random),
        torch.randn(3, 2, 2, generator=random),
    )


@torch.no_grad()
def author_logits(name: str, tensors: dict[str, Tensor], inputs: Inputs) -> Tensor:
    swaps = NETWORKS[name]["feature_fusion"] == "csbimamba"
    network = AuthorNetwork(tensors, grid=GRID, heads=HEADS, swaps=swaps, horizon=5)
    return network(*inputs)


def assert_close(logits: Tensor, expected: Tensor) -> None:
    """Check to 1e-3 of the standard deviation over the windows and the beams."""
    assert logits.dtype == torch.float32
    assert logits.shape == expected.shape
    assert float((logits.double() - expected).abs().max()) < 1e-3 * float(expected.std())


@pytest.mark.parametrize("name", NETWORKS)
def test_an_imported_network_predicts_what_the_published_one_does(
    convert: Callable[..., Path], inputs: Inputs, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    tensors = checkpoint(name)
    folder = convert({f"module.{key}": x for key, x in tensors.items()})
    printed = capsys.readouterr()
    assert NETWORKS[name]["feature_fusion"] in printed.out
    assert f"history {HISTORY}, horizon {5 if name == FORECAST else 1}" in printed.out
    assert all("has the same tensors: --set model." in line for line in printed.err.splitlines())
    predictor = beamfusion.load_predictor(folder)
    assert not predictor.training
    with torch.no_grad():
        logits = predictor(*inputs)
    expected = author_logits(name, tensors, inputs)
    assert logits.shape == ((3, 5, 64) if name == FORECAST else (3, 64))
    assert_close(logits, expected)
    assert float(expected.std(0).mean()) > 0.01 * float(expected.std()), "the inputs should matter"


def test_a_missing_modality_is_filled_after_normalisation(
    convert: Callable[..., Path], inputs: Inputs
) -> None:
    tensors = checkpoint("ours")
    predictor = beamfusion.load_predictor(convert(tensors))
    image, lidar, radar, gps = inputs
    colour = 255 * torch.tensor([0.485, 0.456, 0.406])[:, None, None].expand_as(image)
    with torch.no_grad():
        zeros = predictor(*inputs, missing=("image", "radar"), fill="zeros")
        noise = predictor(*inputs, missing=("radar",), fill="random")
    assert_close(zeros, author_logits("ours", tensors, (colour, lidar, torch.zeros_like(radar), gps)))
    assert not torch.allclose(noise, zeros)


def test_set_has_the_last_word_among_networks_that_share_their_tensors(
    convert: Callable[..., Path], inputs: Inputs
) -> None:
    tensors = checkpoint("bimamba")
    predictor = beamfusion.load_predictor(convert(tensors, "model.feature_fusion=csbimamba"))
    network = AuthorNetwork(tensors, grid=GRID, heads=HEADS, swaps=True, horizon=1)
    with torch.no_grad():
        assert_close(predictor(*inputs), network(*inputs))


@pytest.mark.parametrize(
    ("name", "pairs", "alternatives"),
    [
        ("ours", [], ["feature_fusion=bimamba", "time_fusion=sum"]),
        ("bimamba", [], ["feature_fusion=csbimamba", "time_fusion=sum"]),
        ("bimamba", ["model.feature_fusion=bimamba"], ["time_fusion=sum"]),
        ("bimamba", ["model.feature_fusion=bimamba", "model.time_fusion=mamba"], []),
        ("tii", [], []),
    ],
)
def test_networks_that_share_their_tensors_are_told_unless_the_choice_is_made(
    convert: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    name: str,
    pairs: list[str],
    alternatives: list[str],
) -> None:
    convert(checkpoint(name), *pairs)
    assert [
        line.rpartition("--set model.")[2] for line in capsys.readouterr().err.splitlines()
    ] == alternatives


def test_the_tii_network_is_imported_without_the_tfm_that_its_authors_kept_unused(
    convert: Callable[..., Path], inputs: Inputs, capsys: pytest.CaptureFixture[str]
) -> None:
    tensors = checkpoint("tii")
    unused = {name: x for name, x in checkpoint("ours").items() if name.startswith("encoder.time_mamba.")}
    folder = convert({**tensors, **unused})
    assert (
        "best.pth: read as time_fusion sum; one of attenmamba has the same tensors" in capsys.readouterr().err
    )
    with torch.no_grad():
        assert_close(beamfusion.load_predictor(folder)(*inputs), author_logits("tii", tensors, inputs))


def test_a_tfm_that_was_kept_unused_is_left_out_and_told(
    convert: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = convert(checkpoint("ours"), "model.time_fusion=sum", "model.feature_fusion=csbimamba")
    assert "best.pth: tensor encoder.time_mamba.mlp.0.weight has no place" in capsys.readouterr().err
    assert not any("time_fusion" in name for name in beamfusion.load_predictor(folder).state_dict())


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "model_state_dict", "weights"])
def test_the_tensors_are_found_inside_a_file_that_holds_more(
    convert: Callable[..., Path], capsys: pytest.CaptureFixture[str], wrapper: str
) -> None:
    folder = convert({"epoch": 7, wrapper: checkpoint("tii"), "optimizer": {"state": {}}})
    assert f"best.pth: read {wrapper}, ignored epoch, optimizer" in capsys.readouterr().err
    assert beamfusion.load_predictor(folder).model.feature_fusion == "transformer"


def without(*parts: str) -> dict[str, Tensor]:
    return {name: x for name, x in checkpoint("ours").items() if not any(part in name for part in parts)}


def changed(change: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    tensors = checkpoint("ours")
    return {**tensors, "join.0.weight": change(tensors["join.0.weight"])}


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_values_that_are_not_finite_are_imported_and_told(
    convert: Callable[..., Path], capsys: pytest.CaptureFixture[str], number: float
) -> None:
    folder = convert(changed(lambda x: x.fill_(number)))
    assert "best.pth: join.0.weight holds values that are not finite" in capsys.readouterr().err
    assert not beamfusion.load_predictor(folder).state_dict()["head.0.weight"].isfinite().any()


@pytest.mark.parametrize("wrapper", ["model", "weights"])
def test_a_tensor_beside_them_does_not_hide_the_network_s_tensors(
    convert: Callable[..., Path], capsys: pytest.CaptureFixture[str], wrapper: str
) -> None:
    small = {"shadow": torch.zeros(2)}
    convert({"best": torch.tensor(0.9), "state_dict": small, wrapper: checkpoint("tii")})
    assert f"best.pth: read {wrapper}, ignored best, state_dict" in capsys.readouterr().err


def test_the_folder_that_it_runs_in_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert main(["import-checkpoint", str(tmp_path / "no.pth"), "--out", "."]) == 2
    assert "--out .: is the folder that this runs in" in capsys.readouterr().err


def test_all_settings_are_written_with_the_network(convert: Callable[..., Path]) -> None:
    written = read_json(convert(checkpoint("tii")) / "settings.json")["settings"]
    assert written == parse_settings(written).model_dump(mode="json")
    assert (written["data"]["history"], written["model"]["dropout"]) == (HISTORY, 0.1)


@pytest.mark.parametrize(
    ("content", "pairs", "message"),
    [
        (b"a thesis", [], "cannot be read as a checkpoint: a damaged file, or none of torch.save"),
        (b"", [], "cannot be read as a checkpoint: the file is empty"),
        (
            b"PK\x05\x06" + bytes(18),
            [],
            "cannot be read as a checkpoint: a damaged file, or a zip archive of",
        ),
        (torch.nn.Linear(1, 1), [], "holds torch.nn.modules.linear.Linear, which is never loaded; expected"),
        ([1, 2], [], "is not a checkpoint: expected a mapping, found list"),
        ({"epoch": 3}, [], "holds no tensors by name; it holds epoch"),
        ({"conv1.weight": torch.zeros(2)}, [], "is no author checkpoint"),
        (checkpoint("ours"), ["model.width=8"], "expected [8]"),
        (checkpoint("ours"), ["model.feature_fusion=transformer"], "no tensor encoder.transformer1.pos_emb"),
        (checkpoint("ours"), ["data.history=3"], "expected [1, 38, 16]"),
        (checkpoint("ours"), ["model.published=false"], "expected [16]"),
        (checkpoint("ours"), ["model.kind=gps_gru"], "model.kind: an author checkpoint is of kind fusion"),
        (without("join.2.bias"), [], "no tensor join.2.bias"),
        (without("pos_emb"), [], "no tensor encoder.mambafusion1.pos_emb"),
        (
            changed(lambda x: x.to(torch.complex64)),
            [],
            "join.0.weight is of complex64; expected a dense tensor",
        ),
        (changed(lambda x: x.to_sparse()), [], "join.0.weight is sparse; expected a dense tensor"),
        (changed(lambda x: x.to_sparse_csr()), [], "join.0.weight is sparse; expected a dense tensor"),
        (changed(lambda x: x.to(torch.int8)), [], "join.0.weight is of int8; expected a dense tensor"),
        (changed(lambda x: x.to("meta")), [], "join.0.weight is without values; expected a dense tensor"),
        (
            changed(lambda x: torch.quantize_per_tensor(x, 0.1, 0, torch.qint8)),
            [],
            "join.0.weight is quantised; expected a dense tensor",
        ),
        (checkpoint("ours"), ["data=5"], "data: expected a mapping"),
        (checkpoint("ours"), ["data=null"], "data: expected a mapping"),
        (checkpoint("ours"), ["model=null"], "model: expected a mapping"),
        (checkpoint("ours"), ["model.widht=8"], "model.widht: unknown key; did you mean width?"),
    ],
)
def test_what_does_not_fit_is_a_message_and_nothing_is_written(
    convert: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: Any,
    pairs: list[str],
    message: str,
) -> None:
    convert(content, *pairs, code=2)
    errors = capsys.readouterr().err
    assert message in errors
    assert "weights_only" not in errors
    assert all(line.startswith("error: ") for line in errors.splitlines())
    assert [entry.name for entry in tmp_path.iterdir()] == ["best.pth"]


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_checkpoint_is_refused(
    convert: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], part: float
) -> None:
    torch.save(checkpoint("tii"), tmp_path / "whole.pth")
    whole = (tmp_path / "whole.pth").read_bytes()
    folder = convert(whole[: int(part * len(whole))], code=2)
    assert "best.pth: cannot be read as a checkpoint" in capsys.readouterr().err
    assert not folder.exists()


class Planted:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("planted"),))


def test_what_a_checkpoint_would_run_is_not_run(
    convert: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    convert({**checkpoint("tii"), "planted": Planted()}, code=2)
    assert "best.pth: cannot be read as a checkpoint" in capsys.readouterr().err
    assert not (tmp_path / "planted").exists()


def test_a_folder_that_holds_something_is_not_written_to(
    convert: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "thesis.txt").write_text("mine")
    folder = convert(checkpoint("tii"), code=2)
    assert "is there and not empty; expected a new folder" in capsys.readouterr().err
    assert [entry.name for entry in folder.iterdir()] == ["thesis.txt"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import-checkpoint", str(tmp_path / "no.pth"), "--out", str(tmp_path / "a")]) == 2
    assert "no.pth: no such file" in capsys.readouterr().err


def test_a_trained_job_s_folder_is_loaded_too(run: Callable[..., Path]) -> None:
    training = run("train", "a", model__kind="gps_gru", train__epochs=1)
    predictor = beamfusion.load_predictor(training)
    assert predictor.model.kind == "gps_gru"
    assert not predictor.training


def test_a_folder_without_a_network_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"settings\.json: no such file"):
        beamfusion.load_predictor(tmp_path)


def test_importing_beamfusion_does_not_import_torch() -> None:
    check = "import sys, beamfusion; beamfusion.load_predictor; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@pytest.mark.slow
def test_a_checkpoint_of_the_published_size_is_imported(tmp_path: Path) -> None:
    lines = (GOLDEN / "weights_csbimamba_attenmamba.tsv").read_text().splitlines()
    rows = (line.split("\t") for line in lines)
    tensors = {
        f"module.{name}": torch.zeros([int(side) for side in shape.split("x") if side])
        for name, shape in rows
    }
    torch.save({"state_dict": tensors}, tmp_path / "best.pth")
    assert main(["import-checkpoint", str(tmp_path / "best.pth"), "--out", str(tmp_path / "a")]) == 0
    predictor = beamfusion.load_predictor(tmp_path / "a")
    assert sum(parameter.numel() for parameter in predictor.parameters()) == 103_461_924
    assert (predictor.history, predictor.model.feature_fusion) == (5, "csbimamba")
