"""Overpass: what leads over the road: bridges on piers, underpasses through embankments, gantries, tunnels."""

from __future__ import annotations

from functools import partial

import numpy as np

from synth.mesh import Material, from_corners, merged
from synth.paint import Paint
from synth.shapes import box, strip
from synth.signals import gantry_rand
from synth.site import Site
from synth.street_kinds import Street
from synth.street_plan import Plan

CLEARANCE_M = (4.6, 5.8)
BANK_RUN = 1.6
"""Horizontal metres per metre of height of an embankment's slope."""
LAMP_PITCH_M = 9.0


def add_overpass(site: Site, rng: np.random.Generator, plan: Plan, street: Street) -> tuple[float, float] | None:
    """Something over the road; answers the stations that it covers, where nothing may stand beside the road."""
    if street.is_tunnel:
        return _tunnel(site, rng, plan)
    if rng.random() >= street.overpass:
        return None
    kind = str(rng.choice(("bridge", "underpass", "gantry"), p=(0.45, 0.25, 0.3)))
    first_m = float(rng.uniform(16.0, 80.0))
    if plan.crossing_m is not None:
        first_m = max(first_m, plan.crossing_m[1] + 45.0)  # beyond the houses of the side roads
    if kind == "gantry":
        place, yaw_rad = site.road.place(first_m, 0.0), -float(site.road.heading_rad(first_m))
        ends = -plan.left.sidewalk_m - 0.6, plan.right.sidewalk_m + 0.6
        gantry = partial(gantry_rand, left_m=ends[0], right_m=ends[1])
        site.builder.make("gantry", gantry, place - (0.0, 0.0, 0.3), yaw_rad=yaw_rad)
        return first_m - 0.5, first_m + 0.5
    length_m = float(rng.uniform(4.0, 14.0) if kind == "bridge" else rng.uniform(8.0, 45.0))
    _, paint = site.builder.streams()
    return _embankment(site, rng, plan, paint, (first_m, first_m + length_m))


def _embankment(
    site: Site, rng: np.random.Generator, plan: Plan, paint: Paint, span_m: tuple[float, float]
) -> tuple[float, float]:
    """A deck between two embankments that reach to both sides as far as the ground is hilly."""
    concrete = paint.of("concrete", "stones", "brick", tile_m=(1.5, 3.0))
    grass = paint.of("grass", "soil", tile_m=(2.0, 4.0), variation=0.7)
    under_m, thick_m = float(rng.uniform(*CLEARANCE_M)), float(rng.uniform(0.7, 1.3))
    steps_m = np.linspace(*span_m, max(int((span_m[1] - span_m[0]) / 4.0), 1) + 1)
    inner = {side.sign: side.sidewalk_m + float(rng.uniform(0.2, 2.0)) for side in (plan.left, plan.right)}
    left_m, right_m = -inner[-1], inner[1]
    top_m = under_m + thick_m
    deck = [(left_m - 1.0, top_m), (right_m + 1.0, top_m), (right_m + 1.0, under_m), (left_m - 1.0, under_m)]
    site.builder.add("bridge", site.road.tube_of(deck, concrete, steps_m, closed=True))
    rails = []
    for station in (steps_m[0] + 0.15, steps_m[-1] - 0.15):
        place, yaw_rad = site.road.place(station, 0.0, top_m), -float(site.road.heading_rad(station))
        rail = box((right_m - left_m + 2.0, 0.2, 0.95), concrete, at_m=((left_m + right_m) / 2, 0, -0.05))
        rails.append(rail.moved(place, yaw_rad=yaw_rad))
    site.builder.add("bridge", merged(rails))
    for side in (plan.left, plan.right):
        _bank(site, side.sign, inner[side.sign], top_m - 0.06, steps_m, grass, concrete)
    run_m = BANK_RUN * top_m
    return span_m[0] - run_m - 1.0, span_m[1] + run_m + 1.0


def _bank(
    site: Site, sign: int, inner_m: float, top_m: float, steps_m: np.ndarray, grass: Material, concrete: Material
) -> None:
    """An earth bank across the land with a wall towards the road."""
    run_m, low_m = BANK_RUN * (top_m + 12.0), -12.0  # its foot lies below every dip of the land
    profile = [
        (steps_m[0] - run_m, low_m),
        (steps_m[0], top_m),
        (steps_m[-1], top_m),
        (steps_m[-1] + run_m, low_m),
    ]
    laterals = [inner_m, inner_m + 15.0, inner_m + 60.0, 300.0]
    rows = [np.stack([site.road.place(s, sign * lateral, z) for s, z in profile]) for lateral in laterals]
    _, paint = site.builder.streams()
    sheets = []
    for near, far in zip(rows[:-1], rows[1:], strict=True):
        first, second = (near, far) if sign > 0 else (far, near)
        along = np.array([s for s, _ in profile], dtype=np.float32)
        sheets.append(strip(first, second, along, grass, across_m=float(np.linalg.norm(far[0] - near[0]))))
    site.builder.add("bank", merged(sheets))
    wall = rows[0]
    faces = np.array(((wall[0], wall[1], wall[2]), (wall[0], wall[2], wall[3])))
    site.builder.add("bridge", from_corners(faces if sign < 0 else faces[:, ::-1], concrete))


def _tunnel(site: Site, rng: np.random.Generator, plan: Plan) -> tuple[float, float]:
    """A vaulted tube around the camera that ends in the open ahead, with lamps along its crown."""
    _, paint = site.builder.streams()
    lining = paint.of("concrete", "plaster", "tiles", "stones", tile_m=(1.5, 3.5), gloss=0.25)
    end_m = float(rng.uniform(25.0, 150.0))
    steps_m = np.linspace(-14.0, end_m, int(end_m / 6.0) + 4)
    left_m, right_m = -plan.left.sidewalk_m, plan.right.sidewalk_m
    height_m, half_m, middle_m = float(rng.uniform(5.2, 7.0)), (right_m - left_m) / 2, (left_m + right_m) / 2
    wall_m = float(rng.uniform(1.0, 4.0))
    angles = np.linspace(np.pi, 0.0, 11)
    arch = [(middle_m + half_m * np.cos(a), wall_m + (height_m - wall_m) * np.sin(a)) for a in angles]
    section = [(left_m, -0.5), *arch, (right_m, -0.5)]
    site.builder.add("tunnel", site.road.tube_of(section[::-1], lining, steps_m))
    _portal(site, section, end_m, height_m, paint)
    glow = paint.of("plain", tint=(1.0, 0.9, 0.75), emission=1.5)
    stations = np.arange(-5.0, end_m - 2.0, LAMP_PITCH_M)
    lamps = []
    for along_m in stations:
        place = site.road.place(float(along_m), middle_m, height_m - 0.25)
        lamps.append(box((0.3, 1.6, 0.12), glow).moved(place, yaw_rad=-float(site.road.heading_rad(along_m))))
        site.lamps_m.append(place - (0.0, 0.0, 0.2))
    site.builder.add("lamp", merged(lamps), casts_shadow=False)
    return -30.0, end_m + 2.0


def _portal(site: Site, section: list[tuple[float, float]], end_m: float, height_m: float, paint: Paint) -> None:
    """The slope above and beside the tunnel's end, seen from outside only; it shades the road before it."""
    stone = paint.of("stones", "concrete", tile_m=2.0)
    stations = np.array((end_m - 40.0, end_m))
    outside = [(-60.0, -8.0), (-60.0, height_m + 2.0), (60.0, height_m + 2.0), (60.0, -8.0)]
    site.builder.add("tunnel", site.road.tube_of(outside, stone, stations))
