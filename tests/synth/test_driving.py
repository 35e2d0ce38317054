"""Streets: what stands on them, and the samplers from which they are drawn."""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np
import pytest

from mde.domain import DRIVING
from synth.daylight import daylight_rand
from synth.driving import driving_scene_rand
from synth.lorries import bus_rand, lorry_rand, tram_rand
from synth.mesh import Mesh
from synth.motorcycles import motorcycle_rand
from synth.night import night_rand
from synth.paint import Paint
from synth.plots import Plots
from synth.pose import pose_from_angles
from synth.road import STEPS_M, Road, road_rand
from synth.scene import Scene
from synth.site import sheared
from synth.street_kinds import STREETS
from synth.street_plan import street_plan_rand
from synth.vehicles import car_rand
from synth.weather import Weather, weather_rand

PURPOSES = ("layout", "surfaces", "light", "camera", "sensor")
VEHICLES = ("car", "lorry", "bus", "tram", "motorcycle")
GROUNDS = ("road", "kerb", "sidewalk", "verge", "field")


@pytest.fixture(scope="module")
def streets(bank) -> list[Scene]:
    """Twenty streets, enough for most kinds of weather and of streets."""
    scenes = []
    for seed in range(20):
        streams = {name: np.random.default_rng([seed, k]) for k, name in enumerate(PURPOSES)}
        scenes.append(driving_scene_rand(streams, bank, DRIVING.camera))
    return scenes


def heights_below(grounds: list[Mesh], points_m: np.ndarray) -> np.ndarray:
    """(N,) height of the highest ground triangle over each point (x, y), by brute force; NaN where there is none."""
    corners = np.concatenate([mesh.positions_m for mesh in grounds]).reshape(-1, 3, 3).astype(np.float64)
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    flat = area > 1e-9  # seen from above; upright faces have no area
    a, b, c, area = a[flat], b[flat], c[flat], area[flat]
    found = []
    for x, y in points_m:
        second = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (y - a[:, 1]) * (c[:, 0] - a[:, 0])) / area
        third = ((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0])) / area
        hit = (second >= -1e-6) & (third >= -1e-6) & (second + third <= 1.0 + 1e-6)
        z = a[:, 2] + second * (b[:, 2] - a[:, 2]) + third * (c[:, 2] - a[:, 2])
        found.append(z[hit].max() if hit.any() else np.nan)
    return np.array(found)


def test_the_ground_has_no_hole_around_the_street(streets):
    rng = np.random.default_rng(1)
    for scene in streets[:10]:
        grounds = [thing.mesh for thing in scene.things if thing.kind in GROUNDS]
        points = np.stack((rng.uniform(-60.0, 60.0, 150), rng.uniform(0.0, 160.0, 150)), axis=1)
        assert np.isfinite(heights_below(grounds, points)).all(), scene.kind


def test_neighbouring_strips_share_their_corners(streets):
    """Along a kerb line every corner of one strip is a corner of the next, so that no crack can open."""
    for scene in streets[:10]:
        road = next(thing.mesh for thing in scene.things if thing.kind == "road").positions_m
        others = np.concatenate(
            [thing.mesh.positions_m for thing in scene.things if thing.kind in ("kerb", "verge", "road")][1:]
        )
        known = {tuple(row) for row in np.round(others.astype(np.float64), 3)}
        inside = road[(road[:, 1] > -10.0) & (road[:, 1] < 200.0)]
        missing = [row for row in np.round(inside.astype(np.float64), 3) if tuple(row) not in known]
        assert len(missing) <= 0.01 * len(inside), f"{scene.kind}: {len(missing)} of {len(inside)} corners stand alone"


def test_kerbs_of_side_roads_have_every_corner_of_the_ground_beside_them(streets):
    """A corner that one of two neighbours lacks is a crack one pixel wide, in one of thousands of pictures."""
    num_sheets = 0
    for scene in streets:
        kerbs = {
            tuple(row) for thing in scene.things if thing.kind == "kerb" for row in thing.mesh.positions_m.tolist()
        }
        sheets = [
            {tuple(row) for row in thing.mesh.positions_m.tolist()} for thing in scene.things if thing.kind == "road"
        ]
        beside = [len(sheet & kerbs) for sheet in sheets[1:]]  # the first is the street itself
        if max(beside, default=0) > 0:
            assert min(beside) >= 4, f"{scene.kind}: a sheet of a side road shares {min(beside)} corners with kerbs"
            num_sheets += len(beside)
    assert num_sheets > 10


