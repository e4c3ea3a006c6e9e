"""The published network in plain tensor arithmetic, from a checkpoint's tensors: an oracle of our own.

Written from the network's description alone; it shares no code with `beamfusion.models`.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

MODALITIES = ("image", "lidar", "radar")
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


class AuthorNetwork:
    """`weights` by their published names; sizes other than the grid are read off them."""

    def __init__(self, weights: Mapping[str, Tensor], *, grid: int, heads: int, swaps: bool, horizon: int):
        self.weights = {name: x.double() for name, x in weights.items() if x.is_floating_point()}
        self.grid, self.heads, self.swaps, self.horizon = grid, heads, swaps, horizon
        self.kind = "transformer" if "encoder.transformer1.pos_emb" in weights else "mambafusion"

    def __call__(self, image: Tensor, lidar: Tensor, radar: Tensor, gps: Tensor) -> Tensor:
        batch, frames = image.shape[:2]
        mean, std = torch.tensor(MEAN).double(), torch.tensor(STD).double()
        given = {"image": (image.double() / 255 - mean[:, None, None]) / std[:, None, None]}
        given |= {"lidar": lidar.double(), "radar": radar.double()}
        maps = {m: self.stem(m, x.reshape(-1, *x.shape[2:])) for m, x in given.items()}
        fixes = gps.double()
        for stage in (1, 2, 3, 4):
            maps = {m: self.layer(f"{self.encoder(m)}.layer{stage}", x) for m, x in maps.items()}
            fixes = self.linear(f"encoder.vel_emb{stage}", fixes)
            mixed, fixes = self.fuse(f"encoder.{self.kind}{stage}", maps, fixes, batch, frames)
            maps = {m: x + mixed[m] for m, x in maps.items()}
        vectors = [maps[m].mean((2, 3)).reshape(batch, frames, -1) for m in MODALITIES]
        z = self.over_time(vectors, fixes)
        z = self.linear("join.4", self.linear("join.2", self.linear("join.0", z).relu()).relu())
        return z if "decoder.weight_ih" not in self.weights else self.forecast(z)

    def linear(self, name: str, x: Tensor) -> Tensor:
        y = x @ self.weights[f"{name}.weight"].T
        return y + self.weights[f"{name}.bias"] if f"{name}.bias" in self.weights else y

    def layer_norm(self, name: str, x: Tensor) -> Tensor:
        weight = self.weights[f"{name}.weight"]
        axes = tuple(range(-weight.ndim, 0))
        centred = x - x.mean(axes, keepdim=True)
        scaled = centred / (centred.square().mean(axes, keepdim=True) + 1e-5).sqrt()
        return scaled * weight + self.weights[f"{name}.bias"]

    def encoder(self, modality: str) -> str:
        return f"encoder.{modality}_encoder.{'features' if modality == 'image' else '_model'}"

    def convolve(self, conv: str, norm: str, x: Tensor, stride: int) -> Tensor:
        weight = self.weights[f"{conv}.weight"]
        y = F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)
        mean, variance, scale, shift = (
            self.weights[f"{norm}.{part}"][:, None, None]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (y - mean) / (variance + 1e-5).sqrt() * scale + shift

    def stem(self, modality: str, x: Tensor) -> Tensor:
        name = self.encoder(modality)
        return F.max_pool2d(self.convolve(f"{name}.conv1", f"{name}.bn1", x, 2).relu(), 3, 2, 1)

    def layer(self, name: str, x: Tensor) -> Tensor:
        block = 0
        while f"{name}.{block}.conv1.weight" in self.weights:
            here = f"{name}.{block}"
            shrinks = f"{here}.downsample.0.weight" in self.weights
            stride = 2 if shrinks else 1
            y = self.convolve(f"{here}.conv1", f"{here}.bn1", x, stride).relu()
            y = self.convolve(f"{here}.conv2", f"{here}.bn2", y, 1)
            if shrinks:
                x = self.convolve(f"{here}.downsample.0", f"{here}.downsample.1", x, 2)
            x, block = (x + y).relu(), block + 1
        return x

    def fuse(
        self, name: str, maps: dict[str, Tensor], fixes: Tensor, batch: int, frames: int
    ) -> tuple[dict[str, Tensor], Tensor]:
        grid, channels = self.grid, fixes.shape[-1]
        cell = maps["image"].shape[-1] // grid
        pooled = {m: x.reshape(-1, channels, grid, cell, grid, cell).mean((3, 5)) for m, x in maps.items()}
        if self.swaps:
            a, b = channels // 3, 2 * (channels // 3)
            i, li, r = (pooled[m] for m in MODALITIES)
            pooled = {
                "image": torch.cat([i[:, :a], li[:, a:b], r[:, b:]], 1),
                "lidar": torch.cat([li[:, :a], r[:, a:b], i[:, b:]], 1),
                "radar": torch.cat([r[:, :a], i[:, a:b], li[:, b:]], 1),
            }
        rows = [pooled[m].permute(0, 2, 3, 1).reshape(batch, -1, channels) for m in MODALITIES]
        x = torch.cat([*rows, fixes], 1) + self.weights[f"{name}.pos_emb"]
        block = 0
        while any(key.startswith(f"{name}.{part}.{block}.") for part in PARTS for key in self.weights):
            x = self.attend(f"{name}.blocks.{block}", x) if self.kind == "transformer" else (
                self.scan_both_ways(f"{name}.mambablocks.{block}", x)
            )  # fmt: skip
            block += 1
        x = self.layer_norm(f"{name}.ln_f", x)
        n = frames * grid * grid
        mixed = {}
        for k, m in enumerate(MODALITIES):
            part = x[:, k * n : (k + 1) * n].reshape(batch * frames, grid, grid, channels).permute(0, 3, 1, 2)
            mixed[m] = F.interpolate(part, scale_factor=cell, mode="bilinear", align_corners=False)
        return mixed, x[:, 3 * n :]

    def attend(self, name: str, x: Tensor) -> Tensor:
        h = self.layer_norm(f"{name}.ln1", x)
        query, key, value = (
            self.linear(f"{name}.attn.{part}", h).reshape(*h.shape[:2], self.heads, -1).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        weights = (query @ key.transpose(2, 3) / query.shape[-1] ** 0.5).softmax(-1)
        x = x + self.linear(f"{name}.attn.proj", (weights @ value).transpose(1, 2).reshape(h.shape))
        h = self.linear(f"{name}.mlp.0", self.layer_norm(f"{name}.ln2", x)).relu()
        return x + self.linear(f"{name}.mlp.2", h)

    def scan_both_ways(self, name: str, x: Tensor) -> Tensor:
        h = self.linear(f"{name}.fc1", self.layer_norm(f"{name}.ln1", x))
        forward, reverse = self.mamba(f"{name}.forward_mamba", h), h.flip(1)
        backward = self.mamba(f"{name}.backward_mamba", reverse)
        gate = F.leaky_relu(self.linear(f"{name}.fc2", reverse), 0.2)
        return backward * gate + forward * backward

    def mamba(self, name: str, x: Tensor) -> Tensor:
        u, z = self.linear(f"{name}.in_proj", x).chunk(2, -1)
        taps = self.weights[f"{name}.conv1d.weight"][:, 0]
        padded = F.pad(u, (0, 0, taps.shape[1] - 1, 0))
        u = sum(padded[:, k : k + u.shape[1]] * taps[:, k] for k in range(taps.shape[1]))
        u = F.silu(u + self.weights[f"{name}.conv1d.bias"])
        a = -self.weights[f"{name}.A_log"].exp()
        states = a.shape[1]
        rank = self.weights[f"{name}.dt_proj.weight"].shape[1]
        step, b, c = self.linear(f"{name}.x_proj", u).split([rank, states, states], -1)
        step = F.softplus(self.linear(f"{name}.dt_proj", step))
        h, steps = torch.zeros_like(u[:, 0, :, None] * a), []
        for t in range(u.shape[1]):
            h = (step[:, t, :, None] * a).exp() * h + (step[:, t] * u[:, t])[..., None] * b[:, t, None]
            steps.append((h * c[:, t, None]).sum(-1))
        y = torch.stack(steps, 1) + u * self.weights[f"{name}.D"]
        return self.linear(f"{name}.out_proj", y * F.silu(z))

    def over_time(self, vectors: list[Tensor], fixes: Tensor) -> Tensor:
        name = "encoder.time_mamba"
        if f"{name}.mlp.0.weight" in self.weights:
            mixed = [self.weigh(f"{name}.mlp.0", self.mamba(f"{name}.mamba", x)) for x in vectors]
            return sum(mixed) + self.weigh(f"{name}.mlp_gps.0", fixes)
        if f"{name}.D" in self.weights:
            vectors = [self.mamba(name, x) for x in vectors]
        return torch.cat([*vectors, fixes], 1).sum(1)

    def weigh(self, name: str, x: Tensor) -> Tensor:
        weights = self.linear(name, x.max(-1).values + x.mean(-1)).softmax(-1)
        return (weights[..., None] * x).sum(1)

    def forecast(self, z: Tensor) -> Tensor:
        x, steps = torch.zeros_like(z), []
        for _ in range(self.horizon):
            given = x @ self.weights["decoder.weight_ih"].T + self.weights["decoder.bias_ih"]
            recurrent = z @ self.weights["decoder.weight_hh"].T + self.weights["decoder.bias_hh"]
            (reset, update, new), (reset2, update2, new2) = given.chunk(3, 1), recurrent.chunk(3, 1)
            update = (update + update2).sigmoid()
            z = (1 - update) * (new + (reset + reset2).sigmoid() * new2).tanh() + update * z
            x = x + self.linear("output", z)
            steps.append(x)
        return torch.stack(steps, 1)


PARTS = ("blocks", "mambablocks")
