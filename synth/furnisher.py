"""Furnisher: puts pieces where there is room, and small things on and between them."""

from __future__ import annotations

import numpy as np

from synth import clutter
from synth.builder import Builder
from synth.furniture import Piece, PieceMaker, fitted, table_rand, wood_rand
from synth.mesh import Mesh, merged
from synth.paint import Paint
from synth.room import WALLS, Opening, Room
from synth.room_use import Use
from synth.scene import RejectedScene
from synth.seating import chair_rand
from synth.shapes import box
from synth.storage import books_rand, desk_rand

CAMERA_SPACE_M = 0.32
"""Half width of the square around the camera that stays free."""
Spot = tuple[float, float, float, float, float, float]
"""x from, y from, x to, y to, z from, z to."""


class Furnisher:
    """Puts pieces where there is room; keeps the footprints that are taken."""

    def __init__(
        self, builder: Builder, rng: np.random.Generator, room: Room, openings: list[Opening], pose: np.ndarray
    ) -> None:
        self._builder, self._rng, self._room = builder, rng, room
        x, y = float(pose[0, 3]), float(pose[1, 3])
        self._taken = [(x - CAMERA_SPACE_M, y - CAMERA_SPACE_M, x + CAMERA_SPACE_M, y + CAMERA_SPACE_M, 0.0, 3.0)]
        ahead = pose[:2, 2] * 0.75  # nobody photographs a cupboard at arm's length
        self._taken.append((x + ahead[0] - 0.3, y + ahead[1] - 0.3, x + ahead[0] + 0.3, y + ahead[1] + 0.3, 0.0, 3.0))
        for opening in openings:
            reach = 0.7 if opening.low_m == 0.0 else 0.16
            self._taken.append(
                self._footprint(opening.wall, opening.along_m, opening.width_m, reach, opening.low_m, opening.high_m)
            )

    def furnish(self, use: Use) -> None:
        """All pieces of a room, then what lies on and between them."""
        rng = self._rng
        for maker in use.first:
            self._against_wall(maker, use, tries=14)
        for _ in range(int(rng.integers(5, 15))):
            self._against_wall(use.at_walls[int(rng.integers(len(use.at_walls)))], use, tries=5)
        for _ in range(int(rng.integers(use.num_free[0], use.num_free[1] + 1))):
            self._in_the_middle(use.free[int(rng.integers(len(use.free)))], use)
        if rng.random() < 0.45:
            self._rug()
        for _ in range(rng.poisson(5.0)):
            self._on_the_floor(clutter.FLOOR[int(rng.integers(len(clutter.FLOOR)))])
        for _ in range(rng.poisson(4.0)):
            self._on_the_wall()
        if len(self._builder.things) < 12:
            raise RejectedScene("the room stayed bare")

    def _footprint(
        self, wall: str, along_m: float, width_m: float, reach_m: float, low_m: float = 0.0, high_m: float = 2.0
    ) -> Spot:
        room, half = self._room, width_m / 2
        (x, y, _), _ = room.at_wall(wall, along_m)
        low_x, high_x, low_y, high_y = {
            "front": (x - half, x + half, 0.0, reach_m),
            "back": (x - half, x + half, room.depth_m - reach_m, room.depth_m),
            "left": (0.0, reach_m, y - half, y + half),
            "right": (room.width_m - reach_m, room.width_m, y - half, y + half),
        }[wall]
        return float(low_x), float(low_y), float(high_x), float(high_y), low_m, high_m

    def _is_free(self, spot: Spot, gap_m: float = 0.02) -> bool:
        x0, y0, x1, y1, z0, z1 = spot
        return all(
            x1 + gap_m <= a0 or a1 + gap_m <= x0 or y1 + gap_m <= b0 or b1 + gap_m <= y0 or z1 <= c0 or c1 <= z0
            for a0, b0, a1, b1, c0, c1 in self._taken
        )

    def _against_wall(self, maker: PieceMaker, use: Use, *, tries: int) -> None:
        piece = fitted(maker(*self._builder.streams()))
        width, depth, height = piece.size_m
        for _ in range(tries):
            wall = WALLS[int(self._rng.choice(4, p=(0.1, 0.29, 0.32, 0.29)))]
            room_m = self._room.wall_length_m(wall) - width - 0.04
            if room_m <= 0.0 or height > self._room.height_m - 0.05:
                continue
            along = float(0.02 + width / 2 + self._rng.uniform(0.0, room_m))
            if self._rng.random() < 0.3:  # into a corner
                along = 0.02 + width / 2 + (room_m if self._rng.random() < 0.5 else 0.0)
            spot = self._footprint(wall, along, width, depth + 0.02, 0.0, height)
            if self._is_free(spot):
                place, turn = self._room.at_wall(wall, along, 0.02)
                self._put(maker.__name__, piece, place, turn, use)
                self._taken.append(spot)
                if maker in (desk_rand, table_rand) and self._rng.random() < 0.75:
                    self._chair_before(place, turn, depth)
                return

    def _chair_before(self, place: np.ndarray, turn: float, depth: float) -> None:
        chair = fitted(chair_rand(*self._builder.streams()))
        away = depth + self._rng.uniform(0.05, 0.35) + chair.size_m[1] * 0.5
        forward = np.array((-np.sin(turn), np.cos(turn), 0.0))
        spin = turn + np.pi + self._rng.normal(0.0, 0.35)
        back = np.array((-np.sin(spin), np.cos(spin), 0.0))
        centre = place + forward * away
        x, y = float(centre[0]), float(centre[1])
        spot = (x - 0.25, y - 0.25, x + 0.25, y + 0.25, 0.0, 1.0)
        inside = 0.3 < centre[0] < self._room.width_m - 0.3 and 0.3 < centre[1] < self._room.depth_m - 0.3
        if inside and self._is_free(spot, 0.0):
            self._builder.add("chair", chair.mesh.moved(centre * (1, 1, 0) - back * chair.size_m[1] / 2, yaw_rad=spin))
            self._taken.append(spot)

    def _in_the_middle(self, maker: PieceMaker, use: Use) -> None:
        piece = fitted(maker(*self._builder.streams()))
        width, depth, height = piece.size_m
        for _ in range(8):
            turn = float(self._rng.choice((0.0, np.pi / 2, np.pi, -np.pi / 2)) + self._rng.normal(0.0, 0.12))
            cos, sin = abs(float(np.cos(turn))), abs(float(np.sin(turn)))
            half_x, half_y = (cos * width + sin * depth) / 2, (sin * width + cos * depth) / 2
            if 2 * half_x > self._room.width_m - 0.3 or 2 * half_y > self._room.depth_m - 0.3:
                continue
            x = float(self._rng.uniform(0.1 + half_x, self._room.width_m - 0.1 - half_x))
            y = float(self._rng.uniform(0.1 + half_y, self._room.depth_m - 0.1 - half_y))
            spot = (x - half_x, y - half_y, x + half_x, y + half_y, 0.0, height)
            if self._is_free(spot, 0.01):
                back = np.array((-np.sin(turn), np.cos(turn), 0.0)) * depth / 2
                self._put(maker.__name__, piece, np.array((x, y, 0.0)) - back, turn, use)
                self._taken.append(spot)
                return

    def _put(self, name: str, piece: Piece, place: np.ndarray, turn: float, use: Use) -> None:
        self._builder.add(name.removesuffix("_rand").replace("_", " "), piece.mesh.moved(place, yaw_rad=turn))
        kinds = clutter.BED_TOP if name == "bed_rand" else use.tops
        for x0, x1, y0, y1, z in piece.tops:
            for mesh in self._heap(kinds, (x0, y0, x1, y1)):
                self._builder.add("clutter", mesh.moved((0.0, 0.0, z)).moved(place, yaw_rad=turn))

    def _heap(self, kinds: tuple[clutter.ClutterMaker, ...], area: tuple[float, float, float, float]) -> list[Mesh]:
        """Small things side by side within x from, y from, x to, y to; what does not fit stays away."""
        low, high = np.array(area[:2]), np.array(area[2:])
        found: list[Mesh] = []
        taken: list[tuple[np.ndarray, np.ndarray]] = []
        mean = 7.0 * float(np.prod(np.maximum(high - low, 0.0))) + 0.6
        for _ in range(self._rng.poisson(min(mean, 6.0))):
            maker, yaw_rad = kinds[int(self._rng.integers(len(kinds)))], float(self._rng.normal(0.0, 0.4))
            mesh = maker(*self._builder.streams()).moved((0.0, 0.0, 0.0), yaw_rad=yaw_rad)
            near, far = (corner[:2] for corner in mesh.bounds_m())
            if (far - near > high - low + 0.06).any():  # three centimetres may hang over each edge
                continue
            at = self._rng.uniform(low - 0.03 - near, high + 0.03 - far)
            spot = at + near, at + far
            if any((spot[0] < b).all() and (a < spot[1]).all() for a, b in taken):
                continue
            taken.append(spot)
            found.append(mesh.moved((*at, 0.0)))
        return found

    def _on_the_floor(self, maker: clutter.ClutterMaker) -> None:
        x = self._rng.uniform(0.3, self._room.width_m - 0.3)
        y = self._rng.uniform(0.3, self._room.depth_m - 0.3)
        spot = (x - 0.22, y - 0.22, x + 0.22, y + 0.22, 0.0, 0.4)
        if self._is_free(spot, 0.0):
            self._builder.make("clutter", maker, (x, y, 0.0), yaw_rad=float(self._rng.uniform(0, 2 * np.pi)))
            self._taken.append(spot)

    def _rug(self) -> None:
        _, paint = self._builder.streams()
        width, depth = self._rng.uniform(1.0, 2.4), self._rng.uniform(0.8, 1.8)
        cloth = paint.of("carpet", "stripes", "dots", "fabric", "checker", tile_m=(0.6, 1.4), spread=0.4, gloss=0.0)
        x = self._rng.uniform(0.2, 0.8) * self._room.width_m
        y = self._rng.uniform(0.3, 0.8) * self._room.depth_m
        rug = box((min(width, self._room.width_m - 0.2), min(depth, self._room.depth_m - 0.2), 0.012), cloth)
        turn = float(self._rng.choice((0.0, np.pi / 2)) + self._rng.normal(0, 0.08))
        low, high = rug.moved((0, 0, 0), yaw_rad=turn).bounds_m()
        x = float(np.clip(x, 0.05 - low[0], max(self._room.width_m - 0.05 - high[0], 0.05 - low[0])))
        y = float(np.clip(y, 0.05 - low[1], max(self._room.depth_m - 0.05 - high[1], 0.05 - low[1])))
        self._builder.add("rug", rug.moved((x, y, 0.001), yaw_rad=turn))

    def _on_the_wall(self) -> None:
        shape, paint = self._builder.streams()
        wall = WALLS[int(self._rng.choice(4, p=(0.05, 0.3, 0.35, 0.3)))]
        width, height = shape.uniform(0.25, 1.1), shape.uniform(0.25, 0.8)
        length = self._room.wall_length_m(wall)
        if width > length - 0.2:
            return
        along, low = (
            float(self._rng.uniform(0.1 + width / 2, length - 0.1 - width / 2)),
            float(self._rng.uniform(1.1, 1.6)),
        )
        if low + height > self._room.height_m - 0.1 or not self._is_free(
            spot := self._footprint(wall, along, width, 0.3, low, low + height)
        ):
            return
        place, turn = self._room.at_wall(wall, along, 0.002)
        self._builder.add("picture", _hung(shape, paint, width, height, low).moved(place, yaw_rad=turn))
        self._taken.append(spot)


def _hung(rng: np.random.Generator, paint: Paint, width: float, height: float, low: float) -> Mesh:
    """A picture, board, clock or shelf on a wall."""
    if rng.random() < 0.2:
        shelf = box((width, 0.2, 0.025), wood_rand(paint), at_m=(0, 0.1, low))
        return merged([shelf, books_rand(rng, paint, width * 0.9, 0.17, 0.26).moved((0, 0.02, low + 0.025))])
    rim = paint.of(
        "wood", "plain", tint=paint.colour(((0.9, 0.9, 0.9), (0.05, 0.05, 0.05), (0.6, 0.4, 0.2))), gloss=0.4
    )
    face = paint.of("picture", "picture", "text", "plain", "marble", tile_m=max(width, height), gloss=0.4)
    return merged(
        [
            box((width, 0.02, height), rim, at_m=(0, 0.01, low)),
            box((width - 0.05, 0.012, height - 0.05), face, at_m=(0, 0.02, low + 0.025)),
        ]
    )
