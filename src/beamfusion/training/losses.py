"""The predictor's loss: sigmoid focal loss against soft targets (Lin et al. 2017)."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from beamfusion.settings import BEAMS

REACH = 5
"""Beams on either side of the true one that a soft target reaches."""
PEAK = 1.25 / (0.5 * math.sqrt(2 * math.pi))
"""The published target, 1.25 times the density of N(beam, 0.5), at its peak: 0.997."""


def soft_targets(beam: Tensor, sigma: float = 0.5, *, beams: int = BEAMS) -> Tensor:
    """Map (...) zero-based -> (..., beams): a Gaussian around the beam, cut at +-5 beams and at the ends.

    The peak is the published one at any sigma (in beams), so that targets stay in [0, 1].
    """
    distance = torch.arange(beams, device=beam.device) - beam.unsqueeze(-1)
    target = PEAK * torch.exp(-0.5 * (distance / sigma) ** 2)
    return target * (distance.abs() <= REACH)


def focal_loss(logits: Tensor, targets: Tensor, gamma: float = 2.0, alpha: float = 0.25) -> Tensor:
    """Return the mean over the beams and the batch; logits and targets (..., beams), targets in [0, 1].

    Computed in float32 or better, whatever the logits are.
    """
    logits = precise(logits)
    targets = targets.to(logits.dtype)
    probability = logits.sigmoid()
    hit = probability * targets + (1 - probability) * (1 - targets)
    balance = alpha * targets + (1 - alpha) * (1 - targets)
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (balance * (1 - hit) ** gamma * entropy).mean()


def precise(x: Tensor) -> Tensor:
    """Return x in float32, or float64 if it already is: what a loss is computed in."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
