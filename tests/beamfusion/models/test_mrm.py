import pytest
import torch

from beamfusion.models.mrm import MRM, Halves, ProjectionHead, Translator
from beamfusion.settings import GRID_MODALITIES, MODALITIES, Modality, Model
from jobkit.errors import UserError

WIDTH = 4


def build(*missing: Modality, modalities: tuple[Modality, ...] = MODALITIES) -> MRM:
    torch.manual_seed(0)
    return MRM(WIDTH, modalities=modalities, missing=missing).eval()


def features() -> dict[Modality, torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    return {modality: torch.randn(6, WIDTH, 3, 5, generator=random) for modality in GRID_MODALITIES}


@pytest.mark.parametrize(
    "missing", [("image",), ("lidar",), ("radar",), ("lidar", "radar"), ("image", "radar")]
)
def test_each_missing_modality_is_rebuilt_from_those_that_are_there(missing: tuple[Modality, ...]) -> None:
    mrm = build(*missing)
    given = features()
    rebuilt = mrm.rebuild(given)
    assert {modality: x.shape for modality, x in rebuilt.items()} == dict.fromkeys(missing, (6, WIDTH, 3, 5))
    without = {modality: x for modality, x in given.items() if modality not in missing}
    assert all(torch.equal(x, rebuilt[modality]) for modality, x in mrm.rebuild(without).items())
    for source in without:
        changed = mrm.rebuild({**given, source: given[source].flip(0)})
        assert all(not torch.allclose(changed[m], rebuilt[m]) for m in missing), source


def test_two_missing_modalities_have_a_translator_each() -> None:
    mrm = build("lidar", "radar")
    rebuilt = mrm.rebuild(features())
    assert set(mrm.translators) == {"lidar", "radar"}
    assert not torch.allclose(rebuilt["lidar"], rebuilt["radar"])


def test_only_the_sources_shared_halves_are_translated() -> None:
    mrm = build("image")
    halves = mrm.project(features())
    changed = {
        modality: type(half)(half.shared if modality != "image" else half.shared + 1, half.specific + 1)
        for modality, half in halves.items()
    }
    assert torch.equal(mrm.translate(halves)["image"], mrm.translate(changed)["image"])


def test_both_halves_together_have_length_one_at_every_position() -> None:
    halves = build("image").project(features())
    assert set(halves) == set(GRID_MODALITIES)
    for half in halves.values():
        assert half.shared.shape == half.specific.shape == (6, WIDTH, 3, 5)
        length = (half.shared.square() + half.specific.square()).sum(1)
        torch.testing.assert_close(length, torch.ones(6, 3, 5))


def test_the_first_half_of_the_channels_is_the_shared_one() -> None:
    head = ProjectionHead(WIDTH).eval()
    last = head.layers[-1]
    with torch.no_grad():
        last.weight[WIDTH:], last.bias[WIDTH:] = 0, 0
    halves = head(features()["image"])
    assert halves.specific.count_nonzero() == 0
    torch.testing.assert_close(halves.shared.square().sum(1), torch.ones(6, 3, 5))


def test_positions_do_not_meet() -> None:
    mrm = build("image")
    given = features()
    moved = {modality: x.roll((1, 2), dims=(-2, -1)) for modality, x in given.items()}
    expected = mrm.rebuild(given)["image"].roll((1, 2), dims=(-2, -1))
    torch.testing.assert_close(mrm.rebuild(moved)["image"], expected)


def test_at_the_published_width_the_layers_have_the_published_sizes() -> None:
    head, translator = ProjectionHead(64), Translator(64, sources=2)
    convolutions = [
        [(m.in_channels, m.out_channels) for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
        for network in (head, translator)
    ]
    assert convolutions == [[(64, 64), (64, 64), (64, 128)], [(128, 128), (128, 128), (128, 64)]]
    assert [m.p for m in translator.modules() if isinstance(m, torch.nn.Dropout)] == [0.5, 0.5]


def test_gps_is_neither_a_source_nor_rebuilt() -> None:
    mrm = build("image", "gps")
    assert (mrm.sources, mrm.missing) == (("lidar", "radar"), ("image",))


def test_a_modality_that_the_predictor_never_has_is_neither() -> None:
    mrm = build("image", "radar", modalities=("image", "lidar", "gps"))
    assert (mrm.sources, mrm.missing) == (("lidar",), ("image",))


@pytest.mark.parametrize("missing", [(), ("gps",), GRID_MODALITIES])
def test_nothing_to_rebuild_or_to_rebuild_from_is_an_error(missing: tuple[Modality, ...]) -> None:
    with pytest.raises(UserError, match=r"missing\.modalities: .*expected some, but not all"):
        build(*missing)


def test_it_runs_in_float64_and_under_bfloat16_autocast() -> None:
    mrm = build("image")
    expected = mrm.rebuild(features())["image"]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(mrm.rebuild(features())["image"].float(), expected, rtol=0.1, atol=0.05)
    double = {modality: x.double() for modality, x in features().items()}
    torch.testing.assert_close(mrm.double().rebuild(double)["image"].float(), expected)


def test_its_fusion_head_predicts_from_every_shared_half_and_what_was_rebuilt() -> None:
    mrm = build("image")
    mrm.add_fusion_head(Model(width=WIDTH), history=3, horizon=1)
    halves = mrm.project(features())
    rebuilt = mrm.translate(halves)
    logits = mrm.predict(halves, rebuilt)
    assert logits.shape == (2, 64)
    for modality in GRID_MODALITIES:
        changed = {m: Halves(half.shared + (m == modality), half.specific) for m, half in halves.items()}
        assert not torch.allclose(mrm.predict(changed, rebuilt), logits)
    assert not torch.allclose(mrm.predict(halves, {"image": rebuilt["image"] + 1}), logits)
    without = {m: Halves(half.shared, half.specific + 1) for m, half in halves.items()}
    assert torch.equal(mrm.predict(without, rebuilt), logits)


def test_its_fusion_head_can_forecast() -> None:
    mrm = build("image")
    mrm.add_fusion_head(Model(width=WIDTH), history=3, horizon=5)
    halves = mrm.project(features())
    assert mrm.predict(halves, mrm.translate(halves)).shape == (2, 5, 64)


def test_without_a_recipe_that_asks_for_them_it_has_neither_encoders_nor_a_fusion_head() -> None:
    assert {name.partition(".")[0] for name in build("image").state_dict()} == {"heads", "translators"}