def test_vehicles_rest_on_the_ground(streets):
    for scene in streets[:10]:
        grounds = [thing.mesh for thing in scene.things if thing.kind in GROUNDS]
        for thing in scene.things:
            if thing.kind in VEHICLES:
                low = thing.mesh.positions_m[thing.mesh.positions_m[:, 2].argsort()[::40][:20]].astype(np.float64)
                clearance_m = (low[:, 2] - heights_below(grounds, low[:, :2])).min()
                assert -0.2 < clearance_m < 0.2, f"{thing.kind} of {scene.kind} at {clearance_m:.2f} m"


def test_no_two_vehicles_stand_in_one_another(streets):
    for scene in streets:
        boxes = [thing.mesh.bounds_m() for thing in scene.things if thing.kind in VEHICLES and thing.mesh]
        middles = np.array([(low + high) / 2 for low, high in boxes])[:, :2]
        apart = np.linalg.norm(middles[:, None] - middles[None], axis=2) + 9.0 * np.eye(len(middles))
        assert (apart > 1.2).all(), scene.kind  # half a car's width and half a motorcycle's


def test_nothing_stands_in_the_own_car_or_around_the_lens(streets):
    for scene in streets:
        eye = scene.world_from_camera[:3, 3]
        for thing in scene.things:
            if thing.kind in ("tunnel", "lamp", "wire", "gantry", *GROUNDS, "marking", "bank", "bridge"):
                continue
            low, high = thing.mesh.bounds_m()
            assert not ((eye > low - 0.3) & (eye < high + 0.3)).all(), f"{thing.kind} of {scene.kind}"


def test_the_camera_stands_at_its_height_above_the_road_and_looks_along_its_slope():
    rng = np.random.default_rng(3)
    for _ in range(50):
        road = road_rand(rng, is_straight=False)
        np.testing.assert_allclose(road.height_m(0.0), 0.0, atol=1e-9)
        ahead = (road.height_m(0.01) - road.height_m(-0.01)) / 0.02
        assert road.grade_at(0.0) == pytest.approx(float(ahead), abs=1e-5)
        assert abs(road.grade_at(0.0)) < 0.12


def test_roads_are_never_steeper_than_a_mountain_pass_and_bend_both_ways(rng):
    roads = [road_rand(rng, is_straight=False) for _ in range(200)]
    grades = np.array([[road.grade_at(s) for s in np.arange(0.0, 250.0, 10.0)] for road in roads])
    assert np.abs(grades).max() < 0.13
    assert (np.abs(grades).max(axis=1) > 0.03).mean() > 0.25, "slopes are not rare"
    headings = np.array([float(road.heading_rad(60.0)) for road in roads])
    assert (headings > 0.05).any() and (headings < -0.05).any()


def test_the_heading_of_a_road_is_the_direction_of_its_line():
    road = Road(bends=((0.005, 10.0), (-0.011, 50.0)), grade=0.02, hills=((-0.05, 40.0, 30.0),))
    for along_m in (0.0, 30.0, 100.0):
        step = road.place(along_m + 1e-4, 0.0) - road.place(along_m - 1e-4, 0.0)
        assert np.arctan2(step[0], step[1]) == pytest.approx(float(road.heading_rad(along_m)), abs=1e-6)
        assert step[2] / 2e-4 == pytest.approx(road.grade_at(along_m), abs=1e-6)
        side = road.place(along_m, 1.0) - road.place(along_m, 0.0)
        assert side[:2] @ step[:2] == pytest.approx(0.0, abs=1e-9)


