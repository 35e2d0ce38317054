"""Road: a bent and hilly line along which a street is laid out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synth.mesh import Material, Mesh, from_corners, merged
from synth.shapes import strip

BEHIND_M, AHEAD_M = -14.0, 640.0
STEPS_M = np.unique(
    np.concatenate((np.arange(BEHIND_M, 60.0, 3.0), np.arange(60.0, 260.0, 10.0), np.array((300.0, 400.0, AHEAD_M))))
)
SATURATION_PER_M = 0.004
"""A bend grows straighter with its length, so that no road turns back."""
STRAIGHT_CROSS_M, CROSS_FADE_M = 20.0, 30.0
"""Cross-sections turn with the road up to the first distance; farther out they fade to one direction and never fold."""


@dataclass(frozen=True, slots=True)
class Road:
    """The line x(s), z(s) over y = s; z is 0 at s = 0."""

    bends: tuple[tuple[float, float], ...] = ()
    """(curvature in 1/m, where it begins in m), positive to the right; two of them make an S."""
    grade: float = 0.0
    """Rise per metre far behind."""
    hills: tuple[tuple[float, float, float], ...] = ()
    """(change of the grade, where in m, over which reach in m): a crest is negative, a dip positive."""

    def place(
        self, along_m: np.ndarray | float, lateral_m: np.ndarray | float, lift_m: np.ndarray | float = 0.0
    ) -> np.ndarray:
        """(...,3) points beside the line: `lateral_m` to the right, `lift_m` above it."""
        if isinstance(along_m, (float, int)) and isinstance(lateral_m, (float, int)):
            return self._point(along_m, lateral_m, lift_m)
        s, lateral = np.asarray(along_m, dtype=np.float64), np.asarray(lateral_m, dtype=np.float64)
        heading = self.heading_rad(s) * _share_of_turn(lateral)
        x = self._sideways(s) + lateral * np.cos(heading)
        y = s - lateral * np.sin(heading)
        return np.stack(np.broadcast_arrays(x, y, self.height_m(s) + lift_m), axis=-1)

    def _point(self, s: float, lateral: float, lift_m: np.ndarray | float) -> np.ndarray:
        """`place` for one point, with plain numbers: most things stand alone."""
        x, slope, z = 0.0, 0.0, self.grade * s
        for bend, begin_m in self.bends:
            past = max(s - begin_m, 0.0)
            slope += bend * past / (1.0 + SATURATION_PER_M * past)
            x += bend * (past / SATURATION_PER_M - math.log1p(SATURATION_PER_M * past) / SATURATION_PER_M**2)
        for change, place_m, reach_m in self.hills:
            here, start = (s - place_m) / reach_m, -place_m / reach_m
            z += change * reach_m * (here + math.hypot(1.0, here) - start - math.hypot(1.0, start)) / 2.0
        heading = math.atan(slope) * _share_of_turn(lateral)
        return np.array((x + lateral * math.cos(heading), s - lateral * math.sin(heading), z + float(lift_m)))

    def heading_rad(self, along_m: np.ndarray | float) -> np.ndarray:
        """Direction of the line, clockwise from y."""
        s = np.asarray(along_m, dtype=np.float64)
        slope = np.zeros_like(s)
        for bend, begin_m in self.bends:
            past = np.maximum(s - begin_m, 0.0)
            slope = slope + bend * past / (1.0 + SATURATION_PER_M * past)
        return np.arctan(slope)

    def heading_beside_rad(self, along_m: float, lateral_m: float) -> float:
        """Direction of what runs along with the line `lateral_m` beside it."""
        return float(self.heading_rad(along_m) * _share_of_turn(lateral_m))

    def _sideways(self, s: np.ndarray) -> np.ndarray:
        x = np.zeros_like(s)
        for bend, begin_m in self.bends:
            past = np.maximum(s - begin_m, 0.0)
            # The integral of the slope in `heading_rad`.
            x = x + bend * (past / SATURATION_PER_M - np.log1p(SATURATION_PER_M * past) / SATURATION_PER_M**2)
        return x

    def height_m(self, along_m: np.ndarray | float) -> np.ndarray:
        """Height of the line."""
        s = np.asarray(along_m, dtype=np.float64)
        z = self.grade * s
        for change, place_m, reach_m in self.hills:
            # The integral of the smooth step in `grade_at`.
            here, start = ((x + np.hypot(1.0, x)) / 2.0 for x in ((s - place_m) / reach_m, -place_m / reach_m))
            z = z + change * reach_m * (here - start)
        return np.asarray(z)

    def grade_at(self, along_m: float) -> float:
        """Rise per metre of the line."""
        grade = self.grade
        for change, place_m, reach_m in self.hills:
            u = (along_m - place_m) / reach_m
            grade += change * (1.0 + u / float(np.hypot(1.0, u))) / 2.0
        return grade

    def ribbon(
        self, from_m: tuple[float, float], to_m: tuple[float, float], material: Material, steps_m: np.ndarray = STEPS_M
    ) -> Mesh:
        """Surface between two (lateral, lift) lines, left one first, over the given stations."""
        lateral_m, lift_m = np.array((from_m, to_m)).T[..., None]
        left, right = self.place(np.broadcast_to(steps_m, (2, len(steps_m))), lateral_m, lift_m)
        across_m = float(np.hypot(to_m[0] - from_m[0], to_m[1] - from_m[1]))
        return strip(left, right, np.asarray(steps_m, dtype=np.float32), material, across_m=across_m)

    def tube_of(
        self, section_m: Sequence[tuple[float, float]], material: Material, steps_m: np.ndarray, *, closed: bool = False
    ) -> Mesh:
        """Surfaces between neighbouring (lateral, lift) lines of a cross-section, seen from above if listed rightwards.

        A closed section gets its two ends as well; it is listed clockwise as the traveller sees it.
        """
        following = [*section_m[1:], section_m[0]] if closed else section_m[1:]
        pairs = zip(section_m[: len(following)], following, strict=True)
        parts = [self.ribbon(a, b, material, steps_m) for a, b in pairs]
        if closed:
            for station, order in ((steps_m[0], 1), (steps_m[-1], -1)):
                ring = np.stack([self.place(float(station), *point) for point in section_m])
                fan = np.stack([np.stack((ring[0], *ring[k : k + 2][::-order])) for k in range(1, len(ring) - 1)])
                parts.append(from_corners(fan, material))
        return merged(parts)

    def markings(
        self,
        lateral_m: float,
        material: Material,
        *,
        width_m: float,
        dash_m: float,
        gap_m: float,
        but_m: tuple[float, float] | None = None,
    ) -> Mesh:
        """A painted line, continuous without a gap, that leaves out the stations `but_m`.

        It lies 1 cm above the road, so that nothing is coplanar.
        """
        left_out = but_m if but_m is not None else (AHEAD_M, AHEAD_M)
        if gap_m > 0.0:
            starts = np.arange(BEHIND_M, 120.0, dash_m + gap_m)
            starts = starts[(starts + dash_m < left_out[0]) | (starts > left_out[1])]
            return self._lines(lateral_m, material, width_m, np.stack((starts, starts + dash_m), axis=1))
        near = STEPS_M[STEPS_M < 200.0]
        runs = [np.append(near[near < left_out[0]], min(left_out[0], 200.0))]
        runs.append(np.insert(near[near > left_out[1]], 0, left_out[1]))
        return merged([self._lines(lateral_m, material, width_m, run) for run in runs if len(run) > 1])

    def _lines(self, lateral_m: float, material: Material, width_m: float, runs_m: np.ndarray) -> Mesh:
        """Lines 1 cm above the road over the stations `runs_m` (...,N)."""
        left, right = (self.place(runs_m, lateral_m + side * width_m / 2, 0.01) for side in (-1, 1))
        return strip(left, right, runs_m.astype(np.float32), material, across_m=width_m)


def _share_of_turn(lateral_m: np.ndarray | float) -> np.ndarray | float:
    """How much of the line's turn a cross-section makes `lateral_m` beside it."""
    if isinstance(lateral_m, (float, int)):
        return 1.0 / (1.0 + (max(abs(lateral_m) - STRAIGHT_CROSS_M, 0.0) / CROSS_FADE_M) ** 2)
    return np.asarray(1.0 / (1.0 + (np.maximum(np.abs(lateral_m) - STRAIGHT_CROSS_M, 0.0) / CROSS_FADE_M) ** 2))


