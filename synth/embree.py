"""Embree: follows rays on the processor, needs no system library, and judges the other back ends.

Depth and ids come from one ray through each pixel centre. The picture comes from the same rays; where
neighbouring pixels differ (edges, shadows, foliage, fine texture) four rays per pixel are averaged.
"""

from __future__ import annotations

import numpy as np

from synth.rays import Hits, Tracer
from synth.scene import Frame, Scene
from synth.shading import Shading
from synth.soup import soup_of
from synth.texels import texels_of

SAMPLES = ((-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25))
"""Places of the four rays in their pixel, as those of the OpenGL picture."""
CONTRAST = 0.12
"""Neighbours that differ by more than this factor minus one are smoothed."""
DARK = 0.02
"""Radiance as a share of the picture's mean below which contrast is not seen."""


class Embree:
    """Draws scenes by ray casting. Keeps the mipmaps of the bank, and nothing of a scene."""

    def __init__(self, bank: np.ndarray) -> None:
        """`bank` is (L,S,S,4) uint8, sRGB with alpha: the texture bank."""
        self._texels = texels_of(bank)

    @property
    def device(self) -> str:
        """What draws, for reports."""
        return "Embree"

    def render(self, scene: Scene) -> Frame:
        """Draw one scene. The same scene gives the same bytes in every process of one machine."""
        size = scene.camera.size
        soup = soup_of(scene)
        tracer = Tracer(soup, self._texels)
        shading = Shading(scene, soup, self._texels, tracer)
        directions, edges = pixel_rays(scene)
        hits = tracer.first_hits(directions, scene.near_far_m, edges)
        ids = np.where(hits.triangle >= 0, soup.ids[hits.triangle], 0).astype(np.uint16).reshape(size)
        radiance = shading.radiance(directions, hits, edges).reshape(*size, 3)
        if scene.is_smooth:
            is_leafy = ((hits.triangle >= 0) & soup.is_leafy[hits.triangle]).reshape(size)
            rough = np.nonzero((_is_rough(radiance, ids) | is_leafy).ravel())[0]
            radiance.reshape(-1, 3)[rough] = _smoothed(scene, tracer, shading, directions[rough], edges)
        return Frame(radiance=radiance, depth_m=hits.depth_m.astype(np.float32).reshape(size), ids=ids)


def pixel_rays(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """World directions of unit depth through the pixel centres, (H*W,3) float64, and their steps (2,3) per pixel."""
    camera, rotation = scene.camera, scene.world_from_camera[:3, :3]
    (fx, fy), (cx, cy) = camera.f_px, camera.c_px
    edges = np.stack((rotation[:, 0] / fx, rotation[:, 1] / fy))
    u = np.arange(camera.width) + 0.5 - cx
    v = np.arange(camera.height) + 0.5 - cy
    directions = rotation[:, 2] + v[:, None, None] * edges[1] + u[None, :, None] * edges[0]
    return directions.reshape(-1, 3), edges


def _smoothed(scene: Scene, tracer: Tracer, shading: Shading, directions: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(N,3) mean of four rays for each pixel; each ray stands for half a pixel's width of texture."""
    total = np.zeros((len(directions), 3), dtype=np.float32)
    for across, down in SAMPLES:
        shifted = directions + across * edges[0] + down * edges[1]
        hits: Hits = tracer.first_hits(shifted, scene.near_far_m, edges * 0.5)
        total += shading.radiance(shifted, hits, edges * 0.5)
    return total / np.float32(len(SAMPLES))


def _is_rough(radiance: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """(H,W) bool: one of the four neighbours belongs to another object or differs in brightness."""
    grey = radiance.mean(axis=2)
    tone = np.log(grey + np.float32(DARK * max(float(grey.mean()), 1e-6)))  # a black picture has a logarithm too
    rough = np.zeros(ids.shape, dtype=bool)
    for axis in (0, 1):
        low, high = (tuple(s if k == axis else slice(None) for k in (0, 1)) for s in (slice(None, -1), slice(1, None)))
        differs = (ids[low] != ids[high]) | (np.abs(tone[low] - tone[high]) > np.log1p(CONTRAST))
        rough[low] |= differs
        rough[high] |= differs
    return rough
