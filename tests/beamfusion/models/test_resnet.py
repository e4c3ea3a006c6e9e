from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from beamfusion.models.resnet import ResNet, load_imagenet
from jobkit.errors import UserError

GOLDEN = Path(__file__).parents[2] / "golden"
DEPTHS_18 = (2, 2, 2, 2)


@pytest.mark.parametrize("side", [32, 48, 64, 256])
def test_each_stage_halves_the_maps_and_doubles_the_channels(side: int) -> None:
    resnet = ResNet(2, 4, (1, 1, 1, 1)).eval()
    x = torch.rand(3, 2, side, side)
    for number in (1, 2, 3, 4):
        x = resnet.stage(number, x)
        expected = -(-side // 2 ** (number + 1))
        assert x.shape == (3, 4 * 2 ** (number - 1), expected, expected)


def test_resnet34_has_the_tensors_of_torchvision() -> None:
    prefix = "encoder.image_encoder.features."
    lines = (GOLDEN / "weights_transformer_sum.tsv").read_text().splitlines()
    expected = [line.removeprefix(prefix).split("\t")[0] for line in lines if line.startswith(prefix)]
    with torch.device("meta"):
        assert sorted(ResNet(3, 64, (3, 4, 6, 3)).state_dict()) == sorted(expected)


def test_a_stage_computes_what_its_weights_say() -> None:
    torch.manual_seed(0)
    resnet = ResNet(3, 4, (1, 1, 1, 1)).double()
    resnet.train()
    x = torch.rand(4, 3, 32, 32, dtype=torch.float64)
    weights = dict(resnet.named_parameters())

    def convolve_and_normalise(x: Tensor, convolution: str, norm: str, stride: int, padding: int) -> Tensor:
        y = F.conv2d(x, weights[f"{convolution}.weight"], stride=stride, padding=padding)
        mean = y.mean((0, 2, 3), keepdim=True)
        deviation = (y.var((0, 2, 3), keepdim=True, unbiased=False) + 1e-5).sqrt()
        scale, shift = (weights[f"{norm}.{part}"].view(1, -1, 1, 1) for part in ("weight", "bias"))
        return (y - mean) / deviation * scale + shift

    stem = convolve_and_normalise(x, "conv1", "bn1", 2, 3).relu()
    stem = F.max_pool2d(stem, 3, 2, 1)
    y = convolve_and_normalise(stem, "layer1.0.conv1", "layer1.0.bn1", 1, 1).relu()
    stage1 = (convolve_and_normalise(y, "layer1.0.conv2", "layer1.0.bn2", 1, 1) + stem).relu()
    y = convolve_and_normalise(stage1, "layer2.0.conv1", "layer2.0.bn1", 2, 1).relu()
    shortcut = convolve_and_normalise(stage1, "layer2.0.downsample.0", "layer2.0.downsample.1", 2, 0)
    stage2 = (convolve_and_normalise(y, "layer2.0.conv2", "layer2.0.bn2", 1, 1) + shortcut).relu()

    torch.testing.assert_close(resnet.stage(1, x), stage1)
    torch.testing.assert_close(resnet.stage(2, stage1), stage2)


@pytest.fixture
def imagenet(tmp_path: Path) -> dict[str, Tensor]:
    """Make the tensors of a resnet18.pth as torchvision offers it, with its classifier."""
    weights = ResNet(3, 64, DEPTHS_18).state_dict()
    weights |= {"fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}
    torch.save(weights, tmp_path / "resnet18.pth")
    return weights


def test_imagenet_weights_are_loaded_without_the_classifier(
    tmp_path: Path, imagenet: dict[str, Tensor]
) -> None:
    resnet = ResNet(3, 64, DEPTHS_18)
    load_imagenet(resnet, tmp_path)
    for name, tensor in resnet.state_dict().items():
        assert torch.equal(tensor, imagenet[name]), name


def test_an_encoder_of_other_channels_keeps_its_own_first_convolution(
    tmp_path: Path, imagenet: dict[str, Tensor]
) -> None:
    resnet = ResNet(1, 64, DEPTHS_18)
    own = resnet.conv1.weight.clone()
    load_imagenet(resnet, tmp_path)
    assert torch.equal(resnet.conv1.weight, own)
    assert torch.equal(resnet.state_dict()["layer1.0.conv1.weight"], imagenet["layer1.0.conv1.weight"])


def test_a_file_that_does_not_count_batches_is_loaded_too(
    tmp_path: Path, imagenet: dict[str, Tensor]
) -> None:
    old = {name: tensor for name, tensor in imagenet.items() if not name.endswith("num_batches_tracked")}
    torch.save(old, tmp_path / "resnet18.pth")
    resnet = ResNet(3, 64, DEPTHS_18)
    counts = {name: torch.tensor(7) for name in resnet.state_dict() if name.endswith("num_batches_tracked")}
    resnet.load_state_dict(counts, strict=False)
    load_imagenet(resnet, tmp_path)
    for name, tensor in resnet.state_dict().items():
        assert torch.equal(tensor, counts[name] if name in counts else imagenet[name]), name


@pytest.mark.usefixtures("imagenet")
def test_a_narrower_network_is_told_the_shape_that_the_file_has(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"resnet18\.pth: layer1\.0\.conv1\.weight has shape \[64, 64, 3, 3\]"
    ):
        load_imagenet(ResNet(3, 8, DEPTHS_18), tmp_path)


def test_every_tensor_that_does_not_belong_is_listed(tmp_path: Path, imagenet: dict[str, Tensor]) -> None:
    del imagenet["bn1.weight"]
    torch.save({**imagenet, "layer5.weight": torch.zeros(1)}, tmp_path / "resnet18.pth")
    with pytest.raises(UserError) as error:
        load_imagenet(ResNet(3, 64, DEPTHS_18), tmp_path)
    assert [line.split(": ")[1].split(";")[0] for line in error.value.lines] == [
        "no tensor bn1.weight",
        "unknown tensor layer5.weight",
    ]


@pytest.mark.parametrize(
    "content", [b"", b"not a checkpoint", b"PK\x03\x04 cut off", b"cos\nsystem\n(S'true'\ntR."]
)
def test_a_damaged_or_malicious_file_is_an_error_with_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "resnet18.pth").write_bytes(content)
    with pytest.raises(UserError, match=r"resnet18\.pth: cannot be read as a checkpoint"):
        load_imagenet(ResNet(3, 64, DEPTHS_18), tmp_path)


def test_a_name_that_holds_no_tensor_is_an_error(tmp_path: Path, imagenet: dict[str, Tensor]) -> None:
    torch.save({**imagenet, "bn1.weight": 1.0}, tmp_path / "resnet18.pth")
    with pytest.raises(UserError, match=r"resnet18\.pth: bn1\.weight is no tensor"):
        load_imagenet(ResNet(3, 64, DEPTHS_18), tmp_path)


def test_a_missing_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"resnet34\.pth: no such file"):
        load_imagenet(ResNet(3, 64, (3, 4, 6, 3)), tmp_path)


def test_depths_without_imagenet_weights_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"depths \[1, 1, 1, 1\]; expected one of \[3, 4, 6, 3\]"):
        load_imagenet(ResNet(3, 64, (1, 1, 1, 1)), tmp_path)
