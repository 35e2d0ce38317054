"""Assets in scenes: seen, free of everything else, and no other thing moves for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from mde.domain import DOMAINS
from synth import placement, redecoration
from synth.asset_file import Assets, Model, Texture, open_assets
from synth.assets import prepare_assets
from synth.free_space import FreeSpace
from synth.placement import fits, place_assets_rand
from synth.redecoration import redecorate_rand
from synth.renderer import open_renderer
from synth.sample import KINDS, PURPOSES, without_far
from synth.scene import RejectedScene, Scene
from tests.synth.asset_files import own_cache, write_folder

SIZES = {"indoor": (120, 160), "warehouse": (120, 160), "driving": (94, 311), "drone": (120, 160)}
RADIUS_M = 0.15


@pytest.fixture(scope="module")
def assets(tmp_path_factory) -> Assets:
    root = tmp_path_factory.mktemp("assets")
    with pytest.MonkeyPatch.context() as monkeypatch:
        own_cache(monkeypatch, root / "cache")
        return open_assets(prepare_assets(write_folder(root / "assets")).sha256)


@pytest.fixture(autouse=True)
def always(monkeypatch):
    """Every scene is to have assets."""
    monkeypatch.setattr(placement, "SHARE", 1.0)
    monkeypatch.setattr(redecoration, "SHARE", 1.0)


def drawn(domain: str, index: int, bank) -> tuple[Scene, np.random.Generator]:
    """A scene, and the stream for its assets."""
    while True:
        seeds = np.random.SeedSequence((3, index)).spawn(len(PURPOSES))
        streams = dict(zip(PURPOSES, map(np.random.default_rng, seeds), strict=True))
        try:
            return KINDS[domain].scene_rand(streams, bank, DOMAINS[domain].camera.resize(*SIZES[domain])), streams[
                "assets"
            ]
        except RejectedScene:
            index += 1000


def furnished(domain: str, assets: Assets, bank, count: int = 4):
    """Scenes before and after."""
    for index in range(count):
        scene, rng = drawn(domain, index, bank)
        yield scene, place_assets_rand(rng, scene, assets, domain, len(bank.pixels))


@pytest.mark.parametrize("domain", ["indoor", "driving"])
def test_assets_meet_nothing_and_no_other_thing_moves(domain, assets, bank):
    num_placed = 0
    for before, after in furnished(domain, assets, bank, 6):
        num = len(before.things)
        assert all(one is other for one, other in zip(before.things, after.things[:num], strict=True))
        for number, thing in enumerate(after.things[num:], start=num):
            num_placed += 1
            low, high = thing.mesh.bounds_m()
            others = [other for k, other in enumerate(after.things) if k != number]
            # The box of a ball: a thing that stands on the highest ground under it, less what that may rise.
            lift = placement.UNEVEN_M + placement.UNEVEN * float(np.hypot(*(high - low)[:2]))
            middle, half = (low + high) / 2, (high - low) / 2
            half = np.array((half[0] * 0.6, half[1] * 0.6, half[2] - lift / 2))
            space = FreeSpace(others, before.world_from_camera[:3, 3], 100.0)
            assert space.is_free(middle + (0.0, 0.0, lift / 2 + 0.002), half - (0.0, 0.0, 0.002), 0.0)
            foot = space.heights_m(middle[None, :2], float(low[2]) + lift)[0]
            assert -0.002 <= foot - low[2] + placement.LIFT_M <= lift, "it stands on something"
    assert num_placed >= 3


@pytest.mark.parametrize("domain", ["indoor", "driving"])
def test_the_summary_counts_assets_under_their_kind(domain, assets, bank):
    named = replace(assets, models=tuple(replace(model, kind="relic") for model in assets.models))
    for before, after in furnished(domain, named, bank):
        num = len(after.things) - len(before.things)
        assert after.summary.get("relic", 0) == num == sum(thing.kind == "relic" for thing in after.things)
        assert {**after.summary, "relic": 0} == {**before.summary, "relic": 0}


def test_a_domain_takes_what_fits_it(assets):
    names = {domain: [model.name for model in assets.models if fits(model, domain)] for domain in SIZES}
    both = ["ball.ply", "box.glb"]  # 0.3 m: furniture and floors; 0.8 m: floors and roadsides
    assert names == {"indoor": both, "warehouse": both, "driving": ["box.glb"], "drone": ["box.glb"]}


def test_few_scenes_have_none_and_a_share_of_nought_gives_none(assets, bank, monkeypatch):
    counts = [len(after.things) - len(before.things) for before, after in furnished("indoor", assets, bank, 8)]
    assert sum(count > 0 for count in counts) >= 4 and max(counts) <= placement.MOST
    monkeypatch.setattr(placement, "SHARE", 0.0)
    assert all(after is before for before, after in furnished("indoor", assets, bank, 2))


def test_an_asset_is_in_the_ids_with_exact_depth_and_its_colour(assets, bank, any_renderer):
    """The depth of the ball against trimesh's own rays; its colour against everything else in the frame."""
    pixels = np.concatenate((bank.pixels, assets.pixels))
    renderer = open_renderer(any_renderer.__class__.__name__.lower().replace("backend", ""), pixels)
    ball = replace(assets, models=(assets.models[0],))
    seen = 0
    for before, after in furnished("indoor", ball, bank, 8):
        if len(after.things) == len(before.things) or seen == 2:
            continue
        frame = without_far(renderer.render(after), 60.0)
        for number in range(len(before.things), len(after.things)):
            rows, columns = np.nonzero(frame.ids == number + 1)
            if len(rows) < 20:
                continue
            seen += 1
            mesh = after.things[number].mesh
            assert measured_error_m(after, mesh, rows, columns, frame.depth_m) < 0.002
            colour = np.median(frame.radiance[rows, columns], axis=0)
            assert colour[0] > 2.0 * colour[1] and colour[2] > 2.0 * colour[1], "it is magenta"
    assert seen > 0