def test_cross_sections_never_fold_back(rng):
    for _ in range(60):
        road = road_rand(rng, is_straight=False)
        for lateral_m in (-320.0, -60.0, -25.0, 25.0, 60.0, 320.0):
            line = road.place(STEPS_M, lateral_m)
            assert (np.diff(line[:, 1]) > 0.0).all(), f"{road} folds {lateral_m} m beside its middle"


def test_shares_of_streets_and_sides_are_those_of_the_table(rng):
    names, left_hand, crossings = [], 0, Counter()
    for _ in range(3000):
        name, _, plan = street_plan_rand(rng)
        names.append(name)
        left_hand += plan.middle_m > 0
        crossings[name] += plan.crossing_m is not None
        assert plan.left.road_m <= plan.left.kerb_m <= plan.left.sidewalk_m <= plan.left.lots_m
        assert 0.0 in plan.lane_middles_m()
    assert sum(street.share for street in STREETS.values()) == pytest.approx(1.0)
    for name, street in STREETS.items():
        # Four standard deviations of a share of 3000 draws.
        assert names.count(name) / 3000 == pytest.approx(street.share, abs=4 * (street.share / 3000) ** 0.5)
        assert crossings[name] / names.count(name) == pytest.approx(street.junction, abs=0.12)
    assert left_hand / 3000 == pytest.approx(1 / 12, abs=0.025)


def test_side_roads_leave_ahead_of_the_camera(rng):
    plans = [street_plan_rand(rng)[2] for _ in range(600)]
    gaps = [side.gap for plan in plans for side in (plan.left, plan.right) if side.gap is not None]
    assert len(gaps) > 100
    for plan in plans:
        for side in (plan.left, plan.right):
            if side.gap is not None:
                assert plan.crossing_m is not None and plan.crossing_m[0] > 2.0
                assert side.gap.edges_m(side.kerb_m)[0] >= plan.crossing_m[0] - 1e-9
                assert not side.is_clear(sum(side.gap.edges_m(side.lots_m)) / 2, side.lots_m, 0.0)


@pytest.mark.parametrize(
    ("maker", "size_m"),
    [
        (car_rand, (5.9, 2.5, 2.7)),
        (lorry_rand, (16.2, 2.9, 3.9)),
        (bus_rand, (13.2, 2.7, 4.0)),
        (tram_rand, (30.0, 2.8, 4.6)),
        (motorcycle_rand, (2.4, 1.0, 1.95)),
        (partial(car_rand, is_lit=True), (5.9, 2.5, 2.7)),
    ],
    ids=["car", "lorry", "bus", "tram", "motorcycle", "lit car"],
)
def test_vehicles_stand_on_the_road_and_have_the_size_of_vehicles(bank, maker, size_m):
    for seed in range(8):
        mesh = maker(np.random.default_rng([seed, 1]), Paint(np.random.default_rng([seed, 2]), bank))
        low, high = mesh.bounds_m()
        longest, widest, highest = size_m
        assert -0.01 < low[2] < 0.03
        assert 1.5 < high[1] - low[1] < longest and 0.6 < high[0] - low[0] < widest and 1.0 < high[2] < highest


def test_plots_refuse_what_overlaps_and_take_what_touches_nothing():
    plots = Plots()
    assert plots.take(np.array((0.0, 0.0)), (1.0, 2.0), 0.0)
    assert not plots.take(np.array((1.5, 0.0)), (1.0, 1.0), 0.0)
    assert plots.take(np.array((2.1, 0.0)), (1.0, 1.0), 0.0)
    assert plots.meets(np.array((0.0, 3.3)), (1.0, 1.0), np.pi / 4), "a corner pokes in when the square is turned"
    assert not plots.meets(np.array((0.0, 3.3)), (1.0, 1.0), 0.0)
    assert not plots.meets(np.array((-3.0, -3.5)), (1.0, 1.0), np.pi / 4)


def test_shearing_follows_the_slope_and_keeps_upright_lines_upright(bank, rng):
    mesh = car_rand(rng, Paint(rng, bank))
    leaning = sheared(mesh, 0.1)
    np.testing.assert_array_equal(leaning.positions_m[:, :2], mesh.positions_m[:, :2])
    np.testing.assert_allclose(
        leaning.positions_m[:, 2] - mesh.positions_m[:, 2], 0.1 * mesh.positions_m[:, 1], atol=1e-6
    )


