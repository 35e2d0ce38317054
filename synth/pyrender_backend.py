"""Pyrender back end: pyrender's scene graph, materials and shaders for colour, our pass for z and ids.

pyrender has no sky, no haze and 8 bits per colour: sky and haze are put around its picture afterwards. Its
segmentation pass would be exact, but knows no holes and needs one node per thing; the pass that `onepass` has does.
"""

from __future__ import annotations

import numpy as np

from synth.drawing import Measure, camera_matrix, near_to_far, upload_scene
from synth.embree import pixel_rays
from synth.gl import open_pyrender
from synth.mended import NO_SHADOW, SHADOW_PX, mended_renderer
from synth.mesh import merged
from synth.nodes import GAIN, Materials, pyrender_mesh, pyrender_scene
from synth.scene import Frame, Light, Scene
from synth.shadow import lamp_matrix, sun_matrix
from synth.sky import sky_picture
from synth.targets import MeasureTargets, upload_bank
from synth.texels import texels_of


class PyrenderBackend:
    """Draws scenes with pyrender. Make one per process and keep it."""

    def __init__(self, bank: np.ndarray) -> None:
        """`bank` is (L,S,S,4) uint8, sRGB with alpha: the texture bank."""
        self._parts = open_pyrender()
        self._renderer = mended_renderer()
        self._materials = Materials(bank)
        self._noise = texels_of(bank[:1])  # the layer that clouds are made of
        self._bank = upload_bank(self._parts.gl, bank)
        self._measure = Measure(self._parts)
        self._targets: dict[tuple[int, int], MeasureTargets] = {}

    @property
    def device(self) -> str:
        """Name of the OpenGL implementation that draws, for reports."""
        return str(self._parts.gl.glGetString(self._parts.gl.GL_RENDERER).decode())

    def render(self, scene: Scene) -> Frame:
        """Draw one scene. The same scene gives the same bytes in every process of one machine and driver."""
        depth_m, ids = self._draw_measure(scene)
        picture = self._draw_colour(scene)
        return Frame(radiance=self._surrounded(scene, picture, depth_m), depth_m=depth_m, ids=ids)

    def _draw_measure(self, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
        size = scene.camera.size
        if size not in self._targets:
            self._targets[size] = MeasureTargets(self._parts.gl, *size)
        upload = upload_scene(self._parts, scene)
        try:
            return self._measure.draw(self._targets[size], self._bank, camera_matrix(self._parts, scene), upload)
        finally:
            upload.primitive.delete()

    def _draw_colour(self, scene: Scene) -> np.ndarray:
        """(H,W,4) uint8: colour over nothing with the gamma of pyrender, and the covered share."""
        from pyrender import RenderFlags

        renderer, camera = self._renderer, scene.camera
        made, lights = pyrender_scene(scene, self._meshes(scene))
        pairs = list(zip(scene.lights, lights, strict=True))
        renderer.shadow_views = {made_one: _shadow_view(scene, light) for light, made_one in pairs}
        renderer.viewport_width, renderer.viewport_height = camera.width, camera.height
        flags = RenderFlags.OFFSCREEN | RenderFlags.RGBA
        if any(light.has_shadow and not light.is_sun for light in scene.lights):
            flags |= RenderFlags.SHADOWS_SPOT
        if any(light.has_shadow and light.is_sun for light in scene.lights):
            flags |= RenderFlags.SHADOWS_DIRECTIONAL
        colour, _ = renderer.render(made, flags)  # this depth is that of a sample beside the pixel centre
        return np.asarray(colour)

    def _meshes(self, scene: Scene) -> list[object]:
        """Loose things, structure, and what casts no shadow: few meshes, so few changes of the state."""
        order = near_to_far(scene)
        groups: dict[str, list[int]] = {"0 loose": [], "1 structure": [], f"2 rest{NO_SHADOW}": []}
        for number in order:
            thing = scene.things[number]
            name = "1 structure" if thing.kind in scene.structure else "0 loose"
            groups[name if thing.casts_shadow else f"2 rest{NO_SHADOW}"].append(number)
        return [
            pyrender_mesh(name, merged([scene.things[i].mesh for i in numbers]), self._materials)
            for name, numbers in groups.items()
            if numbers
        ]

    def _surrounded(self, scene: Scene, picture: np.ndarray, depth_m: np.ndarray) -> np.ndarray:
        """(H,W,3) float32 linear radiance: the picture in its haze before the sky."""
        directions, _ = pixel_rays(scene)
        length = np.linalg.norm(directions, axis=1, keepdims=True)
        around = scene.surrounding
        share = (picture[..., 3:].astype(np.float32) / 255.0).reshape(-1, 1)
        coded = picture[..., :3].reshape(-1, 3).astype(np.float32) / 255.0 / np.maximum(share, 1.0 / 255.0)
        colour = coded**2.2 / GAIN
        clear = np.exp(-around.haze_per_m * depth_m.reshape(-1, 1) * length)
        colour = np.asarray(around.sky_horizon) * (1.0 - clear) + colour * clear
        rows = np.nonzero(share[:, 0] < 1.0)[0]
        sky = sky_picture(around, (directions[rows] / length[rows]).astype(np.float32), self._noise)
        colour[rows] = colour[rows] * share[rows] + sky * (1.0 - share[rows])
        return np.ascontiguousarray(colour, dtype=np.float32).reshape(*depth_m.shape, 3)


def _shadow_view(scene: Scene, light: Light) -> np.ndarray:
    """(4,4) clip_from_world of the one shadow map that pyrender has for a light."""
    if light.is_sun:
        return sun_matrix(scene, light, _sun_reach_m(scene), SHADOW_PX)[0]
    return lamp_matrix(light, SHADOW_PX)[0]


def _sun_reach_m(scene: Scene) -> float:
    """One map must do for near and far: the geometric mean of the two reaches, indoors the room's."""
    near_m, far_m = scene.shadow_reach_m
    return max(near_m, float(np.sqrt(near_m * far_m)))
