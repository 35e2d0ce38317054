"""Stock: pyrender 0.1.45 as it comes, the baseline of the rendering benchmark.

What is given to it is generous: textures are shared between things, and nothing is parsed from files. It keeps its
own order, its 4x multisampling, its shadow filter, and one segmentation pass with a node for every thing.
"""

from __future__ import annotations

import numpy as np

from synth.gl import open_pyrender
from synth.nodes import GAIN, Materials, pyrender_mesh, pyrender_scene
from synth.scene import Frame, Scene


class StockPyrender:
    """`pyrender.OffscreenRenderer` with shadows on."""

    def __init__(self, bank: np.ndarray) -> None:
        self._gl = open_pyrender().gl  # only for what makes `import pyrender` work at all
        from pyrender import OffscreenRenderer

        self._materials = Materials(bank)
        self._renderer = OffscreenRenderer(1, 1)

    @property
    def device(self) -> str:
        return str(self._gl.glGetString(self._gl.GL_RENDERER).decode())

    def render(self, scene: Scene) -> Frame:
        from pyrender import RenderFlags

        meshes = [pyrender_mesh(str(i), thing.mesh, self._materials) for i, thing in enumerate(scene.things)]
        made, _ = pyrender_scene(scene, meshes)
        numbers = {node: int(node.mesh.name) + 1 for node in made.mesh_nodes}
        self._renderer.viewport_height, self._renderer.viewport_width = scene.camera.size
        flags = RenderFlags.RGBA
        if any(light.has_shadow and light.is_sun for light in scene.lights):
            flags |= RenderFlags.SHADOWS_DIRECTIONAL
        if any(light.has_shadow and not light.is_sun for light in scene.lights):
            flags |= RenderFlags.SHADOWS_SPOT
        colour, depth_m = self._renderer.render(made, flags)
        colours = {node: (number // 256, number % 256, 0) for node, number in numbers.items()}
        segments, _ = self._renderer.render(made, RenderFlags.SEG, colours)
        ids = segments[..., 0].astype(np.uint16) * 256 + segments[..., 1]
        radiance = ((colour[..., :3] / np.float32(255.0)) ** np.float32(2.2) / np.float32(GAIN)).astype(np.float32)
        return Frame(radiance=radiance, depth_m=np.where(ids > 0, depth_m, 0.0).astype(np.float32), ids=ids)
