import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck

import beamfusion
from beamfusion.ops.selective_scan import available_backends, choose_backend, selective_scan
from benchmarks import reference_scan
from jobkit.errors import UserError

SOURCE = Path(beamfusion.__file__).parents[1]
ODD_LENGTHS = (1, 2, 3, 7, 63, 65, 241, 962)


def arguments(
    batch: int,
    channels: int,
    length: int,
    states: int = 16,
    *,
    dtype: torch.dtype = torch.float64,
    seed: int = 0,
) -> list[Tensor]:
    """Draw u, delta, A, B, C, D, z and delta_bias, as a trained Mamba has them."""
    random = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random, dtype=torch.float64).to(dtype)

    over_time = (batch, channels, length)
    return [
        normal(*over_time), normal(*over_time), -2 * normal(channels, states).exp(),
        normal(batch, states, length), normal(batch, states, length),
        normal(channels), normal(*over_time), normal(channels) - 2,
    ]  # fmt: skip


def value_and_gradients(scan: Callable[..., Tensor], tensors: list[Tensor | None]) -> list[Tensor]:
    """Compute y and the gradients of sum(y w) for a fixed w, in float64."""
    leaves = [None if tensor is None else tensor.detach().requires_grad_() for tensor in tensors]
    y = scan(*leaves, True)
    random = torch.Generator().manual_seed(9)
    weights = torch.randn(y.shape, generator=random, dtype=torch.float64)
    given = [leaf for leaf in leaves if leaf is not None]
    gradients = torch.autograd.grad(y, given, weights.to(y.dtype), materialize_grads=True)
    return [tensor.detach().double() for tensor in (y, *gradients)]


def by(backend: str) -> Callable[..., Tensor]:
    return lambda *tensors: selective_scan(*tensors, backend=backend)


def assert_agree(actual: list[Tensor], expected: list[Tensor], tolerance: float) -> None:
    """Check that each is within the tolerance of its own largest number."""
    names = ("y", "u", "delta", "A", "B", "C", "D", "z", "delta_bias")
    for name, one, other in itertools.zip_longest(names, actual, expected):
        if one is not None and one.numel():
            error = ((one - other).abs().max() / other.abs().max().clamp(min=1e-30)).item()
            assert error <= tolerance, f"{name} is off by {error:.1e}"