def road_rand(rng: np.random.Generator, *, is_straight: bool) -> Road:
    """Radii above 55 m out of towns and above 150 m in them; crests, dips and slopes up to nine per cent."""
    bends: list[tuple[float, float]] = []
    if rng.random() > (0.7 if is_straight else 0.35):
        sharpest = 0.006 if is_straight else float(rng.choice((0.006, 0.018)))
        side = int(rng.choice((-1, 1)))
        bend, begin_m = side * float(rng.uniform(0.0008, sharpest)), float(rng.uniform(-10.0, 60.0))
        bends.append((bend, begin_m))
        if rng.random() < 0.4:
            bends.append((-bend * float(rng.uniform(1.0, 2.2)), begin_m + float(rng.uniform(25.0, 80.0))))
    grade, hills = _profile_rand(rng)
    return Road(bends=tuple(bends), grade=grade, hills=hills)


def _profile_rand(rng: np.random.Generator) -> tuple[float, tuple[tuple[float, float, float], ...]]:
    """Half of the roads are nearly level, the others climb, fall, or go over a crest or through a dip."""
    if rng.random() < 0.5:
        return float(rng.normal(0.0, 0.004)), ((float(rng.normal(0.0, 0.012)), 60.0, 70.0),)
    grade = float(np.clip(rng.normal(0.0, 0.035), -0.08, 0.08))
    hills: list[tuple[float, float, float]] = []
    for place_m in (float(rng.uniform(5.0, 70.0)), float(rng.uniform(90.0, 220.0))):
        wanted = float(np.clip(rng.normal(0.0, 0.04), -0.09, 0.09))  # the grade after this hill
        change = wanted - grade - sum(step for step, _, _ in hills)
        # Vertical radii above 250 m: the steepest change per metre is change / (2 * reach).
        hills.append((change, place_m, max(float(rng.uniform(12.0, 45.0)), 125.0 * abs(change))))
    level = -grade - sum(step for step, _, _ in hills)
    return grade, (*hills, (level, 300.0, 60.0))
