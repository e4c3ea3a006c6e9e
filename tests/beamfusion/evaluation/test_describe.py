"""`beamfusion describe`, against the counts that the paper and its authors' code state."""

import json
from pathlib import Path
from typing import Any

import pytest

from beamfusion.cli import main

TRANSFORMER_SUM = ["model.feature_fusion=transformer", "model.time_fusion=sum"]
FORECAST = [
    "data.history=10", "data.horizon=5", "model.feature_fusion=bimamba", "model.time_fusion=mamba",
]  # fmt: skip


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).resolve().parents[3])


def describe(capsys: pytest.CaptureFixture[str], *pairs: str, scale: str = "paper") -> dict[str, Any]:
    arguments = [f"--set={pair}" for pair in pairs]
    assert main(["describe", "--scale", scale, *arguments, "--json"]) == 0
    actual: dict[str, Any] = json.loads(capsys.readouterr().out)
    return actual


@pytest.mark.parametrize(
    ("pairs", "total"),
    [
        (["model.modalities=[image,gps]"], 81_118_308),
        (["model.modalities=[image,lidar,gps]"], 92_288_548),
        (["model.modalities=[image,radar,gps]"], 92_291_684),
        (["model.modalities=[lidar,radar,gps]"], 82_177_252),
        ([], 103_461_924),
        (["model.feature_fusion=bimamba"], 103_461_924),
        (["model.norm=channels"], 88_700_964),
        (["model.time_fusion=sum"], 101_767_168),
        (TRANSFORMER_SUM, 78_422_528),
        ([*TRANSFORMER_SUM, "model.modalities=[lidar,radar,gps]"], 57_137_856),
        (["model.feature_fusion=bimamba", "model.time_fusion=mamba"], 103_461_888),
        (FORECAST, 119_158_208),
    ],
)
def test_a_published_network_is_described_with_the_published_number_of_parameters(
    capsys: pytest.CaptureFixture[str], pairs: list[str], total: int
) -> None:
    parameters = describe(capsys, "model.published=true", *pairs)["parameters"]
    assert parameters.pop("total") == total == sum(parameters.values())


def test_tokens_and_the_settings_used_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    actual = describe(capsys, "model.published=true", *FORECAST)
    assert actual["tokens"] == 1922
    assert actual["settings"]["data"] == {"history": 10, "horizon": 5}
    assert actual["settings"]["model"]["feature_fusion"] == "bimamba"
    assert actual["settings"]["model"]["norm"] == "tokens"


def test_a_modality_that_is_dropped_takes_its_encoder_and_its_tokens_along(
    capsys: pytest.CaptureFixture[str],
) -> None:
    actual = describe(capsys, "model.modalities=[image,gps]")
    assert actual["settings"]["model"]["absent"] == "drop"
    assert actual["tokens"] == 5 * 64 + 2
    assert not {"lidar_encoder", "radar_encoder"} & set(actual["parameters"])


@pytest.mark.parametrize(
    ("kind", "tokens"),
    [("gps_least_squares", 0), ("gps_gru", 0), ("image_gps_cnn", 0), ("masked_transformer", 18)],
)
@pytest.mark.parametrize("scale", ["demo", "paper"])
def test_every_kind_of_network_is_described(
    capsys: pytest.CaptureFixture[str], kind: str, tokens: int, scale: str
) -> None:
    actual = describe(capsys, f"model.kind={kind}", scale=scale)
    assert actual["tokens"] == tokens
    assert actual["parameters"].pop("total") == sum(actual["parameters"].values()) > 0


