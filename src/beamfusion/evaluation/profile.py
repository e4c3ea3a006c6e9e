"""The job `profile`: parameters, speed and memory of a trained predictor, on a machine of its own."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import torch

from beamfusion.data.dataset import WindowDataset
from beamfusion.data.forecast import with_windows_of
from beamfusion.data.prepared import open_prepared
from beamfusion.device import describe_device, peak_memory
from beamfusion.models.beam_predictor import count_parameters
from beamfusion.models.networks import load_predictor_of, weight_dtype
from beamfusion.settings import Settings
from jobkit.job import Outcome, resident_peak

WARM_UP = 3
"""Forward passes before the first that counts: kernels load and caches fill."""


def profile(prepared: Path, training: Path, settings: Settings, device: torch.device) -> Outcome:
    """Time forward passes over the first windows: latency in seconds, FPS in windows a second."""
    predictor = load_predictor_of(training, settings, device)
    frames = with_windows_of(open_prepared(prepared), settings.data)
    size = min(settings.profile.batch_size, len(frames.windows))
    windows = WindowDataset(frames, range(size)).batch(range(size)).to(device, weight_dtype(settings))
    seconds = []
    with torch.inference_mode():
        for repeat in range(WARM_UP + settings.profile.repeats):
            start = time.perf_counter()
            predictor(windows.image, windows.lidar, windows.radar, windows.gps)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if repeat >= WARM_UP:
                seconds.append(time.perf_counter() - start)
    latency = statistics.median(seconds)
    memory = peak_memory(device)
    return Outcome(
        scores={
            "parameters": count_parameters(predictor)["total"],
            "latency": latency,
            "fps": size / latency,
            "memory": resident_peak() if memory is None else memory,
        },
        device=describe_device(device),
        peak_memory=memory,
    )
