import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamfusion.settings import Train
from beamfusion.training.schedule import learning_rate

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/learning_rate.json").read_text())


@pytest.mark.parametrize("base", GOLDEN)
def test_the_rate_of_each_epoch_is_the_published_one(base: str) -> None:
    rates = [learning_rate(epoch, Train(lr=float(base))) for epoch in range(len(GOLDEN[base]))]
    assert rates == pytest.approx(GOLDEN[base], rel=1e-9)


def test_without_a_warm_up_the_rate_starts_at_its_base() -> None:
    assert learning_rate(0, Train(lr=3e-4, warmup_epochs=0)) == pytest.approx(3e-4)


@given(
    epoch=st.integers(0, 200),
    warmup=st.integers(0, 5),
    decay=st.integers(1, 5),
    restart=st.integers(1, 5),
)
def test_the_rate_stays_between_its_bounds_and_comes_round_again(
    epoch: int, warmup: int, decay: int, restart: int
) -> None:
    train = Train(warmup_epochs=warmup, decay_epochs=decay, restart_epochs=restart)
    rate = learning_rate(epoch, train)
    assert train.lr_min <= rate <= max(train.lr, train.lr_restart) * (1 + 1e-12)
    if epoch >= warmup + decay:
        assert learning_rate(epoch + restart, train) == rate


@given(epoch=st.floats(0, 100))
def test_the_published_rate_holds_for_a_whole_epoch(epoch: float) -> None:
    published = Train(published=True)
    assert learning_rate(epoch, published) == learning_rate(int(epoch), published)


def test_a_warm_up_can_last_a_part_of_an_epoch() -> None:
    train = Train(lr=1e-3, lr_min=0, warmup_epochs=0.5, decay_epochs=1.5)
    assert learning_rate(0.25, train) == pytest.approx(5e-4)
    assert learning_rate(0.5, train) == pytest.approx(1e-3)
    assert learning_rate(1.999, train) == pytest.approx(0, abs=1e-6)