def measured_error_m(scene: Scene, mesh, rows: np.ndarray, columns: np.ndarray, depth_m: np.ndarray) -> float:
    """Largest error of the depth at pixels whose ray meets the mesh away from its outline."""
    camera, pose = scene.camera, scene.world_from_camera
    rays = np.stack(
        ((columns + 0.5 - camera.c_px[0]) / camera.f_px[0], (rows + 0.5 - camera.c_px[1]) / camera.f_px[1]), 1
    )
    rays = np.column_stack((rays, np.ones(len(rays)))) @ pose[:3, :3].T
    soup = trimesh.Trimesh(mesh.positions_m, np.arange(len(mesh.positions_m)).reshape(-1, 3), process=False)
    eyes = np.tile(pose[:3, 3], (len(rays), 1))
    places, hit, faces = soup.ray.intersects_location(eyes, rays, multiple_hits=False)
    truth_m = (places - pose[:3, 3]) @ pose[:3, 2]
    facing = -np.einsum("nk,nk->n", soup.face_normals[faces], rays[hit]) / np.linalg.norm(rays[hit], axis=1)
    inner = facing > 0.3
    assert inner.sum() > 10
    return float(np.abs(truth_m - depth_m[rows[hit], columns[hit]])[inner].max())


def test_a_texture_replaces_one_of_the_scene_on_all_walls(assets, bank):
    on_walls = replace(assets, textures=(replace(assets.textures[0], where=("wall",)),))
    scene, rng = drawn("indoor", 0, bank)
    after = redecorate_rand(rng, scene, on_walls, len(bank.pixels))
    own = len(bank.pixels) + assets.textures[0].layer
    for was, now in zip(scene.things, after.things, strict=True):
        assert (now is was) == (was.kind != "wall")
        np.testing.assert_array_equal(now.mesh.positions_m, was.mesh.positions_m)
        changed = now.mesh.look[:, 4] == own
        assert changed.any() == (was.kind == "wall")
        np.testing.assert_array_equal(now.mesh.look[~changed], was.mesh.look[~changed])
        np.testing.assert_array_equal(now.mesh.look[changed, :3], 1.0)


def test_a_stated_tile_is_as_large_on_the_surface(assets, bank):
    stated = replace(assets, textures=(replace(assets.textures[0], where=("floor",), tile_m=0.5),))
    scene, rng = drawn("indoor", 1, bank)
    after = redecorate_rand(rng, scene, stated, len(bank.pixels))
    (floor,) = [thing.mesh for thing in after.things if thing.kind == "floor"]
    edge_m = np.linalg.norm(floor.positions_m[1] - floor.positions_m[0])
    assert edge_m / np.linalg.norm(floor.uv[1] - floor.uv[0]) == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("use", ["ground", "object"])
def test_other_uses_find_their_surfaces_out_of_doors(assets, bank, use):
    texture = Texture(name="a", where=(use,), share=1.0, tile_m=None, layer=1)
    scene, rng = drawn("driving", 0, bank)
    after = redecorate_rand(rng, scene, replace(assets, textures=(texture,)), len(bank.pixels))
    kinds = {now.kind for was, now in zip(scene.things, after.things, strict=True) if now is not was}
    assert kinds and (use == "object") == kinds.isdisjoint(scene.structure | {"sidewalk"})


def test_nothing_fits_a_scene_without_ground(assets, bank):
    model = Model(name="a", kind="a", where=("floor",), share=1.0, size_m=(50.0, 50.0, 50.0), rows=(0, 1))
    scene, rng = drawn("indoor", 0, bank)
    after = place_assets_rand(rng, scene, replace(assets, models=(model,)), "indoor", 0)
    assert len(after.things) == len(scene.things)
