"""Settings small enough to train on in seconds."""

import json
from typing import Any

TINY: dict[str, Any] = {
    "simulation": {
        "passes": 3,
        "adaptation_passes": 3,
        "test_passes": 1,
        "speed": [9.0, 19.5],  # short passes
        "image_size": [48, 27],
        "lidar_points": 200,
        "radar_samples": 16,
        "radar_chirps": 8,
    },
    "frames": {"source": "simulated", "image_size": 32, "lidar_grid": 32, "radar_size": 32},
    "model": {
        "image_depths": [1, 1, 1, 1],
        "lidar_depths": [1, 1, 1, 1],
        "radar_depths": [1, 1, 1, 1],
        "width": 4,
        "grid": 2,
        "layers": 1,
        "d_state": 4,
    },
    "train": {"epochs": 2, "batch_size": 16, "lr": 1e-3, "warmup_epochs": 1},
    "rebuild": {"epochs": 1, "batch_size": 16, "lr": 1e-3},
}


def with_changes(changes: dict[str, Any]) -> dict[str, Any]:
    """Return TINY with dotted keys changed."""
    settings: dict[str, Any] = json.loads(json.dumps(TINY))
    for key, value in changes.items():
        *parents, last = key.split(".")
        section = settings
        for parent in parents:
            section = section.setdefault(parent, {})
        section[last] = value
    return settings
