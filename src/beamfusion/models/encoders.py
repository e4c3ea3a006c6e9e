"""The encoders of frames: a ResNet per modality, from scratch or from ImageNet weights."""

from pathlib import Path

from beamfusion.models.beam_predictor import BeamPredictor
from beamfusion.models.resnet import ResNet, load_imagenet
from beamfusion.settings import Modality, Model

CHANNELS: dict[Modality, int] = {"image": 3, "lidar": 1, "radar": 2}


def build_encoder(model: Model, modality: Modality) -> ResNet:
    depths = {"image": model.image_depths, "lidar": model.lidar_depths, "radar": model.radar_depths}
    return ResNet(CHANNELS[modality], model.width, depths[modality])


def start_from_imagenet(predictor: BeamPredictor, folder: Path) -> None:
    """Load ImageNet weights into every encoder; LiDAR and radar keep their own first convolution."""
    for encoder in predictor.encoders.values():
        assert isinstance(encoder, ResNet)
        load_imagenet(encoder, folder)
