"""Renderer: one OpenGL context for life, few draw calls, exact z and ids beside a smooth picture.

pyrender as it comes reads depth from a multisampled buffer (metres wrong at 75 m), draws in the order of a
`set`, and spends most of its time on the filter of its shadows. Here the whole scene is one `pyrender.Primitive`,
sorted near to far, drawn three ways: shadow maps, picture (four samples per pixel), and z with ids at the pixel
centres without any smoothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from synth.gl import open_pyrender
from synth.mesh import CUT_OUT_COLUMN, merged
from synth.scene import Frame, Light, Scene, Thing
from synth.shadow import lamp_matrix, sun_matrix
from synth.targets import SHADOW_MAP_PX, PictureTargets, ShadowTargets, upload_bank

SHADERS = Path(__file__).parent / "shaders"
GL_FROM_OPENCV = np.diag((1.0, -1.0, -1.0, 1.0))
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


@dataclass(frozen=True, slots=True)
class _Upload:
    """A scene on the device: corners in the order solid casters, leafy casters, solid rest."""

    primitive: Any
    num_solid: int
    num_leafy: int
    num_rest: int


class Renderer:
    """Draws scenes of one image size or several. Make one per process and keep it."""

    def __init__(self, bank: np.ndarray) -> None:
        """`bank` is (L,S,S,4) uint8, sRGB with alpha: the texture bank."""
        self._parts = open_pyrender()
        gl = self._gl = self._parts.gl
        self._measure = _program(self._parts, "scene.vert", "measure.frag")
        self._shadows = [_program(self._parts, "scene.vert", "shadow.frag", {"CUT_OUT": cut_out}) for cut_out in (0, 1)]
        self._sky = _program(self._parts, "sky.vert", "sky.frag")
        self._colours: dict[tuple[int, int, int], int] = {}
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
        upload = self._upload(scene)
        try:
            clip_from_world = _projection(self._parts, scene) @ GL_FROM_OPENCV @ np.linalg.inv(scene.world_from_camera)
            shadows = self._draw_shadows(scene, upload)
            radiance = self._draw_colour(scene, targets, clip_from_world, shadows, upload)
            depth_m, ids = self._draw_measure(targets, clip_from_world, upload)
        finally:
            upload.primitive.delete()
        return Frame(radiance=radiance, depth_m=depth_m, ids=ids)

    def _upload(self, scene: Scene) -> _Upload:
        """Send the scene as one primitive, near to far and grounds and walls last, so that little is shaded twice."""
        eye = scene.world_from_camera[:3, 3]
        keys = [(thing.kind in scene.structure, _distance(thing, eye), i) for i, thing in enumerate(scene.things)]
        order = [number for *_, number in sorted(keys)]
        mesh = merged([scene.things[i].mesh for i in order])
        sizes = [len(scene.things[i].mesh.positions_m) for i in order]
        casts = np.repeat([scene.things[i].casts_shadow for i in order], sizes)
        ids = np.repeat(np.array(order, dtype=np.float32) + 1.0, sizes)
        leafy = mesh.look[:, CUT_OUT_COLUMN] > 0.5
        rank = np.where(~casts, 2, leafy)
        assert not (leafy & ~casts).any(), "leaves always cast shadows"
        rows = np.argsort(rank.astype(np.uint8), kind="stable")  # small numbers are sorted by counting
        primitive = self._parts.primitive(
            positions=mesh.positions_m[rows],
            normals=mesh.normals[rows],
            tangents=mesh.look[rows, :4],
            texcoord_0=mesh.uv[rows],
            texcoord_1=np.stack((mesh.look[rows, 4], ids[rows]), axis=1),
            color_0=mesh.look[rows, 5:9],
        )
        primitive._add_to_context()
        counts = np.bincount(rank, minlength=3)
        return _Upload(primitive, int(counts[0]), int(counts[1]), int(counts[2]))

    def _draw_shadows(self, scene: Scene, upload: _Upload) -> list[tuple[np.ndarray, float]]:
        """Fill the shadow maps; answers (clip_from_world, offset along the normal in metres) of each."""
        maps = _shadow_views(scene)
        for number, (matrix, _) in enumerate(maps):
            self._shadow_maps.begin(number)
            begin = 0
            for program, count in zip(self._shadows, (upload.num_solid, upload.num_leafy), strict=True):
                self._gl.glUseProgram(program)
                self._bind_bank(program)
                self._draw(program, upload, matrix, begin, count)
                begin += count
        self._shadow_maps.end()
        return maps

    def _draw_colour(
        self,
        scene: Scene,
        targets: PictureTargets,
        clip_from_world: np.ndarray,
        shadows: list[tuple[np.ndarray, float]],
        upload: _Upload,
    ) -> np.ndarray:
        gl = self._gl
        targets.begin_colour()
        begin = 0
        for cut_out, count in ((0, upload.num_solid), (1, upload.num_leafy), (0, upload.num_rest)):
            if count > 0:
                program = self._colour_program(scene, cut_out)
                self._set_scene(program, scene, shadows)
                self._draw(program, upload, clip_from_world, begin, count)
            begin += count
        gl.glDepthFunc(gl.GL_LEQUAL)
        self._set_scene(self._sky, scene, [])
        _matrices(gl, self._sky, "world_from_clip", [np.linalg.inv(clip_from_world)])
        gl.glBindVertexArray(self._no_vertices)
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3)
        return targets.read_colour()

    def _colour_program(self, scene: Scene, cut_out: int) -> int:
        """The shader made for this kind of scene; a software rasteriser pays for every light, lit or not."""
        outdoors = int(len(scene.lights) == 1 and scene.lights[0].is_sun)
        key = outdoors, cut_out, len(scene.lights)
        if key not in self._colours:
            defines = dict(zip(("OUTDOORS", "CUT_OUT", "NUM_LIGHTS"), key, strict=True))
            self._colours[key] = _program(self._parts, "scene.vert", "colour.frag", defines)
        return self._colours[key]

    def _draw_measure(
        self, targets: PictureTargets, clip_from_world: np.ndarray, upload: _Upload
    ) -> tuple[np.ndarray, np.ndarray]:
        targets.begin_measure()
        self._gl.glUseProgram(self._measure)
        self._bind_bank(self._measure)
        self._draw(self._measure, upload, clip_from_world, 0, upload.num_solid + upload.num_leafy + upload.num_rest)
        return targets.read_measure()

    def _draw(self, program: int, upload: _Upload, clip_from_world: np.ndarray, first: int, count: int) -> None:
        if count == 0:
            return
        _matrices(self._gl, program, "clip_from_world", [clip_from_world])
        upload.primitive._bind()
        self._gl.glDrawArrays(self._gl.GL_TRIANGLES, first, count)

    def _bind_bank(self, program: int) -> None:
        gl = self._gl
        gl.glActiveTexture(gl.GL_TEXTURE0)
        gl.glBindTexture(gl.GL_TEXTURE_2D_ARRAY, self._bank)
        gl.glUniform1i(gl.glGetUniformLocation(program, "bank"), 0)

    def _set_scene(self, program: int, scene: Scene, shadows: Sequence[tuple[np.ndarray, float]]) -> None:
        gl, around = self._gl, scene.surrounding
        gl.glUseProgram(program)
        self._bind_bank(program)
        self._shadow_maps.bind(program)
        if shadows:
            _matrices(gl, program, "shadow_from_world", [matrix for matrix, _ in shadows])
            _vectors(gl, program, "shadow_offset_m", [(offset_m,) for _, offset_m in shadows])
        for name in SURROUNDING_UNIFORMS:
            _vectors(gl, program, name, [getattr(around, name)])
        for name, value in zip(("room_low_m", "room_high_m"), around.room_m, strict=True):
            _vectors(gl, program, name, [value])
        _vectors(gl, program, "bump_m", [scene.bump_m])
        _vectors(gl, program, "eye", [scene.world_from_camera[:3, 3]])
        self._set_lights(program, scene.lights)

    def _set_lights(self, program: int, lights: Sequence[Light]) -> None:
        gl = self._gl
        assert 1 <= len(lights) <= MAX_LIGHTS and not any(light.has_shadow for light in lights[2:])
        _vectors(gl, program, "light_place", [(*light.place_m, float(not light.is_sun)) for light in lights])
        _vectors(gl, program, "light_axis", [(*light.axis, float(np.cos(light.half_angle_rad))) for light in lights])
        _vectors(gl, program, "light_colour", [light.colour for light in lights])
        _vectors(gl, program, "has_shadow", [(float(light.has_shadow),) for light in lights])


def _program(parts: Any, vertex: str, fragment: str, defines: dict[str, int] | None = None) -> int:
    """Compile and link; validation has to wait until the samplers have their texture units."""
    stages = ((vertex, parts.gl.GL_VERTEX_SHADER), (fragment, parts.gl.GL_FRAGMENT_SHADER))
    compiled = [parts.shaders.compileShader(_source(name, defines or {}), kind) for name, kind in stages]
    return int(parts.shaders.compileProgram(*compiled, validate=False))


def _source(name: str, defines: dict[str, int]) -> str:
    """The text of a shader with its includes, and the defines after the version line."""
    text = (SHADERS / name).read_text()
    text = text.replace("//include sky.glsl", (SHADERS / "sky.glsl").read_text())
    version, _, rest = text.partition("\n")
    return "\n".join((version, *(f"#define {key} {value}" for key, value in defines.items()), rest))


def _matrices(gl: Any, program: int, name: str, matrices: Sequence[np.ndarray]) -> None:
    place = gl.glGetUniformLocation(program, name)
    values = np.ascontiguousarray(np.stack(matrices), dtype=np.float32)
    if place >= 0:
        gl.glUniformMatrix4fv(place, len(values), gl.GL_TRUE, values)


def _vectors(gl: Any, program: int, name: str, vectors: Sequence[Any]) -> None:
    """Set a uniform or a uniform array; a program that does not read it (place -1) is left alone."""
    place = gl.glGetUniformLocation(program, name)
    values = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
    setters = (gl.glUniform1fv, gl.glUniform2fv, gl.glUniform3fv, gl.glUniform4fv)
    if place >= 0:
        setters[values.shape[1] - 1](place, len(values), np.ascontiguousarray(values))


def _projection(parts: Any, scene: Scene) -> np.ndarray:
    (fx, fy), (cx, cy) = scene.camera.f_px, scene.camera.c_px
    near_m, far_m = scene.near_far_m
    camera = parts.intrinsics_camera(fx, fy, cx, cy, znear=near_m, zfar=far_m)
    return np.asarray(camera.get_projection_matrix(scene.camera.width, scene.camera.height))


def _distance(thing: Thing, eye: np.ndarray) -> float:
    low, high = thing.mesh.bounds_m()
    return float(np.linalg.norm(np.maximum(np.maximum(low - eye, eye - high), 0.0)))


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
