"""Write a tree of files in exactly the format of DeepSense 6G scenarios 31 to 34."""

from __future__ import annotations

import csv
import functools
import io
import json
import shutil
from collections.abc import Iterable, Mapping
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
from beamfusion.simulation.plan import FRAMES, HISTORY, POSITION, POWER, SUBSETS, Pass, plan
from beamfusion.simulation.radar import cube
from beamfusion.simulation.traffic import Traffic
from beamfusion.simulation.truth import TRUTH, truth
from jobkit.digest import digest
from jobkit.files import read_json, write_json, write_text
from jobkit.source import Source, source_digests
from jobkit.workers import workers

FloatArray = NDArray[np.float64]
Row = dict[str, str | int]

FIXES = 2
NAN_SHARE = 0.009
"""Share of labels whose power vector holds a NaN: 101 of 11,243 in the recorded data."""
NAN_BEAMS = 3
UNFINISHED = ".passes"
"""Folder in an unfinished tree: `key.json`, and a file for each pass that is there whole."""


def simulate(out: Path, settings: Simulation, *, processes: int = 1, progress: bool = False) -> None:
    """Write the whole tree to `out`, to the byte the same for the same settings, however many processes.

    An interrupted run resumes after the passes that it finished; what else lies in `out` is removed.
    """
    passes = plan(settings)
    finished = out / UNFINISHED
    if not _can_go_on(finished, settings):
        shutil.rmtree(out, ignore_errors=True)
        write_json(finished / "key.json", _key(settings))
    _make_folders(out, passes)
    write = functools.partial(_finish_pass, out, settings)
    with (
        workers(processes) as pool,
        tqdm(total=len(passes), desc="passes", disable=None if progress else True) as bar,
    ):
        written = []
        for content in pool.map(write, passes):
            written.append(content)
            bar.update()
    for subset in SUBSETS:
        rows = [
            row
            for one, content in zip(passes, written, strict=True)
            if one.subset == subset
            for row in content["rows"]
        ]
        numbered = [{"index": number, **row} for number, row in enumerate(rows, start=1)]
        _write_csv(out / subset.folder / subset.csv, numbered)
    if settings.truth:
        _write_csv(out / TRUTH, [row for content in written for row in content["truth"]])
    shutil.rmtree(finished)


def _key(settings: Simulation) -> str:
    """Digest what the bytes are made from."""
    source = source_digests(Source((__name__,), besides=("beamfusion.settings",)))
    return digest([settings.model_dump(mode="json"), source])


def _can_go_on(finished: Path, settings: Simulation) -> bool:
    key = finished / "key.json"
    return key.exists() and read_json(key) == _key(settings)


def _make_folders(out: Path, passes: Iterable[Pass]) -> None:
    """Make each scenario's folders, with the file that says where its base station stands."""
    for one in {(one.subset.number, one.scenario): one for one in passes}.values():
        folder = out / one.subset.folder
        for kind in ("camera_data", "lidar_data", "radar_data", "mmWave_data", "GPS_data"):
            (folder / _unit(one, 1) / kind).mkdir(parents=True, exist_ok=True)
        (folder / _unit(one, 2) / "GPS_data").mkdir(parents=True, exist_ok=True)
        _write_lines(folder / _station(one), to_degrees(one.site, np.zeros((1, 2)))[0])


def _unit(one: Pass, number: int) -> Path:
    return Path(f"scenario{one.scenario}") / f"unit{number}"


def _station(one: Pass) -> Path:
    return _unit(one, 1) / "GPS_data" / "gps_location.txt"


def _finish_pass(out: Path, settings: Simulation, one: Pass) -> dict[str, Any]:
    """Write a pass's files, unless they are there; its rows of the CSV and of the ground truth.

    The file that says that they are there is written last. It holds their sizes, since after a power failure
    it may be on the disk without them.
    """
    done = out / UNFINISHED / f"{one.name}.json"
    if done.exists():
        content: dict[str, Any] = json.loads(done.read_bytes())
        if all(_size(out / name) == size for name, size in content["sizes"].items()):
            return content
    content = _write_pass(out, settings, one)
    write_json(done, content)
    return content


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1


