"""Several rivals of one best: S. Holm's correction, and how few clusters could decide nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (S. Holm, Scandinavian Journal of Statistics 6, 1979)."""
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


def fewest_clusters(alpha: float, rivals: int) -> int:
    """Return how many clusters a sign-flip test takes to tell one of so many rivals from the best."""
    return math.ceil(math.log2(2 * rivals / alpha))
