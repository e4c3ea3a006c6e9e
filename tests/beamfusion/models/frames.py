"""Windows of small random frames."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from beamfusion.settings import MODALITIES, Modality


@dataclass(frozen=True)
class Inputs:
    image: Tensor
    lidar: Tensor
    radar: Tensor
    gps: Tensor

    def __iter__(self) -> Iterator[Tensor]:
        return iter((self.image, self.lidar, self.radar, self.gps))

    def changed(self, *modalities: Modality) -> "Inputs":
        """Return inputs with these modalities' windows in reverse order."""
        given = {modality: getattr(self, modality) for modality in MODALITIES}
        return Inputs(**{m: x.flip(0) if m in modalities else x for m, x in given.items()})


def random_inputs(windows: int, history: int) -> Inputs:
    """Draw frames of 32 x 32, the same at every call."""
    random = torch.Generator().manual_seed(1)
    return Inputs(
        image=torch.randint(256, (windows, history, 3, 32, 32), generator=random).float(),
        lidar=torch.rand(windows, history, 1, 32, 32, generator=random),
        radar=torch.rand(windows, history, 2, 32, 32, generator=random),
        gps=torch.randn(windows, 2, 2, generator=random),
    )
