"""ResNet without a classifier (He et al. 2016), any width and depth, with torchvision's parameter names."""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from beamfusion.models.checkpoint import read_tensors
from jobkit.errors import UserError

IMAGENET_FILES: dict[tuple[int, ...], str] = {(3, 4, 6, 3): "resnet34.pth", (2, 2, 2, 2): "resnet18.pth"}


# The numbers in the largest register that oneDNN knows: its 1x1 convolutions take so many channels at a time.
REGISTER_CHANNELS = 16


class Shortcut(nn.Conv2d):
    """A 1x1 convolution without bias that reads every `stride`-th pixel of every `stride`-th line.

    oneDNN's gradient of such a convolution's weights writes past its scratch memory where the channels going
    in are channels last in memory and fill no register (https://github.com/uxlfoundation/oneDNN/issues/6035):
    8 floats with AVX2, 16 with AVX-512. So few channels are thinned out first, which gives the same numbers.
    """

    def __init__(self, channels_in: int, channels: int, stride: int):
        super().__init__(channels_in, channels, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type == "cpu" and self.in_channels < REGISTER_CHANNELS:
            rows, columns = self.stride
            return F.conv2d(x[:, :, ::rows, ::columns], self.weight)
        return super().forward(x)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, channels_in: int, channels: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.downsample = nn.Sequential(Shortcut(channels_in, channels, stride), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y = y + self.downsample(x)
        out: Tensor = self.relu(y)
        return out


class ResNet(nn.Module):
    """Stages of 1, 2, 4 and 8 times `width` channels at 1/4, 1/8, 1/16 and 1/32 of the input's side."""

    def __init__(self, channels_in: int, width: int, depths: Sequence[int]):
        super().__init__()
        self.depths = tuple(depths)
        self.conv1 = nn.Conv2d(channels_in, width, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        channels = width
        for stage, depth in enumerate(self.depths, start=1):
            stage_width = width * 2 ** (stage - 1)
            blocks = []
            for block in range(depth):
                stride = 2 if stage > 1 and block == 0 else 1
                blocks.append(BasicBlock(channels, stage_width, stride))
                channels = stage_width
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Return the last stage's maps of images (F, C, H, W), averaged over their positions."""
        for number in range(1, len(self.depths) + 1):
            x = self.stage(number, x)
        return x.mean((-2, -1))

    def stage(self, number: int, x: Tensor) -> Tensor:
        """Apply stage 1..4; stage 1 takes images (F, C, H, W), the others the maps of the stage before."""
        if number == 1:
            x = self.maxpool(self.relu(self.bn1(self.conv1(_channels_last(x)))))
        maps: Tensor = self.get_submodule(f"layer{number}")(x)
        return maps


def _channels_last(x: Tensor) -> Tensor:
    """Return the same images, channels last in memory, as all maps then are: a fifth faster on a CPU."""
    _, channels, height, width = x.shape
    x = x.contiguous(memory_format=torch.channels_last)
    # The stride of a single channel is ambiguous, and a convolution goes by it.
    return x.as_strided(x.shape, (channels * height * width, 1, width * channels, channels))


def load_imagenet(resnet: ResNet, folder: Path) -> None:
    """Start from torchvision's weights; a first convolution of another number of channels keeps its own.

    Raises UserError where the folder has no such file, or a file of another network.
    """
    name = IMAGENET_FILES.get(resnet.depths)
    if name is None:
        raise UserError(
            f"model.imagenet: no ImageNet weights for depths {list(resnet.depths)}; expected one of "
            + " or ".join(str(list(depths)) for depths in IMAGENET_FILES)
        )
    path = folder / name
    weights = read_tensors(path)
    own = resnet.state_dict()
    if resnet.conv1.in_channels != 3:
        weights["conv1.weight"] = own["conv1.weight"]
    faults = []
    for key, tensor in own.items():
        if key not in weights:
            # Files older than PyTorch 0.4.1 do not count batches.
            if key.endswith("num_batches_tracked"):
                weights[key] = tensor
            else:
                faults.append(f"{path}: no tensor {key}; expected a torchvision {path.stem}")
        elif not isinstance(weights[key], Tensor):
            faults.append(f"{path}: {key} is no tensor; expected a torchvision {path.stem}")
        elif weights[key].shape != tensor.shape:
            faults.append(
                f"{path}: {key} has shape {list(weights[key].shape)}; expected {list(tensor.shape)}"
                f" (ImageNet weights need model.width 64)"
            )
    unknown = [key for key in weights if key not in own and not key.startswith("fc.")]
    faults += [f"{path}: unknown tensor {key}; expected a torchvision {path.stem}" for key in unknown]
    if faults:
        raise UserError(faults)
    resnet.load_state_dict({key: weights[key] for key in own})
