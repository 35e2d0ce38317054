"""Furnisher: puts pieces where there is room, and small things on and between them."""

from __future__ import annotations

import numpy as np

from synth import clutter
from synth.builder import Builder
from synth.floor_plan import Room, Wall
from synth.furniture import Piece, PieceMaker, fitted
from synth.hangings import HANGINGS, Hanging
from synth.heap import heap_rand
from synth.mesh import yaw_matrix
from synth.occupancy import Occupancy, around, turned_area
from synth.opening import Opening
from synth.residents import seated_rand, standing_rand
from synth.room_use import Use
from synth.scene import RejectedScene
from synth.shapes import box
from synth.sight import Sight

CAMERA_SPACE_M = 0.32
"""Half width of the square around the camera that stays free."""
FEWEST_THINGS = 12
MOST_MISSES = 3
"""Pieces in a row that found no place: the walls are full."""
HEAP_M, FLOOR_REACH_M, HANGING_REACH_M = 0.4, 0.6, 1.3
"""What small things on a piece, on the floor and on a wall reach beyond the place that they are meant for."""
PREVIEW_END_M = 3.5
"""Farther away small things are a few pixels of a preview."""


class Furnisher:
    """Furnishes one room; keeps what is taken."""

    def __init__(
        self, builder: Builder, rng: np.random.Generator, room: Room, openings: list[Opening], sight: Sight
    ) -> None:
        self.room, self.rng, self.builder, self._sight = room, rng, builder, sight
        self._num_unseen = 0
        pose = sight.world_from_camera
        self.space = Occupancy(room)
        self._eye, ahead = pose[:2, 3], pose[:2, 2]
        weights = [wall.length_m * (1.0 if wall.inward @ ahead < 0.35 else 0.25) for wall in room.walls]
        self._wall_weights = np.cumsum(weights)
        self.space.take(around(float(self._eye[0]), float(self._eye[1]), CAMERA_SPACE_M), 0.0, room.height_m)
        # Nobody photographs a cupboard at arm's length.
        before = self._eye + 0.7 * ahead
        self.space.take(around(float(before[0]), float(before[1]), 0.28), 0.0, room.height_m)
        for hole in openings:
            reach = 0.7 if hole.low_m < 0.1 else 0.16
            self.space.take(hole.wall.area(hole.along_m, hole.width_m, reach), hole.low_m, hole.high_m)
        for thing in builder.things:
            if thing.kind in ("curtain", "blind"):
                (x0, y0, low), (x1, y1, high) = (map(float, corner) for corner in thing.mesh.bounds_m())
                self.space.take((x0, y0, x1, y1), low, high)

    def furnish(self, use: Use) -> None:
        """All pieces of a room, then people, then what lies on and between them."""
        rng = self.rng
        for arrange in use.arrange:
            arrange(self, use)
        for maker in use.first:
            self.against_wall(maker, use, tries=14)
        num_misses = 0
        for _ in range(int(rng.integers(*use.num_at_walls))):
            found = self.against_wall(use.at_walls[int(rng.integers(len(use.at_walls)))], use, tries=5)
            num_misses = 0 if found else num_misses + 1
            if num_misses == MOST_MISSES:
                break
        for _ in range(int(rng.integers(use.num_free[0], use.num_free[1] + 1)) if use.free else 0):
            self.in_the_middle(use.free[int(rng.integers(len(use.free)))], use)
        for _ in range(rng.poisson(use.num_people)):
            self._person()
        if rng.random() < use.rug_share:
            self._rug()
        for _ in range(rng.poisson(use.num_on_floor)):
            self._on_the_floor(use.floor[int(rng.integers(len(use.floor)))])
        for _ in range(rng.poisson(6.0)):
            self._on_the_wall(HANGINGS[int(rng.integers(len(HANGINGS)))])
        if len(self.builder.things) + self._num_unseen < FEWEST_THINGS:
            raise RejectedScene("the room stayed bare")

    def wall_rand(self) -> Wall:
        """A wall, long ones and those that the camera faces more often."""
        return self.room.walls[int(np.searchsorted(self._wall_weights, self.rng.random() * self._wall_weights[-1]))]

    def against_wall(self, maker: PieceMaker, use: Use, *, tries: int) -> bool:
        """Stand a piece with its back to a wall; answers whether there was room."""
        piece = fitted(maker(*self.builder.streams()))
        width, depth, height = piece.size_m
        for _ in range(tries):
            at = self.wall_rand()
            room_m = at.length_m - width - 0.04
            if room_m <= 0.0:
                continue
            along = float(0.02 + width / 2 + self.rng.uniform(0.0, room_m))
            if self.rng.random() < 0.3:  # into a corner
                along = 0.02 + width / 2 + (room_m if self.rng.random() < 0.5 else 0.0)
            area = at.area(along, width, depth + 0.02)
            if self.space.is_free(area, 0.0, height):
                place, turn = at.at(along, 0.02)
                self.space.take(area, 0.0, height)
                self.put(maker.__name__, piece, place, turn, use)
                return True
        return False

    def stand(
        self, maker: PieceMaker, x_m: float, y_m: float, turn_rad: float, use: Use, *, gap_m: float = 0.01
    ) -> bool:
        """Stand a piece with its middle over a point of the floor; answers whether there was room."""
        return self.stand_piece(maker.__name__, fitted(maker(*self.builder.streams())), x_m, y_m, turn_rad, use, gap_m)

    def stand_piece(self, name: str, piece: Piece, x_m: float, y_m: float, turn: float, use: Use, gap_m: float) -> bool:
        """Stand a finished piece with its middle over a point of the floor; answers whether there was room."""
        width, depth, height = piece.size_m
        area = turned_area(x_m, y_m, width, depth, turn)
        if not self.space.is_free(area, 0.0, height, gap_m):
            return False
        back = np.array((-np.sin(turn), np.cos(turn), 0.0)) * depth / 2
        self.space.take(area, 0.0, height)
        self.put(name, piece, np.array((x_m, y_m, 0.0)) - back, turn, use)
        return True

    def in_the_middle(self, maker: PieceMaker, use: Use) -> bool:
        """Stand a piece somewhere in the room; answers whether there was room."""
        piece = fitted(maker(*self.builder.streams()))
        for _ in range(8):
            turn = float(self.rng.choice((0.0, np.pi / 2, np.pi, -np.pi / 2)) + self.rng.normal(0.0, 0.12))
            x0, y0, x1, y1 = turned_area(0.0, 0.0, piece.size_m[0], piece.size_m[1], turn)
            free_m = self.room.width_m - (x1 - x0) - 0.2, self.room.depth_m - (y1 - y0) - 0.2
            if min(free_m) <= 0.1:
                continue
            x, y = 0.1 - x0 + self.rng.uniform(0.0, free_m[0]), 0.1 - y0 + self.rng.uniform(0.0, free_m[1])
            if self.stand_piece(maker.__name__, piece, float(x), float(y), turn, use, 0.01):
                return True
        return False

    def chair_before(self, place: np.ndarray, turn: float, depth_m: float, use: Use, maker: PieceMaker) -> bool:
        """A chair that faces a piece of the given depth; answers whether there was room."""
        chair = fitted(maker(*self.builder.streams()))
        away = depth_m + self.rng.uniform(0.02, 0.3) + chair.size_m[1] * 0.5
        centre = place + np.array((-np.sin(turn), np.cos(turn), 0.0)) * away
        spin = turn + np.pi + self.rng.normal(0.0, 0.3)
        return self.stand_piece(maker.__name__, chair, float(centre[0]), float(centre[1]), float(spin), use, 0.0)

    def put(self, name: str, piece: Piece, place: np.ndarray, turn: float, use: Use) -> None:
        """Add a piece with what lies on it, who sits on it, and a chair before it if it wants one."""
        self.builder.add(name.removesuffix("_rand").replace("_", " "), piece.mesh.moved(place, yaw_rad=turn))
        tops = piece.tops
        if piece.seats and self.rng.random() < use.seated_share:
            seat = piece.seats[int(self.rng.integers(len(piece.seats)))]
            person = seated_rand(*self.builder.streams(), seat[2]).moved((seat[0], seat[1], 0.0))
            self.builder.add("person", person.moved(place, yaw_rad=turn))
            tops = ()
        kinds = clutter.BY_PIECE.get(name, use.tops)
        for x0, x1, y0, y1, z in tops:
            rng, paint = self.builder.streams()
            middle = place + yaw_matrix(turn) @ ((x0 + x1) / 2, (y0 + y1) / 2, z)
            if not self._shows(middle, float(np.hypot(x1 - x0, y1 - y0)) / 2 + HEAP_M):
                continue
            for mesh in heap_rand(rng, paint, kinds, (x0, y0, x1, y1)):
                self.builder.add("clutter", mesh.moved((0.0, 0.0, z)).moved(place, yaw_rad=turn))
        if piece.wants_chair and self.rng.random() < 0.8:
            self.chair_before(place, turn, piece.size_m[1], use, use.chair)

    def _shows(self, place_m: np.ndarray, reach_m: float) -> bool:
        """Whether small things around a place can be seen; those that cannot are counted and not made."""
        end_m = PREVIEW_END_M if self.builder.is_coarse else np.inf
        if self._sight.holds(place_m, reach_m, end_m=end_m):
            return True
        self._num_unseen += 1
        return False

    def _person(self) -> None:
        """Somebody who stands in the room; most look somewhere into it."""
        x, y = (float(v) for v in self.rng.uniform((0.35, 0.35), (self.room.width_m - 0.35, self.room.depth_m - 0.35)))
        area = around(x, y, 0.32)
        near = float(np.linalg.norm(self._eye - (x, y)))
        if near > 1.3 and self.room.headroom_m(x) > 2.0 and self.space.is_free(area, 0.0, 1.95):
            self.space.take(area, 0.0, 1.95)
            self.builder.make("person", standing_rand, (x, y, 0.0), yaw_rad=float(self.rng.uniform(0, 2 * np.pi)))

    def _on_the_floor(self, maker: clutter.ClutterMaker) -> None:
        """A thing on the floor, more often beside a wall or a piece than in the way."""
        yaw_rad, shares = float(self.rng.uniform(0, 2 * np.pi)), self.rng.random((3, 2))
        spots = np.column_stack((shares * (self.room.width_m, self.room.depth_m), np.full(3, 0.2)))
        seen = [share for share, spot in zip(shares.tolist(), spots, strict=True) if self._shows(spot, FLOOR_REACH_M)]
        if not seen:
            self.builder.skip()
            return
        mesh = maker(*self.builder.streams()).moved((0, 0, 0), yaw_rad=yaw_rad)
        low, high = (corner.tolist() for corner in mesh.bounds_m())
        free_m = self.room.width_m - 0.1 - high[0] + low[0], self.room.depth_m - 0.1 - high[1] + low[1]
        for across, along in seen:
            x = 0.05 - low[0] + across * max(free_m[0], 0.01)
            y = 0.05 - low[1] + along * max(free_m[1], 0.01)
            area = x + low[0], y + low[1], x + high[0], y + high[1]
            if self.space.is_free(area, 0.0, high[2], 0.01):
                self.space.take(area, 0.0, high[2])
                self.builder.add("clutter", mesh.moved((x, y, 0.0)))
                return

    def _rug(self) -> None:
        _, paint = self.builder.streams()
        families = ("carpet", "stripes", "dots", "fabric", "checker", "plain", "carpet")
        cloth = paint.of(*families, tile_m=(0.6, 1.4), spread=0.4, gloss=0.0)
        width = float(min(self.rng.uniform(0.8, 2.6), self.room.width_m - 0.3))
        depth = float(min(self.rng.uniform(0.5, 1.9), self.room.depth_m - 0.3))
        turn = float(self.rng.choice((0.0, np.pi / 2)) + self.rng.normal(0, 0.06))
        for _ in range(4):
            x, y = self.rng.uniform(0.2, 0.8) * self.room.width_m, self.rng.uniform(0.25, 0.8) * self.room.depth_m
            x0, y0, x1, y1 = turned_area(x, y, width, depth, turn)
            if Occupancy(self.room).is_free((x0, y0, x1, y1), 0.0, 0.02):
                self.builder.add("rug", box((width, depth, 0.012), cloth).moved((x, y, 0.001), yaw_rad=turn))
                return

    def _on_the_wall(self, make: Hanging) -> None:
        """A picture or another thing that hangs on a wall, where nothing stands before it."""
        wall, share = self.wall_rand(), self.rng.random()
        if not self._shows(wall.at(share * wall.length_m, 0.0, 1.4)[0], HANGING_REACH_M):
            self.builder.skip()
            return
        mesh = make(*self.builder.streams())
        low, high = (corner.tolist() for corner in mesh.bounds_m())
        width = 2 * max(-low[0], high[0])
        if width > wall.length_m - 0.2:
            return
        along = 0.1 + width / 2 + share * (wall.length_m - 0.2 - width)
        area = wall.area(along, width, max(high[1] + 0.02, 0.08))
        if self.space.is_free(area, low[2], high[2]):
            place, turn = wall.at(along, 0.002)
            self.space.take(area, low[2], high[2])
            self.builder.add("picture", mesh.moved(place, yaw_rad=turn))
