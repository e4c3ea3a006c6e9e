from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from beamfusion.models.mamba import Mamba

GOLDEN = Path(__file__).parents[2] / "golden" / "mamba.npz"
BACKENDS = ("numba", "torch")


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    with np.load(GOLDEN, allow_pickle=False) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


def build(width: int = 16, **changed: int | str) -> Mamba:
    torch.manual_seed(0)
    return Mamba(width, **changed)


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_computes_what_mamba_ssm_does_and_has_its_gradients(
    golden: dict[str, Tensor], backend: str
) -> None:
    mamba = build(scan_backend=backend)
    mamba.load_state_dict({name[6:]: tensor for name, tensor in golden.items() if name.startswith("param/")})
    x = golden["x"].clone().requires_grad_()
    y = mamba(x)
    torch.testing.assert_close(y, golden["y"])
    y.backward(golden["grad_y"])
    torch.testing.assert_close(x.grad, golden["grad_x"])
    for name, parameter in mamba.named_parameters():
        torch.testing.assert_close(
            parameter.grad, golden[f"grad/{name}"], msg=lambda text, n=name: f"{n}: {text}"
        )


def test_its_parameters_are_mamba_ssms(golden: dict[str, Tensor]) -> None:
    actual = {f"param/{name}": tensor.shape for name, tensor in build().state_dict().items()}
    assert actual == {name: tensor.shape for name, tensor in golden.items() if name.startswith("param/")}


def test_it_starts_as_mamba_ssm_does() -> None:
    mamba = build(40)
    sizes = F.softplus(mamba.dt_proj.bias)
    assert 1e-3 <= sizes.min() < 3e-3 < 3e-2 < sizes.max() <= 1e-1
    assert mamba.dt_proj.weight.shape == (80, 3)
    assert 0.5 < mamba.dt_proj.weight.abs().max() <= 3**-0.5
    torch.testing.assert_close(mamba.A_log.exp(), torch.arange(1.0, 17).expand(80, 16))
    assert (mamba.D == 1).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_output_depends_on_a_later_input(backend: str) -> None:
    mamba, x = build(scan_backend=backend), torch.randn(1, 40, 16)
    changed = x.clone()
    changed[:, 20:] = 0
    assert torch.equal(mamba(changed)[:, :20], mamba(x)[:, :20])
    assert not torch.equal(mamba(changed)[:, 20], mamba(x)[:, 20])


@pytest.mark.parametrize(
    "changed", [{"d_state": 3}, {"d_conv": 2}, {"expand": 1}, {"d_conv": 3, "expand": 3}]
)
def test_both_backends_agree_for_any_sizes(changed: dict[str, int]) -> None:
    x = torch.randn(2, 37, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    results = []
    for backend in BACKENDS:
        mamba = build(20, **changed, scan_backend=backend).double()
        y = mamba(x)
        y.square().sum().backward()
        results.append([y, *(parameter.grad for parameter in mamba.parameters())])
    torch.testing.assert_close(*results, rtol=1e-10, atol=1e-12)
