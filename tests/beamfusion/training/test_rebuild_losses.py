import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from beamfusion.settings import GRID_MODALITIES, Modality
from beamfusion.training.rebuild_losses import contrast_loss, distance_loss, nt_xent, trans_loss

HISTORY, SAMPLES, CHANNELS = 3, 4, 5
BEAMS = torch.tensor([7, 8, 7, 9])

seeds = st.integers(0, 2**32 - 1)


def maps(seed: int = 0, *, samples: int = SAMPLES) -> dict[Modality, Tensor]:
    """Draw halves as a projection head gives them: of length at most 1 at each position."""
    random = torch.Generator().manual_seed(seed)
    shape = (samples * HISTORY, CHANNELS, 2, 3)
    return {m: 0.4 * torch.rand(shape, generator=random, dtype=torch.float64) for m in GRID_MODALITIES}


def contrast_by_definition(a: np.ndarray, b: np.ndarray, temperature: float, label: np.ndarray) -> float:
    """Average, over positives, -log of the share of each among all other views, one view at a time."""
    views, labels = np.concatenate([a, b]), np.concatenate([label, label])
    losses = []
    for i in range(len(views)):
        others = [j for j in range(len(views)) if j != i]
        cosine = [views[i] @ views[j] / np.linalg.norm(views[i]) / np.linalg.norm(views[j]) for j in others]
        share = np.exp(np.array(cosine) / temperature)
        share /= share.sum()
        losses.append(
            -np.mean([np.log(s) for s, j in zip(share, others, strict=True) if labels[j] == labels[i]])
        )
    return float(np.mean(losses))


def as_views(half: Tensor) -> np.ndarray:
    return half.numpy().sum((2, 3)).reshape(SAMPLES, HISTORY * CHANNELS)


@pytest.mark.parametrize("beam", [None, BEAMS])
@given(seed=seeds)
def test_contrast_is_nt_xent_over_the_three_pairs(beam: Tensor | None, seed: int) -> None:
    shared = maps(seed)
    label = np.arange(SAMPLES) if beam is None else beam.numpy()
    expected = np.mean(
        [
            contrast_by_definition(as_views(shared[a]), as_views(shared[b]), 0.1, label)
            for a, b in itertools.combinations(GRID_MODALITIES, 2)
        ]
    )
    loss = contrast_loss(shared, history=HISTORY, temperature=0.1, beam=beam)
    assert loss.item() == pytest.approx(expected, rel=1e-9)


def test_unsupervised_contrast_is_a_cross_entropy_over_the_other_views() -> None:
    random = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, SAMPLES, 6, generator=random)
    views = torch.nn.functional.normalize(torch.cat([a, b]), dim=1)
    similarity = views @ views.T / 0.5
    similarity.fill_diagonal_(-torch.inf)
    target = torch.arange(2 * SAMPLES).roll(SAMPLES)
    torch.testing.assert_close(nt_xent(a, b, 0.5), torch.nn.functional.cross_entropy(similarity, target))


@given(seed=seeds)
def test_with_every_beam_its_own_supervised_contrast_is_the_unsupervised_one(seed: int) -> None:
    shared = maps(seed)
    beam = torch.tensor([4, 3, 2, 1])
    supervised = contrast_loss(shared, history=HISTORY, temperature=0.1, beam=beam)
    unsupervised = contrast_loss(shared, history=HISTORY, temperature=0.1)
    assert supervised.item() == pytest.approx(unsupervised.item(), rel=1e-12)


@given(order=st.permutations(range(SAMPLES)), modalities=st.permutations(GRID_MODALITIES), seed=seeds)
def test_no_loss_depends_on_the_order_of_samples_or_modalities(
    order: list[int], modalities: list[Modality], seed: int
) -> None:
    halves = maps(seed)
    frames = torch.tensor(order)[:, None] * HISTORY + torch.arange(HISTORY)
    moved = {m: halves[m][frames.flatten()] for m in modalities}
    for norm in ("sample", "tensor"):
        expected = distance_loss(halves, history=HISTORY, norm=norm)
        assert distance_loss(moved, history=HISTORY, norm=norm).item() == pytest.approx(expected.item())
    expected = contrast_loss(halves, history=HISTORY, temperature=0.1, beam=BEAMS)
    loss = contrast_loss(moved, history=HISTORY, temperature=0.1, beam=BEAMS[order])
    assert loss.item() == pytest.approx(expected.item())


