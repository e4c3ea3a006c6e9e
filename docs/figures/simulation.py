"""Draw the pictures of docs/simulation.md, and print the numbers that it quotes.

    python docs/figures/simulation.py [--out docs/images] [--measured FOLDER]

FOLDER holds the power vectors of DeepSense 6G scenarios 1 to 9, scenario<s>_unit1_pwr_60ghz_1-<N>.npy, as in
the repository jmoraispk/Position-Beam-Prediction (Gathered_data_DEV, CC BY-NC-SA 4.0). Only the median shape
of their beams is drawn. Without it, the picture of beam shapes shows the simulated ones alone.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image

from beamfusion.data.frames import LIDAR_AREAS, lidar_grid, radar_maps
from beamfusion.settings import Simulation
from beamfusion.simulation.camera import photograph
from beamfusion.simulation.channel import crossings, received_power
from beamfusion.simulation.gps import fixes, to_degrees
from beamfusion.simulation.lidar import rays, sweep
from beamfusion.simulation.radar import cube
from beamfusion.simulation.site import SITES, Site
from beamfusion.simulation.traffic import Traffic, drive_by

FloatArray = NDArray[np.float64]

PASSES = 40
"""Of each site, for the aggregates."""
REACH = 20
"""Beams to either side of the best one."""
STALE = 8
"""Frames from the first fix of a window to its label."""


def excess(powers: FloatArray) -> FloatArray:
    """Return the median power about the best beam (2 REACH + 1,), over the floor and relative to the best."""
    floor = np.percentile(powers, 10, axis=1, keepdims=True)
    relative = (powers - floor) / (powers.max(axis=1, keepdims=True) - floor)
    best = powers.argmax(axis=1)
    spread = 10 * np.log10(powers.max(axis=1) / powers.min(axis=1))
    rows = np.flatnonzero((spread > 2.6) & (best >= REACH) & (best < powers.shape[1] - REACH))
    return np.median([relative[row, best[row] - REACH : best[row] + REACH + 1] for row in rows], axis=0)


def half_width(shape: FloatArray) -> float:
    """Return the beams between the half-power points of a shape from `excess`."""
    right, left = shape[REACH:], shape[REACH::-1]
    return sum(float(np.interp(-0.5, -side, np.arange(REACH + 1))) for side in (left, right))


def flatness(powers: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the spread, best to worst beam, and the margin, first to second, in dB."""
    decibels = np.sort(10 * np.log10(powers), axis=1)
    return decibels[:, -1] - decibels[:, 0], decibels[:, -1] - decibels[:, -2]


def simulated(site: Site) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Simulate powers (N, 64), azimuths (N,) in degrees and whether the line of sight is blocked (N,)."""
    powers, azimuths, blocked = [], [], []
    for number in range(PASSES):
        rng = np.random.default_rng([1, site.scenario, number])
        traffic = drive_by(site, rng, Simulation().speed)
        powers.append(received_power(site, traffic, rng))
        azimuths.append(np.degrees(traffic.angle))
        blocked.append(crossings(traffic).any(axis=1))
    return np.concatenate(powers), np.concatenate(azimuths), np.concatenate(blocked)


def draw_frame(site: Site, frame: int, seed: int, path: Path) -> None:
    """Draw one frame in every modality, in the data set's own sizes."""
    full = Simulation(**Simulation.FULL_SIZE)
    rng = np.random.default_rng([seed, site.scenario])
    traffic = drive_by(site, rng, Simulation().speed)
    power = received_power(site, traffic, rng)[frame]
    figure, axes = plt.subplot_mosaic(
        [["camera", "camera", "plan"], ["lidar", "angle", "speed"], ["power", "power", "power"]],
        figsize=(11, 10.2), height_ratios=[1.15, 1, 0.75], layout="constrained",
    )  # fmt: skip
    picture = Image.fromarray(photograph(site, traffic, frame, full.image_size, rng))
    axes["camera"].imshow(picture.resize((640, 360)))
    axes["camera"].set_title("camera")
    axes["camera"].axis("off")
    draw_plan(axes["plan"], site, traffic, frame, rng)

    points, _ = sweep(site, traffic, frame, rays(full.lidar_points), rng)
    (x_low, x_high), (y_low, y_high) = LIDAR_AREAS[site.scenario]
    axes["lidar"].imshow(
        lidar_grid(points, site.scenario, 256),
        extent=(y_low, y_high, x_high, x_low),
        aspect="auto",
        cmap="magma",
    )
    axes["lidar"].set(
        title=f"LiDAR, {len(points)} points in the published grid", xlabel="y in m", ylabel="x in m"
    )

    signal = cube(site, traffic, frame, full.radar_samples, full.radar_chirps, rng, hidden=False)
    titles = {"angle": "radar range-angle", "speed": "radar range-velocity"}
    for (name, title), map_ in zip(titles.items(), radar_maps(signal, 256), strict=True):
        axes[name].imshow(map_[:200] ** 0.5, aspect="auto", origin="lower", cmap="viridis")
        axes[name].set(title=title, xlabel="bin (unshifted)", ylabel="range bin")

    axes["power"].bar(np.arange(1, 65), 10 * np.log10(power / power.min()), color="tab:blue")
    axes["power"].set(
        title=f"power over the weakest beam, best is {power.argmax() + 1}", xlabel="beam", ylabel="dB"
    )
    figure.suptitle(f"scenario {site.scenario}, {'night' if site.night else 'day'}: one frame")
    save(figure, path)


