"""Indoor scenes: things inside the room and on something, nothing in the camera, walls without holes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mde.domain import INDOOR
from synth.floor_plan import Room
from synth.indoor import indoor_scene_rand
from synth.lamps import MOODS, indoor_light_rand
from synth.mesh import Material
from synth.opening import Opening, openings_rand
from synth.room import wall_mesh
from synth.room_use import USES
from synth.scene import RejectedScene, Scene

PURPOSES = ("layout", "surfaces", "light", "camera", "sensor")
STRUCTURE = {"wall", "floor", "ceiling", "skirting", "frame", "window", "door", "passage", "curtain", "blind"}
BEHIND_DOORS = {"furniture"}
HANGS = {"picture", "lamp", "clutter"}


@pytest.fixture(scope="module")
def rooms(bank) -> list[Scene]:
    found: list[Scene] = []
    for seed in range(24):
        streams = {name: np.random.default_rng([seed, k]) for k, name in enumerate(PURPOSES)}
        try:
            found.append(indoor_scene_rand(streams, bank, INDOOR.camera))
        except RejectedScene:
            continue
    assert len(found) >= 20, "most draws of a room must be of use"
    return found


def loose(scene: Scene):
    return [thing for thing in scene.things if thing.kind not in STRUCTURE | BEHIND_DOORS]


def test_every_mesh_is_finite_and_made_of_whole_triangles(rooms):
    for scene in rooms:
        for thing in scene.things:
            mesh = thing.mesh
            assert len(mesh.positions_m) % 3 == 0 and mesh.num_triangles > 0
            assert all(np.isfinite(part).all() for part in (mesh.positions_m, mesh.normals, mesh.uv, mesh.look))


def test_furniture_stays_inside_the_room_and_stands_on_something(rooms):
    for scene in rooms:
        (x0, y0, z0), (x1, y1, z1) = scene.surrounding.room_m
        for thing in loose(scene):
            low, high = thing.mesh.bounds_m()
            assert (low > np.array((x0, y0, z0)) - 0.1).all(), thing.kind
            assert (high < np.array((x1, y1, z1)) + 0.1).all(), thing.kind
            if thing.kind not in HANGS:
                assert abs(low[2]) < 0.06, f"a {thing.kind} floats at {low[2]:.2f} m"


def test_pieces_do_not_stand_in_one_another(rooms):
    """Boxes around pieces along the walls may touch; the middle of one is never inside another."""
    free = {"rug", "clutter", "lamp", "person", "picture"}
    for scene in rooms:
        boxes = [(thing.kind, *thing.mesh.bounds_m()) for thing in loose(scene) if thing.kind not in free]
        for number, (kind, low, high) in enumerate(boxes):
            middle = (low + high) / 2
            for other, bottom, top in boxes[:number] + boxes[number + 1 :]:
                assert not ((middle > bottom + 0.05) & (middle < top - 0.05)).all(), f"{kind} in {other}"


def test_the_camera_is_inside_the_room_and_in_no_box(rooms):
    for scene in rooms:
        eye = scene.world_from_camera[:3, 3]
        low, high = np.array(scene.surrounding.room_m)
        assert (eye > low + 0.2).all() and (eye < high - 0.2).all()
        assert 0.7 <= eye[2] <= 1.95
        for thing in loose(scene):
            if thing.kind not in ("clutter", "rug"):
                bottom, top = thing.mesh.bounds_m()
                assert not ((eye > bottom) & (eye < top)).all(), thing.kind


@pytest.mark.opengl
def test_no_picture_of_a_room_has_a_hole(renderer, rooms):
    """Walls, floor, ceiling, windows and the rooms behind doors close the view from every camera."""
    for scene in rooms:
        frame = renderer.render(replace(scene, camera=scene.camera.resize(36, 48)))
        assert (frame.depth_m > 0.0).all(), scene.kind
        assert (frame.ids > 0).all()


def test_wall_and_holes_cover_the_wall_exactly(rng):
    """Area of the patches and of the holes together is the area of the wall with its overlap."""
    material = Material(layer=0)
    for _ in range(60):
        room = Room(*rng.uniform((2.0, 2.0, 2.3), (9.0, 9.0, 3.2)))
        openings = openings_rand(rng, room)
        for wall in room.walls:
            holes = [opening for opening in openings if opening.wall == wall]
            corners = wall_mesh(room, wall, holes, material).positions_m.reshape(-1, 3, 3)
            edges = corners[:, 1:] - corners[:, :1]
            area = np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1).sum() / 2
            cut = sum(h.width_m * (h.high_m - max(h.low_m, -0.05)) for h in holes)
            cut += sum(0.05 * h.width_m for h in holes if h.low_m == 0.0)
            assert area + cut == pytest.approx((wall.length_m + 0.1) * (room.height_m + 0.1), rel=1e-4)


def test_holes_do_not_meet_and_leave_wall_at_the_ends(rng):
    for _ in range(200):
        room = Room(*rng.uniform((1.5, 2.0, 2.3), (9.0, 9.0, 3.2)))
        openings = openings_rand(rng, room)
        assert openings, "every room has a way in or a window"
        for wall in room.walls:
            holes = sorted((o for o in openings if o.wall == wall), key=lambda o: o.along_m)
            edges = [edge for h in holes for edge in (h.along_m - h.width_m / 2, h.along_m + h.width_m / 2)]
            assert edges == sorted(edges)
            if edges:
                assert edges[0] > 0.1 and edges[-1] < wall.length_m - 0.1
            assert all(0.0 <= h.low_m < h.high_m < room.height_m for h in holes)


def test_lights_are_few_and_their_first_two_alone_cast_shadows(rng, bank):
    from synth.builder import Builder

    names = set()
    for seed in range(80):
        room = Room(4.0, 5.0, 2.5)
        window = Opening("window", room.walls[0], 2.0, 1.2, 0.9, 2.1)
        builder = Builder(np.random.default_rng(seed), np.random.default_rng(seed), bank)
        lights, surrounding, name = indoor_light_rand(rng, room, [window], builder)
        names.add(name.removesuffix(", day"))
        assert 1 <= len(lights) <= 4 and not any(light.has_shadow for light in lights[2:])
        assert min(surrounding.ambient_up) > 0.0 and all(min(light.colour) >= 0.0 for light in lights)
        assert all(0.0 < light.place_m[2] < room.height_m for light in lights if not light.is_sun)
    assert names == set(MOODS)


def test_the_sun_shines_into_the_room_through_its_window(rng, bank):
    from synth.builder import Builder

    seen = 0
    for seed in range(60):
        room = Room(4.0, 5.0, 2.5)
        window = Opening("window", room.walls[seed % 4], 2.0, 1.2, 0.9, 2.1)
        builder = Builder(np.random.default_rng(seed), np.random.default_rng(seed), bank)
        lights, _, _ = indoor_light_rand(rng, room, [window], builder)
        for light in lights:
            if light.is_sun:
                seen += 1
                towards = np.array(light.place_m)
                assert np.linalg.norm(towards) == pytest.approx(1.0) and towards[2] > 0.0
                assert towards[:2] @ window.wall.inward < 0.5, "the sun stands outside"
    assert seen > 10


def test_shares_of_uses_and_moods_sum_to_one():
    assert sum(use.share for use in USES.values()) == pytest.approx(1.0)
    assert sum(mood.share for mood in MOODS.values()) == pytest.approx(1.0)