def test_contrast_is_lowest_where_the_modalities_agree_and_the_samples_do_not() -> None:
    apart = torch.eye(SAMPLES)
    agreeing = nt_xent(apart, apart, 0.1)
    assert agreeing < nt_xent(apart, apart.roll(1, 0), 0.1)
    assert agreeing < nt_xent(torch.ones_like(apart), torch.ones_like(apart), 0.1)


@given(seed=seeds, scale=st.floats(0.1, 10))
def test_contrast_ignores_the_size_of_a_half(seed: int, scale: float) -> None:
    shared = maps(seed)
    scaled = {**shared, "image": shared["image"] * scale}
    expected = contrast_loss(shared, history=HISTORY, temperature=0.1)
    loss = contrast_loss(scaled, history=HISTORY, temperature=0.1)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-9)


@given(seed=seeds)
def test_the_published_distance_is_one_norm_over_the_whole_tensor(seed: int) -> None:
    specific = maps(seed)
    pairs = itertools.combinations(GRID_MODALITIES, 2)
    expected = np.mean([-np.sqrt(((specific[a] - specific[b]).numpy() ** 2).sum()) for a, b in pairs])
    loss = distance_loss(specific, history=HISTORY, norm="tensor")
    assert loss.item() == pytest.approx(expected, rel=1e-12)


@given(seed=seeds)
def test_the_repaired_distance_is_a_mean_over_samples(seed: int) -> None:
    specific = maps(seed)
    distances = []
    for a, b in itertools.combinations(GRID_MODALITIES, 2):
        for sample in range(SAMPLES):
            frames = slice(sample * HISTORY, (sample + 1) * HISTORY)
            squared = ((specific[a][frames] - specific[b][frames]).numpy() ** 2).sum(1)  # per position
            distances.append(np.sqrt(squared.mean()))
    loss = distance_loss(specific, history=HISTORY, norm="sample")
    assert loss.item() == pytest.approx(-np.mean(distances), rel=1e-12)


@given(seed=seeds, samples=st.integers(1, 4))
def test_the_repaired_distance_is_bounded_whatever_the_batch(seed: int, samples: int) -> None:
    random = torch.Generator().manual_seed(seed)
    shape = (samples * HISTORY, CHANNELS, 2, 3)
    specific = {
        m: torch.nn.functional.normalize(torch.randn(shape, generator=random), dim=1) for m in GRID_MODALITIES
    }
    assert -2 <= distance_loss(specific, history=HISTORY, norm="sample").item() <= 0
    opposite = {"image": specific["image"], "lidar": -specific["image"]}
    assert distance_loss(opposite, history=HISTORY, norm="sample").item() == pytest.approx(-2)


@pytest.mark.parametrize("norm", ["sample", "tensor"])
def test_equal_halves_have_no_distance_and_a_finite_gradient(norm: str) -> None:
    half = torch.rand(HISTORY, CHANNELS, 2, 2, requires_grad=True)
    loss = distance_loss({"image": half, "radar": half.clone()}, history=HISTORY, norm=norm)
    loss.backward()
    assert loss.item() == 0
    assert half.grad is not None
    assert half.grad.isfinite().all()


def test_trans_is_a_mean_squared_error_averaged_over_what_is_rebuilt() -> None:
    true, rebuilt = maps(1), maps(2)
    del rebuilt["image"]
    expected = np.mean([((rebuilt[m] - true[m]).numpy() ** 2).mean() for m in ("lidar", "radar")])
    assert trans_loss(rebuilt, true).item() == pytest.approx(expected, rel=1e-12)
    assert trans_loss({"lidar": true["lidar"]}, true).item() == 0


def test_half_precision_is_scored_in_single_precision() -> None:
    halves = {modality: x.bfloat16() for modality, x in maps().items()}
    losses = [
        contrast_loss(halves, history=HISTORY, temperature=0.1),
        distance_loss(halves, history=HISTORY, norm="sample"),
        trans_loss(halves, halves),
    ]
    assert all(loss.dtype == torch.float32 for loss in losses)