def draw_plan(ax: Axes, site: Site, traffic: Traffic, frame: int, rng: np.random.Generator) -> None:
    """Draw the scene from above, the car's way, and the two fixes of a window that ends here."""
    for vehicle, (length, width, _) in enumerate(traffic.size):
        ahead = traffic.heading[vehicle]
        side = np.array([-ahead[1], ahead[0]])
        corners = [
            traffic.position[frame, vehicle] + a * ahead * length / 2 + b * side * width / 2
            for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))
        ]
        forward, left = np.transpose(corners)
        ax.fill(-left, forward, color="tab:red" if vehicle == 0 else "0.6")
    forward, left = traffic.position[:, 0].T
    ax.plot(-left, forward, color="tab:red", lw=0.8, label="the car's way")
    origin = to_degrees(site, np.zeros((1, 2)))[0]
    metres_a_degree = 110_922 * np.array([1.0, np.cos(np.radians(origin[0]))])
    north, east = ((fixes(site, traffic, rng) - origin) * metres_a_degree).T
    turn = np.radians(site.boresight)
    reported = east * np.cos(turn) + north * np.sin(turn), north * np.cos(turn) - east * np.sin(turn)
    ages = [frame - STALE, frame - STALE + 2]
    ax.plot(-reported[1][ages], reported[0][ages], "kx", label="its two fixes")
    ax.plot(0, 0, "b^", label="base station")
    ax.set(title="from above", xlabel="m to the right", ylabel="m forward", xlim=(-60, 60), ylim=(-3, 80))
    ax.set_aspect("equal")
    ax.legend(fontsize=7, loc="upper right")


def draw_beams(by_scenario: dict[int, tuple[FloatArray, FloatArray, NDArray[np.bool_]]], path: Path) -> None:
    figure, axes = plt.subplots(1, 4, figsize=(11, 3.2), sharey=True, layout="constrained")
    for ax, (scenario, (powers, azimuths, blocked)) in zip(axes, by_scenario.items(), strict=True):
        best = powers.argmax(axis=1) + 1
        ax.scatter(azimuths[~blocked], best[~blocked], s=3, color="tab:blue", label="line of sight")
        ax.scatter(azimuths[blocked], best[blocked], s=4, color="tab:orange", label="blocked")
        ax.set(title=f"scenario {scenario}", xlabel="azimuth in degrees, left positive")
    axes[0].set_ylabel("best beam")
    axes[0].legend(fontsize=7, loc="upper left", markerscale=3)
    save(figure, path)


def draw_shapes(shapes: dict[str, FloatArray], measured: dict[str, FloatArray], path: Path) -> None:
    figure, ax = plt.subplots(figsize=(8.5, 3.4), layout="constrained")
    offsets = np.arange(-REACH, REACH + 1)
    for shape in measured.values():
        ax.plot(offsets, shape, color="0.7", lw=1)
    if measured:
        label = "measured, DeepSense 6G scenarios 1 to 9 (Morais et al., 2023)"
        ax.plot(offsets, np.mean(list(measured.values()), axis=0), color="k", lw=2, label=label)
    for name, shape in shapes.items():
        ax.plot(offsets, shape, lw=1.3, label=name)
    ax.set(xlabel="beams from the best one", ylabel="excess over the floor")
    figure.legend(fontsize=7, loc="outside lower center", ncols=3)
    save(figure, path)


def save(figure: plt.Figure, path: Path) -> None:
    figure.savefig(path, dpi=80)
    plt.close(figure)
    Image.open(path).convert("P", palette=Image.Palette.ADAPTIVE).save(path, optimize=True)


def report(name: str, powers: FloatArray, shape: FloatArray) -> None:
    spread, margin = flatness(powers)
    low, median, high = np.percentile(spread, [25, 50, 75])
    print(
        f"{name}: {len(powers)} frames, spread {median:.2f} dB (quartiles {low:.2f}, {high:.2f}), "
        f"margin {np.median(margin):.3f} dB, lobe {half_width(shape):.1f} beams"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "images")
    parser.add_argument("--measured", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    by_scenario = {scenario: simulated(site) for scenario, site in SITES.items()}
    shapes = {
        f"simulated, scenario {scenario}": excess(powers) for scenario, (powers, *_) in by_scenario.items()
    }
    for (scenario, (powers, _, blocked)), shape in zip(by_scenario.items(), shapes.values(), strict=True):
        report(f"simulated {scenario} (blocked {blocked.mean():.1%})", powers, shape)
    pooled = np.concatenate([powers for powers, *_ in by_scenario.values()])
    report("simulated, all", pooled, excess(pooled))
    measured = {}
    for file in sorted(options.measured.glob("scenario*_pwr_60ghz_*.npy")) if options.measured else []:
        powers = np.load(file, allow_pickle=False)
        measured[file.name.partition("_")[0]] = excess(powers)
        report(file.name.partition("_")[0], powers, measured[file.name.partition("_")[0]])

    draw_frame(SITES[31], 20, 3, options.out / "frame-day.png")
    draw_frame(SITES[34], 14, 3, options.out / "frame-night.png")
    draw_beams(by_scenario, options.out / "beam-angle.png")
    draw_shapes(shapes, measured, options.out / "beam-shape.png")


if __name__ == "__main__":
    main()
