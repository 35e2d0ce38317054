"""Floor plan of a sealed room: what stands where, and what hangs on which wall."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eval.sealed.furniture import AT_WALL, IN_THE_ROOM, rug_rand
from eval.sealed.item import Item, Part
from eval.sealed.material import Material, any_rand, colour_rand, fabric_rand, paint_rand, wall_rand, wood_rand

CAMERA_CLEARANCE_M = 0.55
"""Nothing on the floor comes nearer to the camera's foot."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """An item in the room: turned about the vertical by `yaw_rad`, its origin at `foot_m` on the floor."""

    item: Item
    foot_m: tuple[float, float]
    yaw_rad: float


class Plan:
    """The floor while it fills: who stands where, and what each wall already carries."""

    def __init__(self, size_m: np.ndarray, eye_m: np.ndarray) -> None:
        self.size_m = size_m
        self.places: list[Place] = []
        clear = np.full(2, CAMERA_CLEARANCE_M)
        self.taken: list[tuple[np.ndarray, np.ndarray]] = [(eye_m[:2] - clear, eye_m[:2] + clear)]
        self.on_wall: dict[int, list[tuple[float, float]]] = {wall: [] for wall in range(4)}

    def length(self, wall: int) -> float:
        """Length of wall 0 (y = 0), 1 (far x), 2 (far y) or 3 (x = 0)."""
        return float(self.size_m[wall % 2])

    def at_wall(self, item: Item, wall: int, along_m: float, off_m: float) -> Place:
        """Back to the wall, `along_m` from its right end as seen from the room, `off_m` in front of it."""
        width, depth = float(self.size_m[0]), float(self.size_m[1])
        foot = ((along_m, off_m), (width - off_m, along_m), (width - along_m, depth - off_m), (off_m, depth - along_m))
        return Place(item=item, foot_m=foot[wall], yaw_rad=wall * math.pi / 2)

    def stand(self, place: Place) -> bool:
        """Put an item down where nothing stands yet; False if it does not fit."""
        half = _ground_half(place)
        low, high = np.array(place.foot_m) - half, np.array(place.foot_m) + half
        inside = (low >= 0.0).all() and (high <= self.size_m[:2]).all()
        if not inside or any((low < other[1]).all() and (other[0] < high).all() for other in self.taken):
            return False
        self.taken.append((low, high))
        self.places.append(place)
        return True

    def hang(self, item: Item, wall: int, along_m: float, off_m: float) -> bool:
        """Fix an item to a stretch of wall that carries nothing yet; False if it does not fit."""
        low, high = along_m - item.footprint_m[0], along_m + item.footprint_m[0]
        if low < 0.1 or high > self.length(wall) - 0.1 or any(low < b and a < high for a, b in self.on_wall[wall]):
            return False
        self.on_wall[wall].append((low, high))
        self.places.append(self.at_wall(item, wall, along_m, off_m))
        return True


def _ground_half(place: Place) -> np.ndarray:
    cosine, sine = abs(math.cos(place.yaw_rad)), abs(math.sin(place.yaw_rad))
    x, y = place.item.footprint_m
    return np.array([cosine * x + sine * y, sine * x + cosine * y])


def open_walls_rand(rng: np.random.Generator, plan: Plan) -> list[tuple[np.ndarray, Material]]:
    """Windows and at most one door; answers (place of the light, glass) for each window."""
    windows: list[tuple[np.ndarray, Material]] = []
    frame = paint_rand(rng) if rng.random() < 0.5 else wood_rand(rng)
    for _ in range(rng.integers(0, 4)):
        wall = int(rng.integers(4))
        item, glass, middle = window_rand(rng, frame, float(plan.size_m[2]))
        along = rng.uniform(0.0, plan.length(wall))
        if plan.hang(item, wall, along, 0.0):
            foot = plan.at_wall(item, wall, along, 0.4).foot_m
            windows.append((np.array([*foot, middle]), glass))
    if rng.random() < 0.6:
        wall = int(rng.integers(4))
        door = door_rand(rng)
        along = rng.uniform(0.0, plan.length(wall))
        swing = plan.at_wall(door, wall, along, 0.45)
        clear = np.array([0.45, 0.45])
        if plan.hang(door, wall, along, 0.0):
            plan.taken.append((np.array(swing.foot_m) - clear, np.array(swing.foot_m) + clear))
    return windows


def _flat(material: Material, x: float, z: float, size: tuple[float, float, float], y: float = 0.0) -> Part:
    half = (size[0] / 2, size[1] / 2, size[2] / 2)
    return Part(shape="box", centre_m=(x, y, z), half_m=half, material=material)


def window_rand(rng: np.random.Generator, frame: Material, ceiling_m: float) -> tuple[Item, Material, float]:
    """A window in its frame, with sill and sometimes curtains; its glass; the height of its middle."""
    width, height, sill = rng.uniform(0.8, 1.8), rng.uniform(0.9, 1.35), rng.uniform(0.75, 1.0)
    height = min(height, ceiling_m - sill - 0.15)
    middle = sill + height / 2
    sky = colour_rand(rng, saturation=(0.05, 0.4), value=(0.7, 1.0))
    glass = Material(
        pattern="cloud",
        first=sky,
        second=(0.45, 0.6, 0.5),
        scale_m=rng.uniform(0.2, 0.6),
        emission=rng.uniform(0.5, 2.0),
    )
    parts = [
        _flat(frame, 0.0, middle, (width, 0.06, height)),
        _flat(frame, 0.0, sill - 0.02, (width + 0.16, 0.22, 0.04)),
    ]
    num = 1 if width < 1.0 else 2
    pane = width / num - 0.1
    for n in range(num):
        parts.append(_flat(glass, (n - (num - 1) / 2) * (width / num), middle, (pane, 0.08, height - 0.12)))
    if rng.random() < 0.5:
        cloth = fabric_rand(rng)
        for side in (-1, 1):
            parts.append(_flat(cloth, side * (width / 2 + 0.1), 1.15, (0.4, 0.2, 2.2)))
    return Item(name="window", footprint_m=(width / 2 + 0.3, 0.1), parts=tuple(parts), height_m=2.2), glass, middle


