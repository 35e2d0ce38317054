"""OnePass: one OpenGL context for life, few draw calls, exact z and ids beside a smooth picture.

pyrender as it comes reads depth from a multisampled buffer (metres wrong at 75 m), draws in the order of a
`set`, and spends most of its time on the filter of its shadows. Here the whole scene is one vertex array,
sorted near to far, drawn three times: into the shadow maps; once per pixel, colour, z and ids together; and with
four samples per pixel where edges are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synth.drawing import (
    Upload,
    bind_bank,
    camera_matrix,
    draw_rows,
    program_of,
    set_matrices,
    set_vectors,
    upload_scene,
)
from synth.edges import edge_pixels
from synth.gl import open_pyrender
from synth.scene import Frame, Light, Scene
from synth.shadow import lamp_matrix, sun_matrix
from synth.targets import SHADOW_MAP_PX, PictureTargets, ShadowTargets, upload_bank

MAX_LIGHTS = 4
"""Lights of a scene; the first two may cast shadows."""
SURROUNDING_UNIFORMS = (
    "ambient_up",
    "ambient_side",
    "ambient_down",
    "sky_zenith",
    "sky_horizon",
    "sky_ground",
    "sun_direction",
    "sun_glow",
    "cloud",
    "corner_shade",
    "haze_per_m",
)


class OnePass:
    """Draws scenes of one image size or several. Make one per process and keep it."""

    def __init__(self, bank: np.ndarray) -> None:
        """`bank` is (L,S,S,4) uint8, sRGB with alpha: the texture bank."""
        self._parts = open_pyrender()
        gl = self._gl = self._parts.gl
        self._shadows = [
            program_of(self._parts, "scene.vert", "shadow.frag", {"CUT_OUT": cut_out}) for cut_out in (0, 1)
        ]
        self._skies = [program_of(self._parts, "sky.vert", "sky.frag", {"FINE": fine}) for fine in (0, 1)]
        self._colours: dict[tuple[int, int, int, int], int] = {}
        self._no_vertices = gl.glGenVertexArrays(1)
        self._bank = upload_bank(gl, bank)
        self._shadow_maps = ShadowTargets(gl)
        self._targets: dict[tuple[int, int], PictureTargets] = {}

    @property
    def device(self) -> str:
        """Name of the OpenGL implementation that draws, for reports."""
        return str(self._gl.glGetString(self._gl.GL_RENDERER).decode())

    def render(self, scene: Scene) -> Frame:
        """Draw one scene. The same scene gives the same bytes in every process of one machine and driver."""
        size = scene.camera.size
        if size not in self._targets:
            self._targets[size] = PictureTargets(self._gl, *size)
        targets = self._targets[size]
        upload = upload_scene(self._parts, scene)
        try:
            clip_from_world = camera_matrix(self._parts, scene)
            shadows = self._draw_shadows(scene, upload)
            targets.begin_centre()
            self._draw_picture(scene, clip_from_world, shadows, upload, is_fine=False)
            radiance, depth_m, names = targets.read_centre()
            if scene.is_smooth:
                edges = edge_pixels(depth_m, names, scene.camera)
                targets.begin_fine(edges)
                self._draw_picture(scene, clip_from_world, shadows, upload, is_fine=True)
                radiance[edges] = targets.read_fine(edges)
        finally:
            upload.primitive.delete()
        return Frame(radiance=radiance, depth_m=depth_m, ids=names.astype(np.uint16))

    def _draw_shadows(self, scene: Scene, upload: Upload) -> list[tuple[np.ndarray, float]]:
        """Fill the shadow maps; answers (clip_from_world, offset along the normal in metres) of each."""
        gl, maps = self._gl, _shadow_views(scene)
        for number, (matrix, _) in enumerate(maps):
            self._shadow_maps.begin(number)
            begin = 0
            for program, count in zip(self._shadows, (upload.num_solid, upload.num_leafy), strict=True):
                gl.glUseProgram(program)
                bind_bank(gl, program, self._bank)
                draw_rows(gl, program, upload, matrix, begin, count)
                begin += count
        self._shadow_maps.end()
        return maps

    def _draw_picture(
        self,
        scene: Scene,
        clip_from_world: np.ndarray,
        shadows: list[tuple[np.ndarray, float]],
        upload: Upload,
        *,
        is_fine: bool,
    ) -> None:
        """Things, then the sky where none are, into the targets that are bound."""
        gl = self._gl
        begin = 0
        for cut_out, count in ((0, upload.num_solid), (1, upload.num_leafy), (0, upload.num_rest)):
            if count > 0:
                program = self._colour_program(scene, cut_out, is_fine)
                self._set_scene(program, scene, shadows)
                draw_rows(gl, program, upload, clip_from_world, begin, count)
            begin += count
        gl.glDepthFunc(gl.GL_LEQUAL)
        sky = self._skies[is_fine]
        self._set_scene(sky, scene, [])
        set_matrices(gl, sky, "world_from_clip", [np.linalg.inv(clip_from_world)])
        gl.glBindVertexArray(self._no_vertices)
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3)

    def _colour_program(self, scene: Scene, cut_out: int, is_fine: bool) -> int:
        """The shader made for this kind of scene; a software rasteriser pays for every light, lit or not."""
        outdoors = int(len(scene.lights) == 1 and scene.lights[0].is_sun)
        key = outdoors, cut_out, len(scene.lights), int(is_fine)
        if key not in self._colours:
            defines = dict(zip(("OUTDOORS", "CUT_OUT", "NUM_LIGHTS", "FINE"), key, strict=True))
            self._colours[key] = program_of(self._parts, "scene.vert", "colour.frag", defines)
        return self._colours[key]

    def _set_scene(self, program: int, scene: Scene, shadows: Sequence[tuple[np.ndarray, float]]) -> None:
        gl, around = self._gl, scene.surrounding
        gl.glUseProgram(program)
        bind_bank(gl, program, self._bank)
        self._shadow_maps.bind(program)
        if shadows:
            set_matrices(gl, program, "shadow_from_world", [matrix for matrix, _ in shadows])
            set_vectors(gl, program, "shadow_offset_m", [(offset_m,) for _, offset_m in shadows])
        for name in SURROUNDING_UNIFORMS:
            set_vectors(gl, program, name, [getattr(around, name)])
        for name, value in zip(("room_low_m", "room_high_m"), around.room_m, strict=True):
            set_vectors(gl, program, name, [value])
        set_vectors(gl, program, "bump_m", [scene.bump_m])
        set_vectors(gl, program, "eye", [scene.world_from_camera[:3, 3]])
        self._set_lights(program, scene.lights)

    def _set_lights(self, program: int, lights: Sequence[Light]) -> None:
        gl = self._gl
        assert 1 <= len(lights) <= MAX_LIGHTS and not any(light.has_shadow for light in lights[2:])
        set_vectors(gl, program, "light_place", [(*light.place_m, float(not light.is_sun)) for light in lights])
        set_vectors(gl, program, "light_axis", [(*light.axis, float(np.cos(light.half_angle_rad))) for light in lights])
        set_vectors(gl, program, "light_colour", [light.colour for light in lights])
        set_vectors(gl, program, "has_shadow", [(float(light.has_shadow),) for light in lights])


def _shadow_views(scene: Scene) -> list[tuple[np.ndarray, float]]:
    """The sun alone gets both maps, a near one and a wide one; else each of the first two lights gets one.

    None are drawn when no light casts shadows, as in previews.
    """
    if not any(light.has_shadow for light in scene.lights):
        return []
    if len(scene.lights) == 1 and scene.lights[0].is_sun:
        return [sun_matrix(scene, scene.lights[0], reach_m, SHADOW_MAP_PX) for reach_m in scene.shadow_reach_m]
    return [
        sun_matrix(scene, light, scene.shadow_reach_m[0], SHADOW_MAP_PX)
        if light.is_sun
        else lamp_matrix(light, SHADOW_MAP_PX)
        for light in scene.lights[:2]
    ]
