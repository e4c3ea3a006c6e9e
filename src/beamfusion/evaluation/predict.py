"""Predictions of a network over a part of the data, and what they score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from beamfusion.data.dataset import Batch, WindowDataset, batches
from beamfusion.distributed.workers import SINGLE_PROCESS, Workers
from beamfusion.evaluation.metrics import scores
from beamfusion.models.networks import Networks
from beamfusion.settings import Missing

NOTHING_MISSING = Missing()


@dataclass(frozen=True)
class Predictions:
    """Logits (N,64), zero-based truth (N,) and scenario (N,) of a part, in its order.

    Of a forecast: logits (N,horizon,64) and truth (N,horizon).
    """

    logits: NDArray[np.float32]
    truth: NDArray[np.int64]
    scenario: NDArray[np.int64]

    @property
    def top3(self) -> NDArray[np.int64]:
        """The three most probable beams (N,3) or (N,horizon,3), best first; of equals the lower index."""
        return np.argsort(-self.logits, axis=-1, kind="stable")[..., :3]

    @property
    def scores(self) -> dict[str, Any]:
        return scores(self.top3, self.truth, self.scenario)

    @property
    def dba(self) -> float:
        """Overall DBA; NaN where a logit is not finite."""
        return cast("float", self.scores["dba"]["overall"]) if self.finite else float("nan")

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.logits).all())


@torch.inference_mode()
def predict(
    networks: Networks,
    data: WindowDataset,
    device: torch.device,
    *,
    missing: Missing = NOTHING_MISSING,
    seed: int = 0,
    batch_size: int = 64,
    workers: Workers = SINGLE_PROCESS,
) -> Predictions:
    """Predict every window in eval mode, missing modalities' input filled or their features rebuilt.

    Each of several workers predicts its share of the batches, and returns all predictions.
    """
    predictor, rebuilder = networks.predictor.eval(), networks.rebuilder
    if rebuilder is not None:
        rebuilder.mrm.eval()
    dtype = next((weights.dtype for weights in predictor.parameters()), torch.float32)
    generator = torch.Generator()
    if missing.noise == "seeded":
        generator.manual_seed(seed)
    else:
        generator.seed()
    size, world_size = len(data), workers.world_size
    order = [np.arange(start, min(start + batch_size, size)) for start in range(0, size, batch_size)]
    results = []
    for batch in _batches(data, order[workers.rank :: world_size]):
        inputs = batch.to(device, dtype)
        output = predictor(
            inputs.image,
            inputs.lidar,
            inputs.radar,
            inputs.gps,
            missing=missing.modalities,
            fill=missing.fill,
            generator=generator,
            rebuilt=rebuilder.rebuild(inputs) if rebuilder is not None else None,
        )
        results.append((output.float().cpu().numpy(), batch.beam.numpy(), batch.scenario.numpy()))
    shares = workers.gather(results)
    in_order = [shares[number % world_size][number // world_size] for number in range(len(order))]
    return Predictions(*map(np.concatenate, zip(*in_order, strict=True)))


def _batches(data: WindowDataset, order: list[NDArray[np.int64]]) -> Iterator[Batch]:
    return iter(tqdm(batches(data, order=order), total=len(order), disable=None, leave=False))
