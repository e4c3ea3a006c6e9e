import numpy as np
import pytest
from numba import njit

from beamfusion.ops import simd
from beamfusion.ops.simd import exp2, load, log1p, sigmoid, store


@njit
def apply_exp2(x, y):
    for i in range(0, x.size, simd.VECTOR_BYTES // x.itemsize):
        store(y, i, exp2(load(x, i)))


@njit
def apply_log1p(x, y):
    for i in range(0, x.size, simd.VECTOR_BYTES // x.itemsize):
        store(y, i, log1p(load(x, i)))


@njit
def apply_sigmoid(x, y):
    for i in range(0, x.size, simd.VECTOR_BYTES // x.itemsize):
        store(y, i, sigmoid(load(x, i)))


REALS = pytest.mark.parametrize("real", [np.float32, np.float64])


def through(function, x: np.ndarray) -> np.ndarray:
    y = np.empty_like(x)
    function(x, y)
    return y.astype(np.longdouble)


def rounding_errors(actual: np.ndarray, exact: np.ndarray, real: type) -> float:
    """Return the largest relative error, in units of the last place."""
    return float(np.max(np.abs(actual / exact - 1)) / np.finfo(real).eps)


@pytest.mark.parametrize(("real", "limit", "places"), [(np.float32, 126, 1), (np.float64, 1022, 6)])
def test_exp2_is_exact_to_the_last_places(real: type, limit: int, places: int) -> None:
    x = np.linspace(-limit, limit, 16 * 5001).astype(real)
    assert rounding_errors(through(apply_exp2, x), np.exp2(x.astype(np.longdouble)), real) < places


@REALS
def test_exp2_of_integers_is_exact(real: type) -> None:
    x = np.arange(-64, 64).astype(real)
    assert (through(apply_exp2, x) == np.exp2(x.astype(np.longdouble))).all()


@REALS
def test_exp2_ends_in_zero_infinity_and_nan(real: type) -> None:
    x = np.array([-np.inf, -1e30, -2000, 2000, 1e30, np.inf, np.nan, np.nan] * 2, real)
    np.testing.assert_array_equal(
        through(apply_exp2, x)[:8], [0, 0, 0, np.inf, np.inf, np.inf, np.nan, np.nan]
    )


@REALS
def test_log1p_is_exact_to_two_last_places_down_to_tiny_numbers(real: type) -> None:
    x = np.concatenate([np.linspace(1e-3, 1, 16 * 500), np.logspace(-30, -3, 16 * 500)]).astype(real)
    assert rounding_errors(through(apply_log1p, x), np.log1p(x.astype(np.longdouble)), real) < 2


@REALS
def test_sigmoid_is_exact_to_a_few_last_places(real: type) -> None:
    x = np.linspace(-20, 20, 16 * 1000).astype(real)
    exact = 1 / (1 + np.exp(-x.astype(np.longdouble)))
    assert rounding_errors(through(apply_sigmoid, x), exact, real) < 20