def _write_pass(out: Path, settings: Simulation, one: Pass) -> dict[str, Any]:
    """Write the files of every frame that a window names."""
    traffic = one.drive(settings)
    stream = one.random(settings, POWER)
    power = with_nans(received_power(one.site, traffic, stream), stream)
    positions = fixes(one.site, traffic, one.random(settings, POSITION), settings.gps_bias)
    windows = one.starts(settings, traffic.frames)[:, None] + one.subset.stride * np.arange(HISTORY)
    folder = out / one.subset.folder
    sizes: dict[str, int] = {}
    hidden = np.any(crossings(traffic), axis=1)
    directions = rays(settings.lidar_points)
    for frame in np.unique(windows).tolist():
        names = _names(one, frame)
        _write_scene(folder, names, one, traffic, settings, frame, directions, hidden=bool(hidden[frame]))
        _write_lines(folder / names["gps"], positions[frame])
        if one.subset.labelled:
            _write_lines(folder / names["power"], power[frame])
        else:
            del names["power"]
        sizes |= {f"{one.subset.folder}/{name}": _size(folder / name) for name in names.values()}
    rows = [_row(one, window, power) for window in windows.tolist()]
    seen = truth(one, traffic, np.unique(windows), settings) if settings.truth else []
    return {"rows": rows, "truth": seen, "sizes": sizes}


def _names(one: Pass, frame: int) -> dict[str, str]:
    """Return the files of a frame by kind, relative to the folder of their subset."""
    number, unit1, unit2 = one.first + frame, _unit(one, 1).as_posix(), _unit(one, 2).as_posix()
    return {
        "rgb": f"{unit1}/camera_data/image_{number}.jpg",
        "lidar": f"{unit1}/lidar_data/lidar_data_{number}.ply",
        "radar": f"{unit1}/radar_data/radar_data_{number}.npy",
        "gps": f"{unit2}/GPS_data/GPS_location_{number}.txt",
        "power": f"{unit1}/mmWave_data/mmWave_power_{number}.txt",
    }


def _row(one: Pass, window: list[int], power: FloatArray) -> Row:
    """Return a window's row of the CSV but for its index."""
    names = [_names(one, frame) for frame in window]
    row: Row = {
        f"unit1_{kind}_{k + 1}": f"./{names[k][kind]}"
        for kind in ("rgb", "lidar", "radar")
        for k in range(HISTORY)
    }
    row["unit1_loc"] = f"./{_station(one).as_posix()}"
    row |= {f"unit2_loc_{k + 1}": f"./{names[k]['gps']}" for k in range(FIXES)}
    if one.subset.labelled:
        row["unit1_pwr_60ghz"] = f"./{names[-1]['power']}"
        row["unit1_beam"] = int(np.argmax(power[window[-1]])) + 1
    return row


def _write_scene(
    folder: Path,
    names: Mapping[str, str],
    one: Pass,
    traffic: Traffic,
    settings: Simulation,
    frame: int,
    directions: FloatArray,
    *,
    hidden: bool,
) -> None:
    """Write what camera, LiDAR and radar see of a frame."""
    rng, site = one.random(settings, FRAMES, frame), one.site
    picture = photograph(site, traffic, frame, settings.image_size, rng, settings.camera_noise)
    Image.fromarray(picture).save(folder / names["rgb"], quality=90)
    points = sweep(site, traffic, frame, directions, rng, settings.lidar_returns)
    _write_ply(folder / names["lidar"], *points)
    signal = cube(
        site,
        traffic,
        frame,
        settings.radar_samples,
        settings.radar_chirps,
        rng,
        hidden=hidden,
        clutter=settings.radar_clutter,
    )
    np.save(folder / names["radar"], signal)


def _write_csv(path: Path, rows: list[Row]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def with_nans(power: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return powers (F, 64) with NaN in some beams of a few frames, as recorded ones have."""
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
