"""A sample depends on (configuration, index) and on nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mde.domain import DOMAINS
from mde.record import encode_record
from synth import sample
from synth.sample import KINDS, Sampler, check_frame, without_far
from synth.sample_config import SampleConfig
from synth.scene import Frame, RejectedScene
from tests.synth.scenes import ground, scene_of

pytestmark = pytest.mark.opengl
CONFIG = SampleConfig(domain="indoor", seed=0, height=48, width=64)
DRIVING = SampleConfig(domain="driving", seed=0, height=48, width=160)
DRONE = SampleConfig(domain="drone", seed=0, height=48, width=64)


@pytest.fixture(scope="module")
def make_sampler(renderer, bank):
    """Samplers that share the one OpenGL context of this process."""

    def make(config: SampleConfig) -> Sampler:
        sampler = object.__new__(Sampler)
        sampler.config, sampler._bank, sampler._assets, sampler._renderer = config, bank, None, renderer
        return sampler

    return make


@pytest.mark.parametrize("config", [CONFIG, DRIVING, DRONE], ids=lambda config: config.domain)
def test_samples_are_the_same_in_any_order(make_sampler, config):
    sampler = make_sampler(config)
    forward = [encode_record(sampler.record(index)) for index in range(3)]
    backward = [encode_record(make_sampler(config).record(index)) for index in (2, 1, 0)]
    assert forward == backward[::-1]
    assert len({record["image.jpg"] for record in forward}) == 3


def test_seed_and_index_give_different_scenes_and_seed_zero_is_a_seed(make_sampler):
    images = [make_sampler(replace(CONFIG, seed=seed)).record(index).image for seed in (0, 1) for index in (0, 1)]
    for first in range(4):
        for second in range(first):
            assert (images[first] != images[second]).any()


def test_the_digest_covers_every_field():
    changes = {"domain": "driving", "seed": 1, "height": 50, "width": 66, "generator_version": 99, "renderer": "embree"}
    changes["assets_sha256"] = "a" * 64
    digests = {replace(CONFIG, **{name: value}).sha256 for name, value in changes.items()}
    assert len(digests | {CONFIG.sha256}) == len(changes) + 1
    assert set(changes) == set(CONFIG.__slots__)


def test_another_size_shows_the_same_scene(make_sampler):
    small = make_sampler(CONFIG).record(1)
    large = make_sampler(replace(CONFIG, height=96, width=128)).record(1)
    assert small.recipe["summary"] == large.recipe["summary"]
    assert small.recipe["world_from_camera"] == large.recipe["world_from_camera"]
    assert np.median(small.depth_m) == pytest.approx(np.median(large.depth_m), rel=0.03)


def test_another_light_does_not_move_the_furniture(bank):
    def draw(light_seed: int):
        streams = {name: np.random.default_rng([5, k]) for k, name in enumerate(sample.PURPOSES)}
        streams["light"] = np.random.default_rng([6, light_seed])
        return KINDS["driving"].scene_rand(streams, bank, DOMAINS["driving"].camera)

    first, second = draw(0), draw(1)
    assert first.lights != second.lights
    for one, other in zip(first.things, second.things, strict=True):
        np.testing.assert_array_equal(one.mesh.positions_m, other.mesh.positions_m)
        np.testing.assert_array_equal(one.mesh.look, other.mesh.look)


@pytest.mark.parametrize("config", [CONFIG, DRIVING], ids=lambda config: config.domain)
def test_records_are_encodable_and_within_their_domain(make_sampler, config):
    sampler = make_sampler(config)
    depths = []
    for index in range(8):
        record = sampler.record(index)
        depths.append(record.depth_m[record.depth_m > 0])
        assert ((record.depth_m > 0) == (record.ids > 0)).all()
        assert record.image.std() > 8, "no black or empty picture"
        assert record.depth_m.max() * record.depth_units_per_metre <= 65535
    median_m = np.median(np.concatenate(depths))
    assert (1.5 < median_m < 4.0) if config.domain == "indoor" else (7.0 < median_m < 22.0)


def test_a_rejected_draw_is_drawn_again_from_the_next_stream(make_sampler, monkeypatch):
    sampler = make_sampler(CONFIG)
    plain = sampler.record(0)
    calls = []

    def picky(frame: Frame, scene: object) -> None:
        calls.append(frame)
        if len(calls) <= 2:
            raise RejectedScene("not this one")

    monkeypatch.setattr(sample, "check_frame", picky)
    record = sampler.record(0)
    assert record.recipe["attempt"] == plain.recipe["attempt"] + 2
    assert (record.image != plain.image).any()


def test_rejecting_for_ever_is_a_fault_and_not_a_hang(make_sampler, monkeypatch):
    def never(frame: Frame, scene: object) -> None:
        raise RejectedScene("no")

    monkeypatch.setattr(sample, "check_frame", never)
    monkeypatch.setattr(sample, "MAX_ATTEMPTS", 3)
    with pytest.raises(AssertionError, match="rejected 3 times"):
        make_sampler(CONFIG).record(0)


class TestCheckFrame:
    @pytest.fixture
    def scene(self, bank):
        streams = {name: np.random.default_rng([1, k]) for k, name in enumerate(sample.PURPOSES)}
        return KINDS["indoor"].scene_rand(streams, bank, DOMAINS["indoor"].camera)

    @staticmethod
    def frame(depth_m: float, instance: int, *, share: float = 1.0) -> Frame:
        seen = np.linspace(0.0, 1.0, 400).reshape(20, 20) < share
        return Frame(
            radiance=np.zeros((20, 20, 3), np.float32),
            depth_m=(seen * depth_m).astype(np.float32),
            ids=(seen * instance).astype(np.uint16),
        )

    def number_of(self, scene, kind: str) -> int:
        return next(k for k, thing in enumerate(scene.things, start=1) if thing.kind == kind)

    def test_a_wall_may_fill_most_of_the_view_but_not_all(self, scene):
        check_frame(self.frame(2.0, self.number_of(scene, "wall"), share=0.85), scene)
        with pytest.raises(RejectedScene, match="wall fills 100%"):
            check_frame(self.frame(2.0, self.number_of(scene, "wall")), scene)

    def test_a_loose_object_may_not_fill_the_view(self, scene):
        with pytest.raises(RejectedScene, match="fills 60%"):
            check_frame(self.frame(2.0, self.number_of(scene, "clutter"), share=0.6), scene)

    def test_a_lens_that_touches_something_is_refused(self, scene):
        with pytest.raises(RejectedScene, match="nearer than"):
            check_frame(self.frame(0.2, 1, share=0.8), scene)

    def test_an_empty_view_is_refused(self, scene):
        with pytest.raises(RejectedScene, match="10% of the pixels"):
            check_frame(self.frame(2.0, 1, share=0.1), scene)


def test_what_is_too_far_becomes_background():
    frame = Frame(
        radiance=np.zeros((1, 2, 3), np.float32),
        depth_m=np.array([[10.0, 300.0]], np.float32),
        ids=np.array([[1, 2]], np.uint16),
    )
    cut = without_far(frame, 250.0)
    np.testing.assert_array_equal(cut.depth_m, [[10.0, 0.0]])
    np.testing.assert_array_equal(cut.ids, [[1, 0]])


@pytest.mark.parametrize(
    ("share_seen", "share_near", "message"),
    [
        (1.0, 0.0, None),
        (0.5, 0.012, None),
        (0.5, 0.018, "nearer than 0.3 m"),  # 3.6 per cent of what is seen
        (0.34, 0.0, "34% of the pixels have a depth"),
    ],
)
def test_pictures_of_nothing_or_of_a_touched_lens_are_refused(share_seen, share_near, message):
    depth_m = np.zeros(1000, np.float32)
    depth_m[: round(1000 * share_seen)] = 2.0
    depth_m[: round(1000 * share_near)] = 0.1
    ids = (np.arange(1000) % 3 * (depth_m > 0)).astype(np.uint16)
    image = (20, 50)
    frame = Frame(radiance=np.ones((*image, 3)), depth_m=depth_m.reshape(image), ids=ids.reshape(image))
    scene = replace(scene_of([ground(), ground()]), closest_m=0.3)
    if message is None:
        check_frame(frame, scene)
    else:
        with pytest.raises(RejectedScene, match=message):
            check_frame(frame, scene)