def door_rand(rng: np.random.Generator) -> Item:
    """A door of about 0.85 x 2.03 m in its frame, with a handle."""
    leaf, frame = any_rand(rng), paint_rand(rng)
    width = rng.uniform(0.78, 0.9)
    knob = Part(shape="ellipsoid", centre_m=(width * 0.4, 0.07, 1.02), half_m=(0.035, 0.035, 0.035), material=frame)
    parts = (
        _flat(frame, 0.0, 1.04, (width + 0.16, 0.05, 2.08)),
        _flat(leaf, 0.0, 1.01, (width, 0.09, 2.02)),
        knob,
    )
    return Item(name="door", footprint_m=(width / 2 + 0.08, 0.05), parts=parts, height_m=2.08)


def furnish_rand(rng: np.random.Generator, plan: Plan) -> None:
    """Pillar, furniture along the walls, furniture on the floor, rug; what does not fit is left out."""
    if rng.random() < 0.3:
        pillar_rand(rng, plan)
    for _ in range(rng.integers(2, 7)):
        item = _choose(rng, AT_WALL)
        for _ in range(8):
            wall = int(rng.integers(4))
            along = rng.uniform(item.footprint_m[0], max(item.footprint_m[0], plan.length(wall) - item.footprint_m[0]))
            if plan.stand(plan.at_wall(item, wall, along, item.footprint_m[1] + 0.02)):
                break
    for _ in range(rng.integers(1, 7)):
        item = _choose(rng, IN_THE_ROOM)
        for _ in range(8):
            x, y = rng.random(2) * plan.size_m[:2]
            if plan.stand(Place(item=item, foot_m=(float(x), float(y)), yaw_rad=rng.uniform(0.0, 2 * math.pi))):
                break
    if rng.random() < 0.5:
        x, y = rng.uniform(0.3, 0.7, 2) * plan.size_m[:2]
        plan.places.append(Place(item=rug_rand(rng), foot_m=(float(x), float(y)), yaw_rad=rng.normal(0.0, 0.2)))


def pillar_rand(rng: np.random.Generator, plan: Plan) -> None:
    """A part of the room that is walled off, in a corner: the room becomes an L."""
    half = rng.uniform(0.25, 0.9, 2)
    height = float(plan.size_m[2])
    part = Part(shape="box", centre_m=(0, 0, height / 2), half_m=(*half, height / 2), material=wall_rand(rng))
    item = Item(name="pillar", footprint_m=(float(half[0]), float(half[1])), parts=(part,), height_m=height)
    corner = rng.integers(0, 2, 2)
    x, y = np.where(corner, plan.size_m[:2] - half, half)
    plan.stand(Place(item=item, foot_m=(float(x), float(y)), yaw_rad=0.0))


def _choose(rng: np.random.Generator, makers: dict[Callable[[np.random.Generator], Item], float]) -> Item:
    weights = np.array(list(makers.values()))
    return list(makers)[rng.choice(len(makers), p=weights / weights.sum())](rng)


def hang_pictures_rand(rng: np.random.Generator, plan: Plan) -> None:
    """Pictures at eye height."""
    for _ in range(rng.integers(0, 6)):
        wall = int(rng.integers(4))
        width, height, middle = rng.uniform(0.3, 1.1), rng.uniform(0.3, 0.8), rng.uniform(1.45, 1.7)
        frame, canvas = paint_rand(rng), any_rand(rng)
        parts = (
            _flat(frame, 0.0, middle, (width, 0.04, height)),
            _flat(canvas, 0.0, middle, (width - 0.08, 0.05, height - 0.08)),
        )
        item = Item(name="picture", footprint_m=(width / 2, 0.03), parts=parts, height_m=middle)
        plan.hang(item, wall, rng.uniform(0.0, plan.length(wall)), 0.0)


def ceiling_lamp_rand(rng: np.random.Generator, plan: Plan, warm: np.ndarray, drop_m: float) -> Item:
    """A shade `drop_m` under the ceiling on its cord."""
    height, colour = float(plan.size_m[2]), (float(warm[0]), float(warm[1]), float(warm[2]))
    glow = Material(pattern="plain", first=colour, second=colour, emission=rng.uniform(0.8, 2.0))
    radius = rng.uniform(0.12, 0.25)
    shade = Part(
        shape="ellipsoid" if rng.random() < 0.5 else "frustum",
        centre_m=(0.0, 0.0, height - drop_m),
        half_m=(radius, radius, 0.08),
        material=glow,
        taper=0.4,
    )
    cord = Part(
        shape="frustum",
        centre_m=(0.0, 0.0, height - drop_m / 2),
        half_m=(0.012, 0.012, drop_m / 2),
        material=paint_rand(rng),
    )
    return Item(name="ceiling lamp", footprint_m=(radius, radius), parts=(cord, shade), height_m=height)
