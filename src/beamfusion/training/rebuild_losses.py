"""The rebuilding loss: what is rebuilt is close to the truth, shared halves agree, specific halves differ.

Its fourth term, `fusion`, is the predictor's own loss (`losses.focal_loss`) with rebuilt features in place.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from beamfusion.settings import Modality
from beamfusion.training.losses import precise


def trans_loss(rebuilt: Mapping[Modality, Tensor], true: Mapping[Modality, Tensor]) -> Tensor:
    """Average the mean squared error of rebuilt features (B*T, C, h, w) over the modalities."""
    errors = [F.mse_loss(precise(x), precise(true[modality])) for modality, x in rebuilt.items()]
    return torch.stack(errors).mean()


def contrast_loss(
    shared: Mapping[Modality, Tensor], *, history: int, temperature: float, beam: Tensor | None = None
) -> Tensor:
    """Average NT-Xent between the modalities' shared halves (B*T, C, h, w) over pairs of modalities.

    A half is summed over its positions and a sample's T frames are put end to end. Positives are the two
    modalities' views of one sample, or, where `beam` (B,) is given, every view of a sample with that beam.
    """
    views = [precise(half).sum((-2, -1)).reshape(-1, history * half.shape[1]) for half in shared.values()]
    losses = [nt_xent(a, b, temperature, beam) for a, b in combinations(views, 2)]
    return torch.stack(losses).mean()


def nt_xent(a: Tensor, b: Tensor, temperature: float, label: Tensor | None = None) -> Tensor:
    """Compute the normalised temperature-scaled cross-entropy (Chen et al. 2020) of views a, b (B, D).

    With labels (B,) it is the supervised form, averaged outside of the logarithm (Khosla et al. 2020, eq. 2).
    """
    views = F.normalize(torch.cat([a, b]), dim=1)
    label = torch.arange(len(a), device=a.device) if label is None else label
    label = torch.cat([label, label])
    itself = torch.eye(len(views), dtype=torch.bool, device=a.device)
    with torch.autocast(a.device.type, enabled=False):
        similarity = (views @ views.T / temperature).masked_fill(itself, -torch.inf)
    log_likelihood = similarity.log_softmax(1).masked_fill(itself, 0)
    positive = (label[:, None] == label[None, :]) & ~itself
    return -((log_likelihood * positive).sum(1) / positive.sum(1)).mean()


def distance_loss(
    specific: Mapping[Modality, Tensor], *, history: int, norm: Literal["sample", "tensor"]
) -> Tensor:
    """Average minus the Euclidean distance of specific halves (B*T, C, h, w) over pairs of modalities.

    `tensor` is the published norm over the whole batch. `sample` is the mean over the samples of each one's
    distance over the root of its number of positions: in [-2, 0], since a half's length is at most 1.
    """
    pairs = [precise(a) - precise(b) for a, b in combinations(specific.values(), 2)]
    if norm == "tensor":
        return -torch.stack([torch.linalg.vector_norm(pair) for pair in pairs]).mean()
    return -torch.stack([_sample_distance(pair, history) for pair in pairs]).mean()


def _sample_distance(difference: Tensor, history: int) -> Tensor:
    positions = history * difference.shape[-2] * difference.shape[-1]
    samples = difference.reshape(-1, positions * difference.shape[1])
    distance: Tensor = torch.linalg.vector_norm(samples, dim=1).mean() / positions**0.5
    return distance
