"""Problems that only show when files are compared with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from beamfusion.data.formats import printable
from beamfusion.data.raw import POWER, Sample

Shape = tuple[int, ...]


def label_problem(sample: Sample, power: NDArray[np.float64]) -> str | None:
    """Return what is wrong with a sample's beam, given its power (64,); a NaN leaves no argmax to compare."""
    if sample.beam is None or np.isnan(power).any() or power[sample.beam - 1] == power.max():
        return None
    best, file = power.argmax() + 1, printable(sample.power)
    return f"beam {sample.beam}, expected {best}, the argmax of {file} ({POWER})"


def odd_shapes(shapes: Mapping[str, Shape]) -> dict[str, str]:
    """Return what is wrong with the files whose shape is not the most common one, by their name."""
    if not shapes:
        return {}
    usual = Counter(shapes.values()).most_common(1)[0][0]
    return {
        name: f"shape {shape}, expected {usual} as most others have"
        for name, shape in shapes.items()
        if shape != usual
    }
