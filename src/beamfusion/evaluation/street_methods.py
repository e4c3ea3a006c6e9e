"""What the GPS fixes alone, and the true place alone, make of the beams: no frames and no large network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from beamfusion.data.frames import lidar_area
from beamfusion.evaluation.metrics import RANKS, dba
from beamfusion.models.baselines.gps_least_squares import GpsLeastSquares
from beamfusion.models.beam_predictor import Filler
from beamfusion.settings import BEAMS, Model
from beamfusion.simulation.camera import HORIZONTAL_VIEW
from beamfusion.simulation.channel import codebook, steering
from beamfusion.simulation.radar import ANTENNAS

FloatArray = NDArray[np.float64]
Fixes = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Encoded fixes (N,2,2) and zero-based beams (N,)."""

UNITS = 128
EPOCHS = 30
BATCH = 256
RATE = 3e-3
SIGMA = 2.0
"""Beams by which the perceptron's targets are spread, as the demo's networks have it."""
PIXELS = CELLS = 48
"""Of the demo's prepared pictures and LiDAR grids, along a side."""


def least_squares(given: Sequence[Fixes], asked: Mapping[int, Fixes]) -> dict[int, float]:
    """Fit the baseline to all of `given`; its DBA on each scenario."""
    model = GpsLeastSquares(Model(kind="gps_least_squares", modalities=("gps",)), history=5)
    gps, beam = _tensors(given)
    model.fit(gps, beam)
    return {
        scenario: _score(model.compute({"gps": torch.as_tensor(fixes)}, Filler(), {}), truth)
        for scenario, (fixes, truth) in asked.items()
    }


def perceptron(given: Sequence[Fixes], asked: Mapping[int, Fixes], seed: int) -> dict[int, float]:
    """Train two layers of 128 units on range and angle of both fixes; the DBA on each scenario."""
    torch.manual_seed(seed)
    gps, beam = _tensors(given)
    network = nn.Sequential(
        nn.Flatten(),
        nn.Linear(4, UNITS),
        nn.ReLU(),
        nn.Linear(UNITS, UNITS),
        nn.ReLU(),
        nn.Linear(UNITS, BEAMS),
    )
    apart = (torch.arange(BEAMS) - beam[:, None]) / SIGMA
    target = torch.softmax(-(apart**2) / 2, dim=1)
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    steps = EPOCHS * (len(gps) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(EPOCHS):
        for rows in torch.split(torch.randperm(len(gps)), BATCH):
            loss = nn.functional.cross_entropy(network(gps[rows]), target[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    with torch.no_grad():
        return {
            scenario: _score(network(torch.as_tensor(fixes)), truth)
            for scenario, (fixes, truth) in asked.items()
        }


def _tensors(parts: Sequence[Fixes]) -> tuple[Tensor, Tensor]:
    gps, beam = (np.concatenate(part) for part in zip(*parts, strict=True))
    return torch.as_tensor(gps), torch.as_tensor(beam)


def _score(logits: Tensor, truth: NDArray[np.int64]) -> float:
    return dba(logits.topk(RANKS).indices.numpy(), truth)


def ceilings(place: FloatArray, beam: NDArray[np.int64], scenario: int) -> dict[str, float]:
    """Return the DBA where the car's place (N,2) is known, of its beams (N,), by how well it is known.

    The beams are then ranked by their gain towards it. A sensor knows which echo is the car, to its own
    resolution in the demo's frames: a column of the picture, a cell of the LiDAR's grid, or what four
    antennas tell apart. Where the grid does not reach, the LiDAR knows the nearest cell.
    """
    azimuth = np.arctan2(place[:, 1], place[:, 0])
    column = np.tan(HORIZONTAL_VIEW / 2) * 2 / PIXELS
    forward, right = (
        _middles(values, *area)
        for values, area in zip((-place[:, 0], -place[:, 1]), lidar_area(scenario), strict=True)
    )
    bin_width = 2 / ANTENNAS
    known = {
        "the true azimuth": azimuth,
        "the car's column in the picture": np.arctan((np.floor(np.tan(azimuth) / column) + 0.5) * column),
        "the car's cell in the LiDAR's grid": np.arctan2(-right, -forward),
        "the car's angle by the radar's four antennas": np.arcsin(
            np.round(np.sin(azimuth) / bin_width) * bin_width
        ),
    }
    return {name: _ranked(angles, beam) for name, angles in known.items()}


def _middles(values: FloatArray, low: float, high: float) -> FloatArray:
    """Return the middles of the grid's cells that values lie in or nearest to."""
    width = (high - low) / CELLS
    cells = np.clip(np.floor((values - low) / width), 0, CELLS - 1)
    return low + (cells + 0.5) * width


def _ranked(azimuth: FloatArray, beam: NDArray[np.int64]) -> float:
    """Return the DBA of the beams with the highest gain towards azimuths (N,)."""
    gain = np.abs(steering(azimuth) @ codebook().T)
    return dba(np.argsort(-gain, axis=1, kind="stable")[:, :RANKS], beam)
