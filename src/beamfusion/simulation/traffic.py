"""Cars, vans and trucks on the lanes: one of the cars carries the receiver, the others distract and block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beamfusion.simulation.site import FIELD_OF_VIEW, LANES, Site

FloatArray = NDArray[np.float64]

FRAME_SECONDS = 0.1
KINDS = {"car": (4.5, 1.8, 1.5), "van": (5.4, 2.0, 2.2), "truck": (9.0, 2.5, 3.4)}
"""Length, width and height in metres."""
SHARES = (0.72, 0.16, 0.12)
"""Urban traffic: mostly cars."""
LONGEST = 240
"""Seconds in which the slowest car has passed."""
ACCELERATION = 0.6
"""Largest of a lane, in m/s^2."""
SHORTEST_GAP = 8.0
"""Metres between vehicles of a lane; what comes on top is exponential."""
MEAN_GAP = 80.0
"""Metres, unless a setting says otherwise."""
GAPS = 40
"""Drawn for a lane."""
DIRECTIONS = (1, 1, -1)
"""Driving directions of the lanes, the nearest first."""
MARGIN = 30.0
"""Metres of street beyond either end of the view that carry traffic."""
FASTER = 3.0
"""Lengths of the street by which another lane may get ahead of the car's before no more vehicles follow."""
RECEIVER_HEIGHT = 1.6
"""Metres: the antenna stands on the car's roof."""


@dataclass(frozen=True)
class Traffic:
    """V vehicles over F frames; the first is the car with the receiver."""

    position: FloatArray
    """(F, V, 2) forward and left of their centres, metres."""
    velocity: FloatArray
    """(F, V, 2) metres a second."""
    size: FloatArray
    """(V, 3) length, width, height, metres."""
    colour: FloatArray
    """(V, 3) reflectance of red, green and blue, 0 to 1."""
    heading: FloatArray
    """(V, 2) unit vectors."""
    lane: NDArray[np.int64]
    """(V,) from the nearest, 0."""

    @property
    def frames(self) -> int:
        return len(self.position)

    @property
    def angle(self) -> FloatArray:
        """(F,) azimuth of the receiver, radians to the left of the boresight."""
        forward, left = self.position[:, 0].T
        return np.arctan2(left, forward)


def drive_by(
    site: Site, rng: np.random.Generator, speed: tuple[float, float], gap: float = MEAN_GAP
) -> Traffic:
    """Simulate one pass of the car: every frame from entering the view until leaving it.

    Lanes start at speeds between the two, in metres a second, with vehicles `gap` metres apart on average.
    """
    lane = int(rng.integers(LANES))
    lanes = [_Lane.draw(number, site, rng, speed, gap, receiver=number == lane) for number in range(LANES)]
    lanes.insert(0, lanes.pop(lane))
    own = lanes[0]
    time = np.arange(0, LONGEST, FRAME_SECONDS)
    inside = in_view(site, own.distance(time)[:, 0], lane)
    time = time[: int(np.argmin(inside))]
    position = [site.on_street(line.distance(time), np.array(line.number)) for line in lanes]
    velocity = [line.speed(time)[:, :, None] * site.along for line in lanes]
    kinds = np.concatenate([line.kinds for line in lanes])
    heading = np.concatenate([np.tile(line.direction * site.along, (len(line.kinds), 1)) for line in lanes])
    sizes = np.array(list(KINDS.values()))[kinds] * rng.uniform(0.93, 1.07, (len(kinds), 1))
    return Traffic(
        position=np.concatenate(position, axis=1),
        velocity=np.concatenate(velocity, axis=1),
        size=sizes,
        colour=_colours(len(kinds), rng),
        heading=heading,
        lane=np.concatenate([np.full(len(line.kinds), line.number) for line in lanes]),
    )


@dataclass(frozen=True)
class _Lane:
    """Vehicles that follow one another at one speed."""

    number: int
    direction: int
    start: FloatArray
    initial_speed: float
    acceleration: float
    kinds: NDArray[np.int64]

    @classmethod
    def draw(
        cls,
        number: int,
        site: Site,
        rng: np.random.Generator,
        speed: tuple[float, float],
        gap: float,
        *,
        receiver: bool,
    ) -> _Lane:
        direction = DIRECTIONS[number]
        entry = _entry(site, number, direction)
        reach = site.length + 2 * MARGIN
        gaps = SHORTEST_GAP + rng.exponential(gap - SHORTEST_GAP, (2, GAPS))
        behind = reach + FASTER * site.length
        if receiver:
            offsets = np.concatenate([[0.0], np.cumsum(gaps[0]), -np.cumsum(gaps[1])])
        else:  # what comes along has forgotten where the first one was
            offsets = np.cumsum(gaps) - behind - rng.uniform(gap, 3 * gap)
        offsets = offsets[(offsets > -behind) & (offsets < reach)]
        kinds = rng.choice(len(KINDS), len(offsets), p=SHARES)
        if receiver:
            kinds[0] = 0
        return cls(
            number,
            direction,
            entry + direction * offsets,
            float(rng.uniform(*speed)),
            float(rng.uniform(-ACCELERATION, ACCELERATION)),
            kinds,
        )

    def speed(self, time: FloatArray) -> FloatArray:
        """Return (F, V) the speed along the street, signed; never slower than a third of the first."""
        speed = np.maximum(self.initial_speed + self.acceleration * time, self.initial_speed / 3)
        return np.repeat(self.direction * speed[:, None], len(self.start), axis=1)

    def distance(self, time: FloatArray) -> FloatArray:
        """Return (F, V) the metres along the street."""
        travelled = np.cumsum(self.speed(time)[:, :1], axis=0) * FRAME_SECONDS
        return self.start + travelled - travelled[:1]


def in_view(site: Site, s: FloatArray, lane: int) -> NDArray[np.bool_]:
    """Return which positions along a lane are on the street's visible part and in the field of view."""
    forward, left = site.on_street(s, np.array(lane)).T
    return (np.abs(np.arctan2(left, forward)) < FIELD_OF_VIEW) & (s > -1) & (s < site.length + 1)


def _entry(site: Site, lane: int, direction: int) -> float:
    """Return where along the street a car of the lane enters the view."""
    s = np.linspace(0, site.length, 2000)
    seen = s[in_view(site, s, lane)]
    return float(seen[0] if direction > 0 else seen[-1])


def _colours(count: int, rng: np.random.Generator) -> FloatArray:
    """Draw mostly white, grey and black cars, some in colours."""
    grey = np.repeat(rng.choice([0.08, 0.3, 0.55, 0.9], (count, 1)), 3, axis=1)
    painted = rng.uniform(0.05, 0.85, (count, 3))
    return np.where(rng.random((count, 1)) < 0.7, grey, painted)
