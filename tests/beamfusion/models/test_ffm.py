from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from beamfusion.models.author_checkpoint import author_fusion_name
from beamfusion.models.ffm import FeatureFusion, count_tokens, swap_channels
from beamfusion.models.mamba_block import BiMambaBlock, MambaBlock
from beamfusion.settings import GRID_MODALITIES, Model

GOLDEN = Path(__file__).parents[2] / "golden"
HISTORY, GRID, CHANNELS = 3, 2, 12


def golden(name: str) -> dict[str, Tensor]:
    with np.load(GOLDEN / f"{name}.npz", allow_pickle=False) as arrays:
        return {key: torch.from_numpy(arrays[key]) for key in arrays.files}


def build(**changed: Any) -> FeatureFusion:
    torch.manual_seed(0)
    model = Model(**{"layers": 1, "grid": GRID, **changed})
    return FeatureFusion(model, channels=CHANNELS, history=HISTORY).eval()


def maps(side: int = GRID, batch: int = 2) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(1)
    return {
        modality: torch.rand(batch * HISTORY, CHANNELS, side, side, generator=random)
        for modality in GRID_MODALITIES
    }


@pytest.mark.parametrize("kind", ["csbimamba", "bimamba", "transformer"])
def test_an_ffm_computes_what_the_published_one_does(kind: str) -> None:
    arrays = golden(f"ffm_{kind}")
    model = Model(feature_fusion=kind, layers=2, grid=2, published=True)
    ffm = FeatureFusion(model, channels=24, history=2).eval()
    names = {name: f"param/{author_fusion_name(name, model)}" for name in ffm.state_dict()}
    assert sorted(names.values()) == sorted(name for name in arrays if name.startswith("param/"))
    ffm.load_state_dict({name: arrays[published_name] for name, published_name in names.items()})
    mixed, gps = ffm({modality: arrays[modality] for modality in GRID_MODALITIES}, arrays["gps"])
    for modality in GRID_MODALITIES:
        torch.testing.assert_close(mixed[modality], arrays[f"{modality}_out"], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(gps, arrays["gps_out"], rtol=1e-4, atol=1e-5)


def test_a_block_computes_what_the_published_one_does() -> None:
    arrays = golden("block")
    model = Model(published=True)
    block = BiMambaBlock(model, channels=12, tokens=10)
    prefix = "mambablocks.0."
    block.load_state_dict(
        {
            name: arrays[f"param/{author_fusion_name(f'blocks.0.{name}', model).removeprefix(prefix)}"]
            for name in block.state_dict()
        }
    )
    y = block(arrays["x"])
    torch.testing.assert_close(y, arrays["y"], rtol=1e-4, atol=1e-6 * float(arrays["y"].abs().max()))


@pytest.mark.parametrize("flip_back", [True, False])
def test_the_backward_branch_meets_the_forward_one_as_its_switch_says(flip_back: bool) -> None:
    torch.manual_seed(0)
    block = BiMambaBlock(Model(flip_back=flip_back, residual=False), channels=6, tokens=7)
    x = torch.randn(2, 7, 6)
    h = block.linear(block.norm(x))
    reverse = h.flip(1)
    forward, backward = block.forward_mamba(h), block.backward_mamba(reverse)
    gate = nn.functional.leaky_relu(block.gate(reverse), 0.2)
    if flip_back:
        backward, gate = backward.flip(1), gate.flip(1)
    torch.testing.assert_close(block(x), backward * gate + forward * backward)


def test_a_one_directional_block_gates_its_mamba() -> None:
    torch.manual_seed(0)
    block = MambaBlock(Model(feature_fusion="mamba", residual=False), channels=6, tokens=7)
    x = torch.randn(2, 7, 6)
    h = block.linear(block.norm(x))
    expected = nn.functional.leaky_relu(block.gate(h), 0.2) * block.forward_mamba(h)
    torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize("kind", [MambaBlock, BiMambaBlock])
def test_a_residual_block_adds_its_input(kind: type[MambaBlock]) -> None:
    torch.manual_seed(0)
    repaired = kind(Model(), channels=6, tokens=7)
    published = kind(Model(residual=False), channels=6, tokens=7)
    published.load_state_dict(repaired.state_dict())
    x = torch.randn(2, 7, 6)
    torch.testing.assert_close(repaired(x), x + published(x))


def test_the_published_norm_has_a_weight_per_token_and_channel() -> None:
    tokens = 3 * HISTORY * GRID**2 + 2
    assert build(norm="tokens").blocks[0].norm.weight.shape == (tokens, CHANNELS)
    assert build(norm="channels").blocks[0].norm.weight.shape == (CHANNELS,)


def test_mamba_keeps_its_own_start_unless_as_published() -> None:
    repaired, published = (build(keep_dt_bias=keep).blocks[0].forward_mamba for keep in (True, False))
    step = nn.functional.softplus(repaired.dt_proj.bias)
    assert ((step > 0.99e-3) & (step < 0.101)).all()
    assert float(repaired.in_proj.weight.detach().abs().max()) == pytest.approx(CHANNELS**-0.5, rel=0.02)
    assert published.dt_proj.bias.count_nonzero() == 0
    assert float(published.in_proj.weight.detach().std()) == pytest.approx(0.02, rel=0.1)


@pytest.mark.parametrize(
    "settings", [{"published": True}, {"feature_fusion": "transformer"}, {"feature_fusion": "bimamba"}]
)
def test_linear_layers_start_small_and_without_bias(settings: dict[str, Any]) -> None:
    ffm = build(layers=8, **settings)
    keeps = not settings.get("published")
    linear = {
        name: module
        for name, module in ffm.named_modules()
        if isinstance(module, nn.Linear) and not ("mamba" in name and keeps)
    }
    assert linear
    weights = torch.cat([module.weight.detach().flatten() for module in linear.values()])
    assert float(weights.std()) == pytest.approx(0.02, rel=0.05)
    assert float(weights.mean()) == pytest.approx(0, abs=0.001)
    assert [name for name, m in linear.items() if m.bias is not None and m.bias.count_nonzero()] == []
    assert ffm.position.count_nonzero() == 0


def test_tokens_are_in_the_order_image_lidar_radar_gps_each_frame_row_by_row() -> None:
    ffm = build(feature_fusion="bimamba")
    ffm.blocks, ffm.norm = nn.Identity(), nn.Identity()
    tokens = ffm.position.shape[1]
    with torch.no_grad():
        ffm.position.copy_(torch.arange(tokens).view(1, -1, 1).expand_as(ffm.position))
    mixed, gps = ffm({m: torch.zeros_like(x) for m, x in maps().items()}, torch.zeros(2, 2, CHANNELS))
    for i, modality in enumerate(GRID_MODALITIES):
        start = i * HISTORY * GRID**2
        order = torch.arange(start, start + HISTORY * GRID**2).view(HISTORY, 1, GRID, GRID)
        expected = order.expand(HISTORY, CHANNELS, GRID, GRID).repeat(2, 1, 1, 1)
        assert torch.equal(mixed[modality], expected.float()), modality
    assert torch.equal(gps[1, :, 0], torch.tensor([tokens - 2.0, tokens - 1.0]))


@pytest.mark.parametrize("side", [1, 2, 3, 8, 16])
def test_maps_of_any_size_are_pooled_to_the_grid_and_brought_back(side: int) -> None:
    ffm = build(feature_fusion="bimamba")
    ffm.blocks, ffm.norm = nn.Identity(), nn.Identity()
    level = {modality: torch.full_like(x, 3.0) for modality, x in maps(side).items()}
    mixed, _ = ffm(level, torch.zeros(2, 2, CHANNELS))
    for modality, x in mixed.items():
        torch.testing.assert_close(x, level[modality])


def test_what_is_brought_back_is_interpolated_between_cell_centres() -> None:
    ffm = build(feature_fusion="bimamba", modalities=("image",))
    ffm.blocks, ffm.norm = nn.Identity(), nn.Identity()
    ramp = torch.arange(8.0).expand(HISTORY, CHANNELS, 8, 8)
    mixed, _ = ffm({"image": ramp}, None)
    cells = np.array([1.5, 5.5])  # means of the columns 0..3 and 4..7, at their centres
    expected = torch.from_numpy(np.interp(np.arange(8), cells, cells)).float()
    torch.testing.assert_close(mixed["image"], expected.expand_as(ramp))


def test_modalities_that_are_dropped_have_no_tokens() -> None:
    assert count_tokens(Model(), 5) == 962
    assert count_tokens(Model(), 10) == 1922
    assert count_tokens(Model(modalities=("image", "gps")), 5) == 322
    assert count_tokens(Model(modalities=("image", "gps"), absent="constant"), 5) == 962
    assert count_tokens(Model(modalities=("gps",)), 5) == 2
    assert count_tokens(Model(modalities=("lidar", "radar"), grid=4), 5) == 160


def test_only_csbimamba_swaps_channels() -> None:
    plain, swapping = build(feature_fusion="bimamba"), build(feature_fusion="csbimamba")
    for ffm in (plain, swapping):
        ffm.blocks, ffm.norm = nn.Identity(), nn.Identity()
    x, gps = maps(), torch.zeros(2, 2, CHANNELS)
    torch.testing.assert_close(plain(x, gps)[0]["image"], x["image"])
    expected = torch.cat([x["image"][:, :4], x["lidar"][:, 4:8], x["radar"][:, 8:]], dim=1)
    torch.testing.assert_close(swapping(x, gps)[0]["image"], expected)


@pytest.mark.parametrize("channels", [8, 9, 64])
def test_three_modalities_swap_thirds(channels: int) -> None:
    i, li, r = torch.rand(3, 2, 5, channels)
    s1, s2 = channels // 3, 2 * (channels // 3)
    expected = [
        torch.cat([i[..., :s1], li[..., s1:s2], r[..., s2:]], -1),
        torch.cat([li[..., :s1], r[..., s1:s2], i[..., s2:]], -1),
        torch.cat([r[..., :s1], i[..., s1:s2], li[..., s2:]], -1),
    ]
    assert all(map(torch.equal, swap_channels([i, li, r]), expected))


def test_two_modalities_swap_halves_and_one_nothing() -> None:
    a, b = torch.rand(2, 2, 5, 7)
    expected = [torch.cat([a[..., :3], b[..., 3:]], -1), torch.cat([b[..., :3], a[..., 3:]], -1)]
    assert all(map(torch.equal, swap_channels([a, b]), expected))
    assert swap_channels([a]) == [a]
    assert swap_channels([]) == []


@given(modalities=st.integers(1, 3), channels=st.integers(4, 20))
def test_swapping_moves_channels_between_modalities_and_loses_none(modalities: int, channels: int) -> None:
    source = torch.arange(modalities).view(-1, 1, 1).expand(modalities, 2, channels)
    swapped = torch.stack(swap_channels(list(source)))
    assert torch.equal(swapped.sort(0).values, source)


@pytest.mark.parametrize("kind", ["transformer", "mamba", "bimamba", "csbimamba"])
def test_every_token_can_reach_every_other_unless_the_mamba_has_one_direction(kind: str) -> None:
    ffm = build(feature_fusion=kind)
    with torch.no_grad():
        for parameter in ffm.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    x = {modality: value.requires_grad_() for modality, value in maps(batch=1).items()}
    gps = torch.rand(1, 2, CHANNELS, requires_grad=True)
    mixed, _ = ffm(x, gps)
    (mixed["lidar"] * torch.randn_like(mixed["lidar"])).sum().backward()
    assert x["image"].grad is not None
    assert x["image"].grad.count_nonzero() > 0
    assert gps.grad is not None
    assert (gps.grad.count_nonzero() == 0) == (kind == "mamba")