def test_people_get_a_line_for_each_module(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "--set", "model.published=true"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["total", "103,461,924"] in lines
    assert ["tokens", "962"] in lines
    assert ["head", "172,480"] in lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scale", "papr"], "--scale papr: no such scale; did you mean paper?"),
        (["--set", "modle.width=4"], "modle: unknown key; did you mean model?"),
        (["--set", "model.widht=4"], "model.widht: unknown key; did you mean width?"),
        (["--set", "model.width"], "--set model.width: expected KEY=VALUE"),
        (["--set", "model.width=["], "--set model.width: a [ or { that is not closed"),
        (["--set", "model.width=wide"], "model.width: expected"),
        (["--set", "model=4"], "model: expected a mapping, found 4"),
        (["--set", "model.width=6", "--set", "model.feature_fusion=transformer"], "model.heads: 6 channels"),
        (["--set", "model.kind=gps_gru", "--set", "model.modalities=[image]"], "gps_gru looks at gps"),
        (["--set", "model.kind=fusio"], "found 'fusio'; did you mean fusion?"),
        (["--set", "model.modalities=[imag]"], "model.modalities[0]: expected one of image, lidar"),
        (["--set", "model.modalities=[]"], "model.modalities: expected at least one, found []"),
        (["--set", "model.width=99999999999"], "a number of at most 4096, found 99999999999"),
        (["--set", f"model.width=0x{'f' * 5000}"], "a whole number of more than 64 bits"),
        (["--set", "model.layers=3000"], "a number of at most 256, found 3000"),
        (["--set", "model.image_depths=[1000000,1,1,1]"], "a number of at most 64, found 1000000"),
        (["--set", f"seed={2**63}"], "a whole number of more than 64 bits"),
    ],
)
def test_what_cannot_be_described_is_a_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["describe", *arguments]) == 2
    error, *excerpt = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ")
    assert message in error
    assert all(line.startswith("  | ") for line in excerpt)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("model: [", "config/scales/mine.yaml:1: a [ or { that is not closed"),
        ("- model", "config/scales/mine.yaml: expected settings by section, found ['model']"),
        ("model: {widht: 4}", "config/scales/mine.yaml:1: model.widht: unknown key; did you mean width?"),
        ("model: {width: 4, width: 8}", "config/scales/mine.yaml:1: model.width: given twice"),
        ("{model.width: 4, model: {width: 8}}", "config/scales/mine.yaml: model.width: given twice"),
        ("{model: &a {inner: *a}}", "config/scales/mine.yaml:1: model.inner: an alias that contains itself"),
        ("model: {published: on}", "config/scales/mine.yaml:1: model.published: expected true or false"),
        ("model: {residual: on}", "config/scales/mine.yaml:1: model.residual: expected true or false"),
        (b"\xff\xfe", "config/scales/mine.yaml: cannot be read (byte 0 is not UTF-8)"),
    ],
)
def test_a_scale_that_cannot_be_read_is_a_line_and_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: str | bytes,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config/scales").mkdir(parents=True)
    (tmp_path / "config/scales/mine.yaml").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    assert main(["describe", "--scale", "mine"]) == 2
    assert f"error: {message}" in capsys.readouterr().err


def test_a_scale_s_keys_may_be_dotted_as_in_tables_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config/scales").mkdir(parents=True)
    (tmp_path / "config/scales/mine.yaml").write_text("{model.layers: 2, model: {width: 8}}")
    monkeypatch.chdir(tmp_path)
    model = describe(capsys, "model.grid=3", scale="mine")["settings"]["model"]
    assert (model["layers"], model["width"], model["grid"]) == (2, 8, 3)


def test_set_changes_one_setting_of_a_scale_s_section(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config/scales").mkdir(parents=True)
    (tmp_path / "config/scales/mine.yaml").write_text("model: {width: 8, grid: 2}")
    monkeypatch.chdir(tmp_path)
    model = describe(capsys, "model.grid=3", "model.grid=4", scale="mine")["settings"]["model"]
    assert (model["width"], model["grid"]) == (8, 4)


def test_without_scales_in_the_folder_the_error_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["describe", "--scale", "paper"]) == 2
    assert "--scale paper: no such scale; config/scales holds no scales here" in capsys.readouterr().err