def test_weather_has_its_shares_and_water_makes_ground_dark_and_glossy(bank, rng):
    drawn = [weather_rand(rng) for _ in range(2000)]
    for name, share in (("is_dark", 0.1), ("is_foggy", 0.085), ("is_wet", 0.14)):
        assert np.mean([getattr(weather, name) for weather in drawn]) == pytest.approx(share, abs=0.03)
    dry = Paint(rng, bank).of("asphalt")
    wet = Weather(is_wet=True).soaked(dry)
    assert Weather().soaked(dry) == dry
    assert wet.gloss > 0.5 > dry.gloss and max(wet.tint) < 0.6 * max(dry.tint)


def test_the_sun_is_above_the_horizon_and_points_are_unit_vectors(rng):
    weathers = set()
    for _ in range(100):
        sun, surrounding, weather = daylight_rand(rng)
        weathers.add(weather)
        assert sun.place_m[2] > 0.05 and np.linalg.norm(sun.place_m) == pytest.approx(1.0)
        assert min(*sun.colour, *surrounding.ambient_up, *surrounding.sky_horizon) >= 0.0
        assert sun.has_shadow == (weather != "overcast")
    assert len(weathers) == 4


def test_fog_hides_the_sun_and_half_of_the_light_within_its_stated_distances(rng):
    for _ in range(50):
        sun, surrounding, weather = daylight_rand(rng, is_foggy=True)
        half_m = np.log(2.0) / surrounding.haze_per_m
        assert weather == "overcast" and not sun.has_shadow and 21.0 < half_m < 112.0


def test_night_has_the_headlights_and_the_lamps_ahead_and_never_more_than_four_lights(rng):
    pose = pose_from_angles((0.0, 0.0, 1.65), yaw_rad=0.0, pitch_rad=0.0, roll_rad=0.0)
    lamps = [np.array((4.0, along_m, 7.0)) for along_m in (-200.0, 5.0, 20.0, 35.0, 300.0)]
    for lamps_m, count in ((lamps, 4), ([], 1)):
        lights, surrounding, name = night_rand(rng, lamps_m, pose, is_foggy=False)
        assert len(lights) == count and name in ("night", "dusk")
        assert not any(light.is_sun or light.has_shadow for light in lights)
        assert {light.place_m[1] for light in lights[1:]} == ({5.0, 20.0, 35.0} if lamps_m else set())
        assert max(surrounding.ambient_up) < 0.3


def test_streets_show_many_kinds_of_things(streets):
    kinds = Counter(kind for scene in streets for kind in {thing.kind for thing in scene.things})
    for kind in ("road", "field", "building", "tree", "car", "person", "sign", "lamp", "fence", "marking"):
        assert kinds[kind] >= 2, f"{kind} in {kinds[kind]} of {len(streets)} streets"
    assert len({scene.kind for scene in streets}) >= 4


def test_one_point_of_a_road_lies_where_a_row_of_points_puts_it(rng):
    for _ in range(20):
        road = road_rand(rng, is_straight=False)
        along_m, lateral_m = float(rng.uniform(-14.0, 300.0)), float(rng.uniform(-80.0, 80.0))
        row = road.place(np.array((along_m, 0.0)), np.array((lateral_m, 0.0)), 0.3)
        np.testing.assert_allclose(road.place(along_m, lateral_m, 0.3), row[0], atol=1e-9)


def test_what_stands_beside_a_road_looks_along_it(rng):
    road = road_rand(rng, is_straight=False)
    for along_m, lateral_m in ((5.0, 4.0), (80.0, -12.0), (150.0, 19.0)):
        before, after = (road.place(along_m + step, lateral_m) for step in (-0.01, 0.01))
        expected = np.arctan2(after[0] - before[0], after[1] - before[1])
        assert road.heading_beside_rad(along_m, lateral_m) == pytest.approx(expected, abs=1e-4)
