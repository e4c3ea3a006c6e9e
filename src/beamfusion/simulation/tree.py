"""Write a tree of files in exactly the format of DeepSense 6G scenarios 31 to 34."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from beamfusion.settings import Simulation
from beamfusion.simulation.camera import photograph
from beamfusion.simulation.channel import crossings, received_power
from beamfusion.simulation.gps import fixes, to_degrees
from beamfusion.simulation.lidar import rays, sweep
from beamfusion.simulation.radar import cube
from beamfusion.simulation.site import SITES, Site
from beamfusion.simulation.traffic import Traffic, drive_by

FloatArray = NDArray[np.float64]

HISTORY = 5
FIXES = 2
NAN_SHARE = 0.009
"""Share of labels whose power vector holds a NaN: 101 of 11,243 in the recorded data."""
NAN_BEAMS = 3
PAUSE = (30, 200)
"""Frame numbers between two passes."""


@dataclass(frozen=True)
class Subset:
    """One of the data set's three CSVs."""

    number: int
    folder: str
    csv: str
    stride: int
    """Frames from one of a window's five to the next."""
    step: int
    """Frames from one window's start to the next one's."""
    labelled: bool


DEVELOPMENT = Subset(0, "Multi_Modal", "ml_challenge_dev_multi_modal.csv", 2, 1, labelled=True)
ADAPTATION = Subset(
    1, "Adaptation_dataset_multi_modal", "ml_challenge_data_adaptation_multi_modal.csv", 1, 1, labelled=True
)
TEST = Subset(2, "Multi_Modal_Test", "ml_challenge_test_multi_modal.csv", 2, 4, labelled=False)


def simulate(out: Path, settings: Simulation, *, progress: bool = False) -> None:
    """Write the whole tree to `out`, to the byte the same for the same settings."""
    plan = [
        (DEVELOPMENT, dict.fromkeys((32, 33, 34), settings.passes)),
        (ADAPTATION, {31: settings.adaptation_passes, 32: 1, 33: 1}),
        (TEST, dict.fromkeys(SITES, settings.test_passes)),
    ]
    total = sum(sum(passes.values()) for _, passes in plan)
    with tqdm(total=total, desc="passes", disable=None if progress else True) as bar:
        for subset, passes in plan:
            rows: list[dict[str, str | int]] = []
            for scenario, count in passes.items():
                for row in _scenario(out / subset.folder, subset, SITES[scenario], count, settings, bar):
                    rows.append({"index": len(rows) + 1, **row})
            with (out / subset.folder / subset.csv).open("w", newline="") as stream:
                writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)


def _scenario(
    folder: Path, subset: Subset, site: Site, passes: int, settings: Simulation, bar: tqdm[Any]
) -> Iterator[dict[str, str | int]]:
    """Yield the windows of one scenario, a row each, once their files are written."""
    unit1, unit2 = (Path(f"scenario{site.scenario}") / unit for unit in ("unit1", "unit2"))
    for kind in ("camera_data", "lidar_data", "radar_data", "mmWave_data", "GPS_data"):
        (folder / unit1 / kind).mkdir(parents=True, exist_ok=True)
    (folder / unit2 / "GPS_data").mkdir(parents=True, exist_ok=True)
    station = unit1 / "GPS_data" / "gps_location.txt"
    _write_lines(folder / station, to_degrees(site, np.zeros((1, 2)))[0])
    first = 1
    for number in range(passes):
        rng = np.random.default_rng([settings.seed, site.scenario, subset.number, number])
        traffic = drive_by(site, rng, settings.speed)
        power = _with_nans(received_power(site, traffic, rng), rng)
        labels = power if subset.labelled else None
        names = _write_pass(folder, unit1, unit2, first, site, traffic, labels, settings, rng)
        reach = (HISTORY - 1) * subset.stride
        for start in range(0, traffic.frames - reach, subset.step):
            chosen = [start + k * subset.stride for k in range(HISTORY)]
            last = chosen[-1]
            row: dict[str, str | int] = {
                f"unit1_{kind}_{k + 1}": f"./{names[kind][frame]}"
                for kind in ("rgb", "lidar", "radar")
                for k, frame in enumerate(chosen)
            }
            row["unit1_loc"] = f"./{station}"
            row |= {f"unit2_loc_{k + 1}": f"./{names['gps'][chosen[k]]}" for k in range(FIXES)}
            if subset.labelled:
                row["unit1_pwr_60ghz"] = f"./{names['power'][last]}"
                row["unit1_beam"] = int(np.argmax(power[last])) + 1
            yield row
        first += traffic.frames + int(rng.integers(*PAUSE))
        bar.update()


def _write_pass(
    folder: Path,
    unit1: Path,
    unit2: Path,
    first: int,
    site: Site,
    traffic: Traffic,
    power: FloatArray | None,
    settings: Simulation,
    rng: np.random.Generator,
) -> dict[str, list[str]]:
    """Write every frame's files, of `power` if it is given; their names relative to `folder`, by kind."""
    positions = fixes(site, traffic, rng)
    directions = rays(settings.lidar_points)
    hidden = np.any(crossings(traffic), axis=1)
    names: dict[str, list[str]] = {kind: [] for kind in ("rgb", "lidar", "radar", "gps", "power")}
    for frame in range(traffic.frames):
        number = first + frame
        paths = {
            "rgb": unit1 / "camera_data" / f"image_{number}.jpg",
            "lidar": unit1 / "lidar_data" / f"lidar_data_{number}.ply",
            "radar": unit1 / "radar_data" / f"radar_data_{number}.npy",
            "gps": unit2 / "GPS_data" / f"GPS_location_{number}.txt",
            "power": unit1 / "mmWave_data" / f"mmWave_power_{number}.txt",
        }
        for kind, path in paths.items():
            names[kind].append(path.as_posix())
        picture = photograph(site, traffic, frame, settings.image_size, rng)
        Image.fromarray(picture).save(folder / paths["rgb"], quality=90)
        _write_ply(folder / paths["lidar"], *sweep(site, traffic, frame, directions, rng))
        signal = cube(
            site,
            traffic,
            frame,
            settings.radar_samples,
            settings.radar_chirps,
            rng,
            hidden=bool(hidden[frame]),
        )
        np.save(folder / paths["radar"], signal)
        _write_lines(folder / paths["gps"], positions[frame])
        if power is not None:
            _write_lines(folder / paths["power"], power[frame])
    return names


def _with_nans(power: FloatArray, rng: np.random.Generator) -> FloatArray:
    for frame in np.flatnonzero(rng.random(len(power)) < NAN_SHARE):
        power[frame, rng.integers(0, power.shape[1], NAN_BEAMS)] = np.nan
    return power


def _write_lines(path: Path, values: FloatArray) -> None:
    path.write_text("".join(f"{value:.10f}\n" for value in values.tolist()))


PLY_HEADER = """ply
format ascii 1.0
element vertex {count}
property double x
property double y
property double z
property ushort intensity
end_header
"""


def _write_ply(path: Path, points: FloatArray, intensity: NDArray[np.uint16]) -> None:
    values = np.concatenate([points, intensity[:, None]], axis=1).ravel().tolist()
    lines = ("%.4f %.4f %.4f %d\n" * len(points)) % tuple(values)
    path.write_text(PLY_HEADER.format(count=len(points)) + lines)
