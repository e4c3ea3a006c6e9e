"""The four sites: where the base station looks, and where the street and its walls are.

Site coordinates are metres along the boresight, to its left, and up; the base station stands at the origin of
the ground. The LiDAR looks backwards along its own x axis, as the data set's grids (x from -70 to 0) ask for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LANE_WIDTH = 3.5
"""Metres."""
LANES = 3
STATION_HEIGHT = 2.0
"""Metres of camera, LiDAR, radar and array above the ground."""
FIELD_OF_VIEW = np.radians(44.0)
"""Half of the azimuth in which a car counts as driving by."""


@dataclass(frozen=True)
class Site:
    """A straight street across the view, a facade behind it, and a lower wall in front of its far end."""

    scenario: int
    boresight: float
    """Degrees from east towards north, as published for the scenario's calibration."""
    latitude: float
    longitude: float
    near: tuple[float, float]
    """Where the street's nearest lane enters the view, (forward, left) in metres."""
    far: tuple[float, float]
    """Where that lane leaves it."""
    setback: float
    """Metres from the street's far edge to the facade behind it."""
    night: bool
    gps_bias: float
    """Standard deviation of each axis of a pass's GPS bias, in metres."""

    @cached_property
    def along(self) -> FloatArray:
        """Unit vector of the street."""
        vector = np.subtract(self.far, self.near)
        return vector / np.hypot(*vector)

    @cached_property
    def across(self) -> FloatArray:
        """Unit vector from the base station's side of the street to the other."""
        forward, left = self.along
        normal = np.array([left, -forward])
        return normal if normal @ np.array(self.near) > 0 else -normal

    @property
    def length(self) -> float:
        return float(np.hypot(*np.subtract(self.far, self.near)))

    def on_street(self, s: FloatArray, lane: NDArray[np.int64]) -> FloatArray:
        """Return positions (..., 2) of distances `s` along the lanes' middle lines."""
        offset = (np.asarray(lane) * LANE_WIDTH)[..., None] * self.across
        return np.asarray(self.near) + np.asarray(s)[..., None] * self.along + offset

    @property
    def facade(self) -> tuple[FloatArray, FloatArray]:
        """A point of the wall behind the street, and the wall's normal towards the street."""
        distance = (LANES - 0.5) * LANE_WIDTH + self.setback
        return np.asarray(self.near) + distance * self.across, -self.across


# The base stations' places are those of a campus street (ASU, Tempe); boresights are the published constants.
# Near and far keep most of each street inside its scenario's published LiDAR grid.
# The GPS biases are fitted by least squares on the GPS angle alone: `beamfusion street` says how well.
SITES = {
    31: Site(31, -50.52, 33.42010, -111.92890, (6.0, -6.0), (50.0, 24.0), 6.0, night=False, gps_bias=2.4),
    32: Site(32, 44.8, 33.41930, -111.92930, (8.0, -6.5), (64.0, 44.0), 9.0, night=False, gps_bias=2.0),
    33: Site(33, 55.6, 33.41850, -111.92830, (9.0, -5.5), (48.0, 13.0), 4.0, night=True, gps_bias=1.35),
    34: Site(34, -60.0, 33.41780, -111.92980, (11.0, -9.0), (50.0, 22.0), 7.0, night=True, gps_bias=1.2),
}
