"""Writes a tiny data set in the published form, by hand: what the readers are held against."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

FOLDERS = {
    "development": ("Multi_Modal", "ml_challenge_dev_multi_modal.csv", 2),
    "adaptation": ("Adaptation_dataset_multi_modal", "ml_challenge_data_adaptation_multi_modal.csv", 1),
    "test": ("Multi_Modal_Test", "ml_challenge_test_multi_modal.csv", 2),
}
COLUMNS = [
    "index",
    *(f"unit1_{kind}_{frame}" for kind in ("rgb", "lidar", "radar") for frame in range(1, 6)),
    *("unit1_loc", "unit2_loc_1", "unit2_loc_2", "unit1_pwr_60ghz", "unit1_beam"),
]
BASE = (33.4213, -111.9291)
IMAGE_SIZE = (24, 16)
CUBE = (4, 16, 8)


@dataclass
class TreeWriter:
    """Passes are added one by one; `finish` writes the CSV files."""

    root: Path
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add_pass(self, subset: str, scenario: int, first: int, frames: int) -> None:
        """Add frames from number `first` on in the subset's stride; a window ends at each from the fifth."""
        folder, _, stride = FOLDERS[subset]
        numbers = [first + stride * step for step in range(frames)]
        unit = self.root / folder / f"scenario{scenario}"
        for number in numbers:
            self._write_frame(unit, number)
        write_text(unit / "unit1/GPS_data/gps_location.txt", f"{BASE[0]}\n{BASE[1]}\n")
        for end in range(5, frames + 1):
            self._add_row(subset, scenario, numbers[end - 5 : end])

    def _add_row(self, subset: str, scenario: int, window: list[int]) -> None:
        rows = self.rows.setdefault(subset, [])
        here = f"./scenario{scenario}"
        row: dict[str, Any] = {"index": len(rows) + 1}
        for step, number in enumerate(window, start=1):
            row[f"unit1_rgb_{step}"] = f"{here}/unit1/camera_data/image_{number}.jpg"
            row[f"unit1_lidar_{step}"] = f"{here}/unit1/lidar_data/lidar_data_{number}.ply"
            row[f"unit1_radar_{step}"] = f"{here}/unit1/radar_data/radar_data_{number}.npy"
        row["unit1_loc"] = f"{here}/unit1/GPS_data/gps_location.txt"
        row["unit2_loc_1"] = f"{here}/unit2/GPS_data/GPS_location_{window[0]}.txt"
        row["unit2_loc_2"] = f"{here}/unit2/GPS_data/GPS_location_{window[1]}.txt"
        if subset != "test":
            row["unit1_pwr_60ghz"] = f"{here}/unit1/mmWave_data/mmWave_power_{window[-1]}.txt"
            row["unit1_beam"] = beam_of(window[-1])
        rows.append(row)

    def _write_frame(self, unit: Path, number: int) -> None:
        random = np.random.default_rng([int(unit.name[-2:]), number])
        pixels = random.integers(0, 256, (*IMAGE_SIZE[::-1], 3), np.uint8)
        image = unit / f"unit1/camera_data/image_{number}.jpg"
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(image, quality=90)
        points = random.uniform((-60, -30, -3), (0, 10, 3), (30, 3))
        write_ply(unit / f"unit1/lidar_data/lidar_data_{number}.ply", points)
        cube = random.normal(size=CUBE) + 1j * random.normal(size=CUBE)
        radar = unit / f"unit1/radar_data/radar_data_{number}.npy"
        radar.parent.mkdir(parents=True, exist_ok=True)
        np.save(radar, cube.astype(np.complex64))
        east = 1e-5 * number
        write_text(unit / f"unit2/GPS_data/GPS_location_{number}.txt", f"{BASE[0]}\n{BASE[1] + east:.8f}\n")
        power = 1 / (1 + abs(np.arange(1, 65) - beam_of(number)))
        write_text(
            unit / f"unit1/mmWave_data/mmWave_power_{number}.txt",
            "".join(f"{value:.6f}\n" for value in power),
        )

    def finish(self) -> Path:
        for subset, rows in self.rows.items():
            folder, name, _ = FOLDERS[subset]
            columns = [column for column in COLUMNS if column in rows[0]]
            with (self.root / folder / name).open("w", newline="") as stream:
                writer = csv.DictWriter(stream, columns)
                writer.writeheader()
                writer.writerows(rows)
        return self.root


def beam_of(number: int) -> int:
    """Return the beam, from 1, that the power of a frame peaks at."""
    return number % 64 + 1


def csv_path(root: Path, subset: str = "development") -> Path:
    return root / FOLDERS[subset][0] / FOLDERS[subset][1]


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_ply(path: Path, points: Any) -> None:
    header = (
        f"ply\nformat ascii 1.0\nelement vertex {len(points)}\nproperty double x\nproperty double y\n"
        "property double z\nproperty ushort intensity\nend_header\n"
    )
    write_text(path, header + "".join(f"{x:.6f} {y:.6f} {z:.6f} 7\n" for x, y, z in points))


def write_small_tree(root: Path) -> Path:
    """Write two windows of scenario 32: frames 10 to 20."""
    writer = TreeWriter(root)
    writer.add_pass("development", 32, 10, 6)
    return writer.finish()


def write_whole_tree(root: Path) -> Path:
    """Write every subset and scenario; three passes of three windows where labelled, but one in 32."""
    writer = TreeWriter(root)
    for scenario in (32, 33, 34):
        for first in (100, 140, 300):
            writer.add_pass("development", scenario, first, 7)
    for first in (5, 50, 90):
        writer.add_pass("adaptation", 31, first, 7)
    writer.add_pass("adaptation", 32, 700, 7)
    for scenario in (31, 32, 33, 34):
        writer.add_pass("test", scenario, 900, 6)
    return writer.finish()
