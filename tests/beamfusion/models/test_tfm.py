from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from beamfusion.models.tfm import SumFusion, build_time_fusion
from beamfusion.settings import Model

HISTORY, CHANNELS = 4, 6


def build(kind: str, *, gps: bool = True, **settings: Any) -> SumFusion:
    torch.manual_seed(0)
    model = Model(time_fusion=kind, **settings)
    return build_time_fusion(model, channels=CHANNELS, history=HISTORY, gps=gps)


def vectors() -> tuple[list[Tensor], Tensor]:
    random = torch.Generator().manual_seed(1)
    frames = [torch.randn(2, HISTORY, CHANNELS, generator=random) for _ in range(3)]
    return frames, torch.randn(2, 2, CHANNELS, generator=random)


def test_sum_adds_every_frame_and_fix() -> None:
    frames, gps = vectors()
    tfm = build("sum")
    torch.testing.assert_close(tfm(frames, gps), torch.cat([*frames, gps], dim=1).sum(1))
    assert list(tfm.parameters()) == []


@pytest.mark.parametrize("residual", [True, False])
def test_mamba_mixes_each_modality_over_time_by_itself(residual: bool) -> None:
    frames, gps = vectors()
    tfm: Any = build("mamba", residual=residual)
    expected = sum((residual * x + tfm.mamba(x)).sum(1) for x in frames) + gps.sum(1)
    torch.testing.assert_close(tfm(frames, gps), expected)


def test_attenmamba_weighs_frames_by_their_largest_and_mean_channel() -> None:
    frames, gps = vectors()
    tfm: Any = build("attenmamba", residual=False)

    def attend(x: Tensor, linear: torch.nn.Linear) -> np.ndarray:
        values = x.detach().numpy().astype(float)
        weight, bias = linear.weight.detach().numpy(), linear.bias.detach().numpy()
        score = np.exp((values.max(-1) + values.mean(-1)) @ weight.T + bias)
        return np.einsum("bt,btc->bc", score / score.sum(1, keepdims=True), values)

    expected = sum(attend(tfm.mamba(x), tfm.frame_weights) for x in frames) + attend(gps, tfm.fix_weights)
    np.testing.assert_allclose(tfm(frames, gps).detach().numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["sum", "mamba", "attenmamba"])
def test_any_modalities_can_be_fused(kind: str) -> None:
    frames, gps = vectors()
    assert build(kind)(frames[:1], gps).shape == (2, CHANNELS)
    assert build(kind)([], gps).shape == (2, CHANNELS)
    assert build(kind, gps=False)(frames, None).shape == (2, CHANNELS)


def test_without_gps_there_are_no_weights_for_its_fixes() -> None:
    assert [name for name, _ in build("attenmamba", gps=False).named_parameters() if "fix" in name] == []
