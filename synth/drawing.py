"""Drawing: a scene as one primitive on the device, and the pass that measures z and ids with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from synth.corners import Corners, columns_of
from synth.gl import Pyrender
from synth.mesh import CUT_OUT_COLUMN, Mesh
from synth.scene import Scene, Thing
from synth.targets import MeasureTargets

SHADERS = Path(__file__).parent / "shaders"
GL_FROM_OPENCV = np.diag((1.0, -1.0, -1.0, 1.0))


@dataclass(frozen=True, slots=True)
class Upload:
    """A scene on the device: corners in the order solid casters, leafy casters, solid rest."""

    primitive: Corners
    num_solid: int
    num_leafy: int
    num_rest: int


def upload_scene(parts: Pyrender, scene: Scene) -> Upload:
    """Send the scene as one primitive, near to far and grounds and walls last, so that little is shaded twice."""
    solid: list[tuple[int, Mesh]] = []
    leafy: list[tuple[int, Mesh]] = []
    rest: list[tuple[int, Mesh]] = []
    for i in near_to_far(scene):
        thing = scene.things[i]
        is_leafy = thing.mesh.look[:, CUT_OUT_COLUMN] > 0.5
        assert thing.casts_shadow or not is_leafy.any(), "leaves always cast shadows"
        changes = np.flatnonzero(is_leafy[1:] != is_leafy[:-1]) + 1  # a tree is a trunk, then leaves
        for begin, end in pairwise((0, *changes.tolist(), len(is_leafy))):
            group = rest if not thing.casts_shadow else leafy if is_leafy[begin] else solid
            group.append((i + 1, thing.mesh.rows(begin, end)))
    numbers, meshes = zip(*solid, *leafy, *rest, strict=True)
    counts = [sum(len(mesh.positions_m) for _, mesh in group) for group in (solid, leafy, rest)]
    return Upload(Corners(parts.gl, columns_of(numbers, meshes), sum(counts)), *counts)


def near_to_far(scene: Scene) -> list[int]:
    """Numbers of the things, loose ones before the structure, each kind by its distance from the eye."""
    eye = scene.world_from_camera[:3, 3]
    boxes_m = np.array([_box_m(thing) for thing in scene.things])
    gaps_m = np.maximum(np.maximum(boxes_m[:, 0] - eye, eye - boxes_m[:, 1]), 0.0)
    distances_m = np.sqrt(np.einsum("nk,nk->n", gaps_m, gaps_m)).tolist()
    keys = [(thing.kind in scene.structure, distances_m[i], i) for i, thing in enumerate(scene.things)]
    return [number for *_, number in sorted(keys)]


def _box_m(thing: Thing) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest of some corners: enough to sort by."""
    corners_m = thing.mesh.positions_m
    some_m = corners_m[:: max(len(corners_m) // 64, 1)]
    return some_m.min(axis=0), some_m.max(axis=0)


class Measure:
    """The pass that draws z and ids exactly at the pixel centres, holes included."""

    def __init__(self, parts: Pyrender) -> None:
        self._gl = parts.gl
        self._program = program_of(parts, "scene.vert", "measure.frag")

    def draw(
        self, targets: MeasureTargets, bank: int, clip_from_world: np.ndarray, upload: Upload
    ) -> tuple[np.ndarray, np.ndarray]:
        """Planar z (H,W) float32 and ids (H,W) uint16."""
        targets.begin()
        self._gl.glUseProgram(self._program)
        bind_bank(self._gl, self._program, bank)
        num_rows = upload.num_solid + upload.num_leafy + upload.num_rest
        draw_rows(self._gl, self._program, upload, clip_from_world, 0, num_rows)
        return targets.read()


def camera_matrix(parts: Pyrender, scene: Scene) -> np.ndarray:
    """(4,4) clip_from_world of the scene's camera."""
    (fx, fy), (cx, cy) = scene.camera.f_px, scene.camera.c_px
    near_m, far_m = scene.near_far_m
    camera = parts.intrinsics_camera(fx, fy, cx, cy, znear=near_m, zfar=far_m)
    projection = np.asarray(camera.get_projection_matrix(scene.camera.width, scene.camera.height))
    return np.asarray(projection @ GL_FROM_OPENCV @ np.linalg.inv(scene.world_from_camera))


def draw_rows(gl: Any, program: int, upload: Upload, clip_from_world: np.ndarray, first: int, count: int) -> None:
    """Draw `count` corners from `first` on with the program in use."""
    if count == 0:
        return
    set_matrices(gl, program, "clip_from_world", [clip_from_world])
    upload.primitive.bind()
    gl.glDrawArrays(gl.GL_TRIANGLES, first, count)


def bind_bank(gl: Any, program: int, bank: int) -> None:
    """Give the texture bank to the program in use."""
    gl.glActiveTexture(gl.GL_TEXTURE0)
    gl.glBindTexture(gl.GL_TEXTURE_2D_ARRAY, bank)
    gl.glUniform1i(gl.glGetUniformLocation(program, "bank"), 0)


def program_of(parts: Pyrender, vertex: str, fragment: str, defines: dict[str, int] | None = None) -> int:
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


def set_matrices(gl: Any, program: int, name: str, matrices: Sequence[np.ndarray]) -> None:
    """Set a (4,4) uniform or an array of them; a program that does not read it (place -1) is left alone."""
    place = gl.glGetUniformLocation(program, name)
    values = np.ascontiguousarray(np.stack(matrices), dtype=np.float32)
    if place >= 0:
        gl.glUniformMatrix4fv(place, len(values), gl.GL_TRUE, values)


def set_vectors(gl: Any, program: int, name: str, vectors: Sequence[Any]) -> None:
    """Set a uniform or a uniform array; a program that does not read it (place -1) is left alone."""
    place = gl.glGetUniformLocation(program, name)
    values = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
    setters = (gl.glUniform1fv, gl.glUniform2fv, gl.glUniform3fv, gl.glUniform4fv)
    if place >= 0:
        setters[values.shape[1] - 1](place, len(values), np.ascontiguousarray(values))
