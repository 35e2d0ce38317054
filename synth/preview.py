"""Preview: a cheap look at a sample before it is rendered: the same scene, few pixels, no shadows, no sensor."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from mde.record import Record
from synth.sample import KINDS, Sampler, Streams, check_frame, first_accepted, without_far
from synth.scene import Frame, Scene

PREVIEW_PIXELS = 48 * 64
"""Pixels of a preview, in the shape of the full frame: 48x64 indoors, 30x101 of KITTI's."""
MIDDLE_GREY = 0.2
"""Linear brightness to which the logarithmic mean of a preview is exposed, as the sensor does on average."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What can be known of a sample for an eighth of its price."""

    index: int
    attempt: int
    """The draw that was seen; `Sampler.record` may reject it, or accept one that was rejected here."""
    scene: str
    image: np.ndarray
    """(h,w,3) uint8, exposed evenly, without noise."""
    depth_m: np.ndarray
    """(h,w) float32 planar z, 0 = none."""
    ids: np.ndarray
    """(h,w) uint16 instance numbers, 0 = background."""


class Previewer:
    """Draws previews of the samples of a `Sampler`, with its renderer."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._bank = replace(sampler.bank, is_coarse=True)

    @property
    def config_sha256(self) -> str:
        """Digest of what a preview depends on, besides its number."""
        return self._sampler.config.sha256

    def preview(self, index: int) -> Preview:
        """The preview of sample `index`, a pure function of it and of the sampler's configuration."""
        return first_accepted(
            self._sampler.config, index, lambda attempt, streams: self._attempt(index, attempt, streams)
        )

    def _attempt(self, index: int, attempt: int, streams: Streams) -> Preview:
        scene = in_few_pixels(self._sampler.scene_rand(streams, self._bank))
        frame = without_far(self._sampler.renderer.render(scene), KINDS[self._sampler.config.domain].depth_end_m)
        check_frame(frame, scene)
        return _preview(index, attempt, scene, frame)


def preview_size(height: int, width: int) -> tuple[int, int]:
    """(height, width) of about PREVIEW_PIXELS in the shape of the full frame, and never more than that."""
    scale = min(math.sqrt(PREVIEW_PIXELS / (height * width)), 1.0)
    return max(round(height * scale), 1), max(round(width * scale), 1)


def in_few_pixels(scene: Scene) -> Scene:
    """The scene as a preview shows it: a small camera, one sample per pixel, and lights without shadows."""
    return replace(
        scene,
        camera=scene.camera.resize(*preview_size(*scene.camera.size)),
        is_smooth=False,
        lights=[replace(light, has_shadow=False) for light in scene.lights],
    )


def _preview(index: int, attempt: int, scene: Scene, frame: Frame) -> Preview:
    return Preview(
        index=index,
        attempt=attempt,
        scene=scene.kind,
        image=_exposed(frame.radiance),
        depth_m=frame.depth_m,
        ids=frame.ids,
    )


def _exposed(radiance: np.ndarray) -> np.ndarray:
    """(h,w,3) linear radiance to uint8 sRGB with the exposure that a camera would choose, and nothing by chance."""
    grey = radiance.mean(axis=2)
    gain = MIDDLE_GREY / float(np.exp(np.log(grey + 1e-4).mean()))  # 1e-4: black pixels have a logarithm too
    return np.rint(np.clip(radiance * gain, 0.0, 1.0) ** (1.0 / 2.2) * 255.0).astype(np.uint8)


def record_preview(record: Record) -> Preview:
    """A finished record in the size of a preview: image averaged, depth and ids taken at pixels."""
    height, width = preview_size(*record.camera.size)
    rows, columns = (_middles(n, k) for n, k in zip(record.camera.size, (height, width), strict=True))
    return Preview(
        index=int(record.recipe.get("index", 0)),
        attempt=int(record.recipe.get("attempt", 0)),
        scene=str(record.recipe.get("scene", "")),
        image=_averaged(record.image, height, width),
        depth_m=record.depth_m[np.ix_(rows, columns)],
        ids=record.ids[np.ix_(rows, columns)],
    )


def _middles(length: int, count: int) -> np.ndarray:
    """Which of `length` pixels lie in the middle of each of `count` even parts."""
    return ((np.arange(count) + 0.5) * length / count).astype(int)


def _averaged(image: np.ndarray, height: int, width: int) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BOX))