def recurrence(
    u: np.ndarray, delta: np.ndarray, A: np.ndarray, B: np.ndarray, C: np.ndarray, D: np.ndarray,
    z: np.ndarray, bias: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Compute equation 2 of arXiv:2312.00752 for one number at a time."""
    y = np.zeros(u.shape)
    for b, d in np.ndindex(u.shape[:2]):
        h = np.zeros(A.shape[1])
        for t in range(u.shape[2]):
            size = np.log1p(np.exp(delta[b, d, t] + bias[d]))
            h = np.exp(size * A[d]) * h + size * B[b, :, t] * u[b, d, t]
            y[b, d, t] = (C[b, :, t] @ h + D[d] * u[b, d, t]) * z[b, d, t] / (1 + np.exp(-z[b, d, t]))
    return y


class TestTorch:
    def test_it_computes_the_recurrence(self) -> None:
        tensors = arguments(2, 3, 11, 4)
        actual = selective_scan(*tensors, True, backend="torch")
        np.testing.assert_allclose(
            actual.numpy(), recurrence(*(tensor.numpy() for tensor in tensors)), rtol=1e-12
        )

    def test_its_gradients_are_those_of_finite_differences(self) -> None:
        leaves = [tensor.requires_grad_() for tensor in arguments(2, 2, 5, 3)]
        assert gradcheck(lambda *tensors: by("torch")(*tensors, True), leaves)


class TestNumba:
    @pytest.mark.parametrize("length", ODD_LENGTHS)
    def test_it_agrees_with_the_loop_in_double_precision(self, length: int) -> None:
        tensors = arguments(2, 19, length)
        actual, expected = (value_and_gradients(by(name), tensors) for name in ("numba", "torch"))
        assert_agree(actual, expected, 1e-12)

    @pytest.mark.parametrize("length", ODD_LENGTHS)
    def test_single_precision_is_good_to_its_rounding(self, length: int) -> None:
        tensors = arguments(2, 35, length, dtype=torch.float32)
        expected = value_and_gradients(by("torch"), [tensor.double() for tensor in tensors])
        assert_agree(value_and_gradients(by("numba"), tensors), expected, 2e-6)

    @settings(max_examples=25, deadline=None)
    @given(
        batch=st.integers(1, 3),
        channels=st.integers(1, 150),
        length=st.integers(1, 40),
        states=st.integers(1, 20),
    )
    def test_it_agrees_with_the_loop_for_any_sizes(
        self, batch: int, channels: int, length: int, states: int
    ) -> None:
        tensors = arguments(batch, channels, length, states)
        actual, expected = (value_and_gradients(by(name), tensors) for name in ("numba", "torch"))
        assert_agree(actual, expected, 1e-12)

    def test_its_gradients_are_those_of_finite_differences(self) -> None:
        leaves = [tensor.requires_grad_() for tensor in arguments(2, 3, 10, 2)]
        assert gradcheck(lambda *tensors: by("numba")(*tensors, True), leaves)

    def test_its_gradients_without_softplus_are_those_of_finite_differences(self) -> None:
        u, delta, A, B, C, *_ = arguments(2, 3, 10, 2)
        leaves = [tensor.requires_grad_() for tensor in (u, delta.abs(), A, B, C)]
        assert gradcheck(by("numba"), leaves)

    @pytest.mark.parametrize("without", list(itertools.product([False, True], repeat=3)))
    def test_d_z_and_the_bias_can_each_be_left_out(self, without: tuple[bool, bool, bool]) -> None:
        tensors: list[Tensor | None] = list(arguments(2, 5, 20))
        for place, left_out in zip((5, 6, 7), without, strict=True):
            if left_out:
                tensors[place] = None
        actual, expected = (value_and_gradients(by(name), tensors) for name in ("numba", "torch"))
        assert_agree(actual, expected, 1e-12)

    @pytest.mark.parametrize("channels", [16, 40])
    def test_strides_make_no_difference(self, channels: int) -> None:
        tensors = arguments(3, channels, 50, dtype=torch.float32)
        expected = value_and_gradients(by("numba"), tensors)
        channels_last = [tensor.mT.contiguous().mT if tensor.ndim == 3 else tensor for tensor in tensors]
        sparse = [tensor.repeat_interleave(2, -1)[..., ::2] for tensor in tensors]
        part = [
            torch.cat([tensor, tensor], 1)[:, : tensor.shape[1]] if tensor.ndim == 3 else tensor
            for tensor in tensors
        ]
        for same in (channels_last, sparse, part):
            for one, other in zip(value_and_gradients(by("numba"), same), expected, strict=True):
                assert torch.equal(one, other)

    def test_a_tensor_repeated_by_strides_alone_is_read_as_it_looks(self) -> None:
        tensors = arguments(3, 17, 20)
        tensors[0], tensors[3] = tensors[0][:1].expand(3, -1, -1), tensors[3][..., :1].expand(-1, -1, 20)
        actual, expected = (value_and_gradients(by(name), tensors) for name in ("numba", "torch"))
        assert_agree(actual, expected, 1e-12)

    @pytest.mark.parametrize("threads", [2, 3, 5])
    def test_results_are_the_same_to_the_bit_on_any_number_of_threads(self, threads: int) -> None:
        tensors = arguments(3, 150, 40, dtype=torch.float32)
        before = torch.get_num_threads()
        try:
            torch.set_num_threads(1)
            expected = value_and_gradients(by("numba"), tensors)
            torch.set_num_threads(threads)
            actual = value_and_gradients(by("numba"), tensors)
        finally:
            torch.set_num_threads(before)
        assert all(torch.equal(one, other) for one, other in zip(actual, expected, strict=True))

    def test_calls_from_several_threads_do_not_disturb_each_other(self) -> None:
        cases = [arguments(2, 20, 50, seed=seed) for seed in range(4)]
        expected = [value_and_gradients(by("numba"), tensors) for tensors in cases]
        with ThreadPoolExecutor(4) as pool:
            actual = list(pool.map(lambda tensors: value_and_gradients(by("numba"), tensors), cases))
        for some, others in zip(actual, expected, strict=True):
            assert all(torch.equal(one, other) for one, other in zip(some, others, strict=True))

    @pytest.mark.parametrize(("batch", "length"), [(0, 5), (2, 0)])
    def test_an_empty_batch_or_sequence_gives_empty_results_and_zero_gradients(
        self, batch: int, length: int
    ) -> None:
        y, *gradients = value_and_gradients(by("numba"), arguments(batch, 3, length))
        assert y.shape == (batch, 3, length)
        assert all((gradient == 0).all() for gradient in gradients)

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
    def test_half_precision_is_computed_in_single(self, dtype: torch.dtype) -> None:
        tensors = [tensor.to(dtype) for tensor in arguments(2, 5, 20)]
        actual = selective_scan(*tensors, True, backend="numba")
        expected = selective_scan(*(tensor.float() for tensor in tensors), True, backend="numba")
        assert torch.equal(actual, expected.to(dtype))

    @pytest.mark.parametrize("place", range(8))
    def test_a_nan_anywhere_reaches_the_result(self, place: int) -> None:
        tensors = arguments(1, 17, 20, dtype=torch.float32)
        tensors[place].view(-1)[0] = float("nan")
        assert selective_scan(*tensors, True, backend="numba").isnan().any()

    @pytest.mark.parametrize("rate", [200.0, 87.0, -87.0, -200.0])
    def test_decays_too_large_or_small_for_a_number_act_as_in_the_loop(self, rate: float) -> None:
        u = torch.linspace(0, 1, 30).view(1, 1, 30)
        actual, expected = (
            selective_scan(u, u, torch.full((1, 1), rate), u, u, backend=backend)
            for backend in ("numba", "torch")
        )
        torch.testing.assert_close(actual, expected, equal_nan=True, rtol=1e-5, atol=0)

    def test_only_what_can_need_gradients_keeps_states(self) -> None:
        u, delta, A, B, C, *_ = arguments(1, 16, 64)
        assert not selective_scan(u, delta, A, B, C, backend="numba").requires_grad
        sizes: list[int] = []

        def count(tensor: Tensor) -> Tensor:
            sizes.append(tensor.nbytes)
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            selective_scan(u.requires_grad_(), delta, A, B, C, backend="numba")
        all_states = 16 * 64 * A.shape[1] * u.itemsize
        assert sum(sizes) < all_states


class TestMambaSsmReference:
    @pytest.mark.parametrize("length", [1, 63, 962])
    def test_both_cpu_backends_agree_with_it(self, length: int) -> None:
        try:
            reference = reference_scan.load_reference_scan()
        except ImportError as error:
            pytest.skip(str(error))
        tensors = arguments(2, 18, length, dtype=torch.float32)
        expected = value_and_gradients(reference, tensors)
        for backend in ("numba", "torch"):
            assert_agree(value_and_gradients(by(backend), tensors), expected, 5e-6)


@pytest.mark.skipif(
    not (torch.cuda.is_available() and "mamba_ssm" in available_backends("cuda")),
    reason="no CUDA with mamba-ssm",
)
class TestMambaSsm:
    @pytest.mark.parametrize("length", ODD_LENGTHS)
    def test_it_agrees_with_the_loop(self, length: int) -> None:
        tensors = arguments(2, 19, length, dtype=torch.float32)
        on_device = [tensor.cuda() for tensor in tensors]
        actual = [tensor.cpu() for tensor in value_and_gradients(by("mamba_ssm"), on_device)]
        assert_agree(actual, value_and_gradients(by("torch"), tensors), 1e-4)


class TestChoice:
    def test_the_cpu_gets_the_numba_kernel(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("BEAMFUSION_SCAN", raising=False)
        assert choose_backend("cpu") == "numba"
        assert available_backends("cpu") == ("numba", "torch")

    def test_the_environment_overrides_it_and_the_argument_overrides_both(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BEAMFUSION_SCAN", "torch")
        assert choose_backend("cpu") == "torch"
        assert choose_backend("cpu", "numba") == "numba"

    def test_an_unknown_backend_is_an_error_that_names_the_nearest(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BEAMFUSION_SCAN", "mamba-ssm")
        with pytest.raises(UserError, match=r"BEAMFUSION_SCAN: mamba-ssm is not .* did you mean mamba_ssm"):
            choose_backend("cpu")

    @pytest.mark.parametrize(("backend", "device"), [("mamba_ssm", "cpu"), ("numba", "cuda")])
    def test_a_backend_that_cannot_run_is_never_replaced(self, backend: str, device: str) -> None:
        with pytest.raises(UserError, match=f"{backend} cannot be used: it runs on .* only"):
            choose_backend(device, backend)

    @pytest.mark.skipif("mamba_ssm" in available_backends("cuda"), reason="mamba-ssm is installed")
    def test_cuda_without_mamba_ssm_gets_the_loop_with_a_warning(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("BEAMFUSION_SCAN", raising=False)
        with pytest.warns(RuntimeWarning, match=r"plain torch loop.*mamba_ssm cannot be imported"):
            assert choose_backend("cuda") == "torch"

    def test_shapes_that_do_not_fit_are_all_named(self) -> None:
        tensors = arguments(2, 3, 5, 4)
        tensors[1], tensors[3] = tensors[1][:, :, 1:], tensors[3].int()
        with pytest.raises(ValueError, match=r"delta must have shape \(2, 3, 5\).*; B must be of real"):
            selective_scan(*tensors)


@pytest.mark.slow
def test_the_benchmark_runs_and_its_contenders_agree(tmp_path: Path) -> None:
    try:
        reference_scan.load_reference_scan()
    except ImportError as error:
        pytest.skip(str(error))
    script, results = Path(reference_scan.__file__).with_name("scan.py"), tmp_path / "results.json"
    done = subprocess.run(
        [sys.executable, script, "--rounds", "1", "--json", results],
        capture_output=True,
        text=True,
        check=False,
    )
    assert results.exists(), done.stdout + done.stderr
    comparisons = json.loads(results.read_text())["comparisons"]
    assert len(comparisons) == 2
    assert all(comparison["disagreement"] < 1e-3 for comparison in comparisons.values())


SCAN_OF_A_COPY = """
import torch
from beamfusion.ops.selective_scan import selective_scan
u = torch.arange(40.0).view(1, 2, 20) / 40
print(selective_scan(u, u, -torch.ones(2, 2), u, u, backend="numba").sum().item())
"""


@pytest.mark.slow
class TestCompilation:
    @pytest.fixture
    def copy(self, tmp_path: Path) -> Path:
        """Copy the sources without anything compiled."""
        for package in ("beamfusion", "jobkit"):
            for file in (SOURCE / package).rglob("*.py"):
                target = tmp_path / "src" / file.relative_to(SOURCE)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read_bytes())
        return tmp_path / "src"

    def start(self, source: Path, home: Path) -> subprocess.Popen[str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("NUMBA", "XDG"))
        }
        return subprocess.Popen(
            [sys.executable, "-c", SCAN_OF_A_COPY],
            env={**environment, "PYTHONPATH": str(source), "HOME": str(home), "OMP_NUM_THREADS": "1"},
            cwd=source, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def results(self, processes: list[subprocess.Popen[str]]) -> set[float]:
        outputs = [process.communicate(timeout=300) for process in processes]
        assert all(process.returncode == 0 for process in processes), outputs[0][1]
        return {float(output) for output, _ in outputs}

    def test_processes_that_compile_at_once_agree_and_leave_a_cache(self, copy: Path, tmp_path: Path) -> None:
        results = self.results([self.start(copy, tmp_path) for _ in range(2)])
        assert len(results) == 1
        assert list(copy.glob("beamfusion/ops/__pycache__/*.nbc"))
        assert self.results([self.start(copy, tmp_path)]) == results

    def test_a_folder_that_cannot_be_written_costs_only_the_cache(self, copy: Path, tmp_path: Path) -> None:
        (copy / "beamfusion" / "ops" / "__pycache__").write_text("a file where the folder would be")
        home = tmp_path / "home"
        home.write_text("a file where the folder would be")
        assert len(self.results([self.start(copy, home)])) == 1
        assert not list(tmp_path.rglob("*.nbc"))
