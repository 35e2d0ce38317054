"""The texture bank: fixed, tileable, not flat."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from synth.noise import SIZE_PX, blend, cells_rand, colour_rand, noise_rand, soft_step
from synth.paint import Paint
from synth.textures import FAMILIES


def test_the_bank_has_at_least_two_hundred_materials(bank):
    assert len(bank.pixels) >= 200
    assert all(len(layers) >= 3 for family, layers in bank.layers.items() if family != "noise")


def test_families_share_no_layer_and_cover_the_bank(bank):
    numbers = [number for layers in bank.layers.values() for number in layers]
    assert numbers == list(range(len(bank.pixels)))
    assert set(bank.layers) == set(FAMILIES)
    assert bank.layers["noise"] == (0,), "the shaders read layer 0 as noise"
    assert bank.pixels.shape[1:] == (SIZE_PX, SIZE_PX, 4)


def test_every_family_is_used_by_some_scene():
    named = {
        node.value
        for path in Path("synth").glob("*.py")
        if not path.name.endswith("textures.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
    }
    assert set(FAMILIES) - {"noise"} <= named, "a layer that nothing draws is baked for nobody"


def test_no_layer_is_flat_and_no_two_are_equal(bank):
    assert all(layer[..., :3].std() > 1.0 for layer in bank.pixels)
    assert len({layer.tobytes() for layer in bank.pixels}) == len(bank.pixels)


def test_only_leaves_have_holes_and_they_have_both(bank):
    for number in bank.layers["leaves"]:
        share = (bank.pixels[number][..., 3] < 128).mean()
        assert 0.05 < share < 0.7


def test_a_draw_comes_from_the_families_asked_for(bank, rng):
    assert {bank.layer("brick", share) for share in rng.random(100)} == set(bank.layers["brick"])
    paint = Paint(rng, bank)
    drawn = {paint.of("brick", "wood").layer for _ in range(300)}
    assert drawn == {*bank.layers["brick"], *bank.layers["wood"]}


@pytest.mark.parametrize("slope", [0.3, 1.0, 1.8])
def test_noise_is_tileable_and_evenly_spread(rng, slope):
    """Across the seam neighbours differ no more than elsewhere; deciles hold about a tenth each."""
    fields = [noise_rand(rng, slope=slope) for _ in range(8)]
    inside = np.mean([np.abs(np.diff(field, axis=1)).mean() for field in fields])
    seam = np.mean([np.abs(field[:, 0] - field[:, -1]).mean() for field in fields])
    assert seam < 1.5 * inside
    shares = np.histogram(np.stack(fields), np.linspace(0, 1, 11))[0] / np.stack(fields).size
    assert np.abs(shares - 0.1).max() < 0.03


def test_stretched_noise_varies_slowly_along_its_stretched_axis(rng):
    field = noise_rand(rng, slope=1.0, stretch=(1.0, 0.1))
    along_rows, along_columns = np.abs(np.diff(field, axis=0)).mean(), np.abs(np.diff(field, axis=1)).mean()
    assert along_rows < 0.5 * along_columns


def test_cells_equal_a_search_over_all_copies(rng):
    seeds = np.random.default_rng(0).random((6, 2))
    first, second, owner = cells_rand(np.random.default_rng(0), 6)
    for row, column in ((0, 0), (17, 200), (255, 255), (128, 3)):
        u, v = (column + 0.5) / SIZE_PX, (SIZE_PX - row - 0.5) / SIZE_PX
        copies = seeds[:, None, None] + np.stack(np.meshgrid((-1, 0, 1), (-1, 0, 1), indexing="ij"), axis=-1)
        distance = np.linalg.norm(copies - (u, v), axis=-1).reshape(6, -1).min(axis=1)
        assert first[row, column] == pytest.approx(np.sort(distance)[0])
        assert second[row, column] == pytest.approx(np.sort(distance)[1])
        assert owner[row, column] == distance.argmin()


def test_colours_differ_more_from_warm_to_cold_than_from_green_to_purple(rng):
    colours = np.stack([colour_rand(rng, 0.4, 0.6, 0.3) for _ in range(500)])
    assert ((colours > 0.0) & (colours < 1.0)).all()
    warm, green = colours[:, 0] - colours[:, 2], colours[:, 1] - 0.5 * (colours[:, 0] + colours[:, 2])
    assert warm.std() > 2.0 * green.std()


def test_blend_and_step_reach_their_ends():
    np.testing.assert_array_equal(soft_step(np.array((0.0, 0.5, 1.0)), 0.5, 0.2), (0.0, 0.5, 1.0))
    np.testing.assert_array_equal(blend(np.zeros(3), np.ones(3), np.array((0.0, 1.0))), ((0, 0, 0), (1, 1, 1)))


@pytest.mark.parametrize("paint", [paint for kinds in FAMILIES.values() for paint in kinds], ids=lambda p: p.__name__)
def test_a_painter_gives_what_the_bank_asks_for(paint):
    """A colour and an alpha of the texture's size, finite, near [0,1], the same for the same stream."""
    layers = paint(np.random.default_rng(5))
    assert layers[0].shape == (SIZE_PX, SIZE_PX, 3) and all(layer.shape == (SIZE_PX, SIZE_PX) for layer in layers[1:])
    assert all(np.isfinite(layer).all() and -0.5 < layer.mean() < 1.5 for layer in layers)
    for layer, again in zip(layers, paint(np.random.default_rng(5)), strict=True):
        np.testing.assert_array_equal(layer, again)
