import functools

import pytest
import torch
from torch.autograd import gradcheck

from beamfusion.ops.causal_conv import causal_conv

by_kernel = functools.partial(causal_conv, backend="numba")


@pytest.mark.parametrize("length", [1, 2, 3, 16, 18, 50])
@pytest.mark.parametrize("taps", [1, 2, 4])
def test_the_kernel_agrees_with_torch(length: int, taps: int) -> None:
    random = torch.Generator().manual_seed(0)
    x, weight, bias, grad = (
        torch.randn(shape, generator=random, dtype=torch.float64)
        for shape in ((2, 19, length), (19, taps), (19,), (2, 19, length))
    )
    results = []
    for backend in ("torch", "numba"):
        leaves = [tensor.clone().requires_grad_() for tensor in (x, weight, bias)]
        y = causal_conv(*leaves, backend=backend)
        results.append((y, *torch.autograd.grad(y, leaves, grad)))
    torch.testing.assert_close(*results, rtol=1e-12, atol=1e-12)


def test_its_gradients_are_those_of_finite_differences() -> None:
    shapes = ((2, 9, 20), (9, 4), (9,))
    assert gradcheck(
        by_kernel,
        [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes],
    )


def test_strides_make_no_difference() -> None:
    x, weight, bias = torch.randn(2, 32, 50), torch.randn(32, 4), torch.randn(32)
    expected = by_kernel(x, weight, bias)
    assert torch.equal(by_kernel(x.mT.contiguous().mT, weight, bias), expected)
    assert torch.equal(by_kernel(x.repeat_interleave(2, 2)[..., ::2], weight, bias), expected)
