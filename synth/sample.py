"""Sample: one record as a pure function of (domain, seed, image size, index)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from mde.camera import Camera
from mde.domain import DOMAINS
from mde.record import Record
from synth.asset_file import open_assets
from synth.bank_file import open_bank
from synth.driving import DEPTH_END_M as DRIVING_END_M
from synth.driving import driving_scene_rand
from synth.drone import DEPTH_END_M as DRONE_END_M
from synth.drone import drone_scene_rand
from synth.indoor import DEPTH_END_M as INDOOR_END_M
from synth.indoor import indoor_scene_rand
from synth.placement import place_assets_rand
from synth.redecoration import redecorate_rand
from synth.renderer import Renderer, open_renderer
from synth.sample_config import SampleConfig
from synth.scene import Frame, RejectedScene, Scene
from synth.sensor import expose_rand, sensor_for
from synth.textures import Bank
from synth.warehouse import DEPTH_END_M as WAREHOUSE_END_M
from synth.warehouse import warehouse_scene_rand

MAX_ATTEMPTS = 25
PURPOSES = ("layout", "surfaces", "light", "camera", "sensor", "assets")
"""Each has a stream of its own: another lamp does not move the furniture."""

Streams = dict[str, np.random.Generator]
SceneMaker = Callable[[Streams, Bank, Camera], Scene]
Drawn = TypeVar("Drawn")


@dataclass(frozen=True, slots=True)
class _Kind:
    number: int
    """Part of every seed, so that the domains do not share streams."""
    scene_rand: SceneMaker
    depth_end_m: float
    """Pixels farther away are background."""


KINDS: dict[str, _Kind] = {
    "indoor": _Kind(0, indoor_scene_rand, INDOOR_END_M),
    "driving": _Kind(1, driving_scene_rand, DRIVING_END_M),
    "warehouse": _Kind(2, warehouse_scene_rand, WAREHOUSE_END_M),
    "drone": _Kind(3, drone_scene_rand, DRONE_END_M),
}


class Sampler:
    """Renders samples of one configuration; make one per process, it owns the renderer."""

    def __init__(self, config: SampleConfig) -> None:
        self.config = config
        self._bank, pixels = open_bank(), None
        self._assets = None if config.assets_sha256 is None else open_assets(config.assets_sha256)
        if self._assets is not None:
            pixels = np.concatenate((self._bank.pixels, self._assets.pixels))
        self._renderer = open_renderer(config.renderer, self._bank.pixels if pixels is None else pixels)

    @property
    def device(self) -> str:
        """Name of what draws."""
        return self._renderer.device

    @property
    def renderer(self) -> Renderer:
        """What draws the scenes."""
        return self._renderer

    @property
    def bank(self) -> Bank:
        """The textures of the scenes."""
        return self._bank

    def scene_rand(self, streams: Streams, bank: Bank) -> Scene:
        """A scene of the domain, with assets if there are any; `bank` is that of the sampler, or its coarse twin."""
        domain = DOMAINS[self.config.domain]
        camera = domain.camera.resize(self.config.height, self.config.width)
        scene = KINDS[domain.name].scene_rand(streams, bank, camera)
        if self._assets is None:
            return scene
        things, textures = streams["assets"].spawn(2)
        scene = redecorate_rand(textures, scene, self._assets, len(bank.pixels))
        return place_assets_rand(things, scene, self._assets, domain.name, len(bank.pixels))

    def record(self, index: int) -> Record:
        """The sample `index`. Draws that are rejected are drawn again from the next stream."""
        return first_accepted(self.config, index, partial(self._attempt, index))

    def _attempt(self, index: int, attempt: int, streams: Streams) -> Record:
        kind, domain = KINDS[self.config.domain], DOMAINS[self.config.domain]
        scene = self.scene_rand(streams, self._bank)
        frame = without_far(self._renderer.render(scene), kind.depth_end_m)
        check_frame(frame, scene)
        return Record(
            key=f"{index:06d}",
            image=expose_rand(streams["sensor"], frame.radiance, sensor_for(domain.name)),
            depth_m=frame.depth_m,
            ids=frame.ids,
            camera=scene.camera,
            origin="synthetic",
            domain=domain.name,
            depth_units_per_metre=domain.depth_units_per_metre,
            recipe=self._recipe(index, attempt, scene),
        )

    def _recipe(self, index: int, attempt: int, scene: Scene) -> dict[str, Any]:
        return {
            "config_sha256": self.config.sha256,
            "generator_version": self.config.generator_version,
            "seed": self.config.seed,
            "index": index,
            "attempt": attempt,
            "scene": scene.kind,
            "summary": scene.summary,
            "world_from_camera": scene.world_from_camera.round(6).tolist(),
        }


def first_accepted(config: SampleConfig, index: int, draw: Callable[[int, Streams], Drawn]) -> Drawn:
    """What `draw` makes of sample `index`: it gets the number of the attempt and streams that belong to it.

    An attempt that raises RejectedScene is followed by the next; MAX_ATTEMPTS in a row are a fault of ours.
    """
    root = np.random.SeedSequence((config.seed, KINDS[config.domain].number, index))
    for attempt in range(MAX_ATTEMPTS):
        seeds = root.spawn(1)[0].spawn(len(PURPOSES))
        try:
            return draw(attempt, dict(zip(PURPOSES, map(np.random.default_rng, seeds), strict=True)))
        except RejectedScene:
            continue
    raise AssertionError(f"sample {index} was rejected {MAX_ATTEMPTS} times; the scene grammar is broken")


def without_far(frame: Frame, depth_end_m: float) -> Frame:
    """The frame with everything beyond `depth_end_m` turned into background."""
    near = frame.depth_m <= depth_end_m
    return Frame(radiance=frame.radiance, depth_m=frame.depth_m * near, ids=frame.ids * near)


def check_frame(frame: Frame, scene: Scene) -> None:
    """Refuse pictures that teach nothing.

    Raises RejectedScene when the lens touches something, when one loose object fills the view, or when
    almost nothing has a depth.
    """
    num_seen = np.count_nonzero(frame.depth_m)
    if num_seen < 0.35 * frame.depth_m.size:
        raise RejectedScene(f"{num_seen / frame.depth_m.size:.0%} of the pixels have a depth")
    num_near = np.count_nonzero(frame.depth_m < scene.closest_m) - (frame.depth_m.size - num_seen)
    if num_near > 0.03 * num_seen:
        raise RejectedScene(f"something is nearer than {scene.closest_m} m")
    counts = np.bincount(frame.ids.ravel(), minlength=len(scene.things) + 1)[1:] / frame.ids.size
    largest = int(counts.argmax())
    if counts[largest] > (0.9 if scene.things[largest].kind in scene.structure else 0.5):
        raise RejectedScene(f"one {scene.things[largest].kind} fills {counts[largest]:.0%} of the view")
