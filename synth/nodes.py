"""Nodes: a scene in pyrender's words: meshes of metallic-roughness materials, lights, one camera."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from synth.drawing import GL_FROM_OPENCV
from synth.mesh import CUT_OUT_COLUMN, Mesh
from synth.scene import Light, Scene

MATERIAL_COLUMNS = (3, 4, 5, 6, CUT_OUT_COLUMN)
"""Gloss, layer, emission, metal, cut-out: what one pyrender material holds. The tint is in the corners."""
GAIN = 0.5
"""Radiance that pyrender's 8 bits show as white is 1 / GAIN."""
CONE_EDGE = 0.35
"""Width of the soft edge of a lamp's cone, as a difference of cosines."""


class Materials:
    """The texture bank as pyrender's textures, made when they are first used, and kept."""

    def __init__(self, bank: np.ndarray) -> None:
        self._bank = bank
        self._textures: dict[tuple[int, bool], Any] = {}

    def texture(self, layer: int, *, is_cut_out: bool) -> Any:
        """A layer; without its alpha, which means gloss, unless it has holes."""
        from pyrender import Texture

        key = layer, is_cut_out
        if key not in self._textures:
            form = "RGBA" if is_cut_out else "RGB"
            source = self._bank[layer][::-1, :, : len(form)]  # pyrender turns pictures upside down
            self._textures[key] = Texture(source=np.ascontiguousarray(source), source_channels=form)
        return self._textures[key]

    def material(self, look: np.ndarray) -> Any:
        """The material of a row of `Mesh.look`; the tint is left to the corners."""
        from pyrender import MetallicRoughnessMaterial

        gloss, layer, emission, metal, cut_out = (float(look[column]) for column in MATERIAL_COLUMNS)
        texture = self.texture(int(layer), is_cut_out=cut_out > 0.5)
        glow = (4.0 * emission * GAIN) ** 0.5  # pyrender multiplies by the factor twice
        return MetallicRoughnessMaterial(
            baseColorTexture=texture,
            emissiveTexture=texture if emission > 0.0 else None,
            emissiveFactor=np.full(3, glow, dtype=np.float32),
            metallicFactor=metal,
            roughnessFactor=(2.0 / (2.0 ** (1.0 + 10.0 * gloss) + 2.0)) ** 0.25,  # the lobe as wide as ours
        )


def pyrender_mesh(name: str, mesh: Mesh, materials: Materials) -> Any:
    """One pyrender mesh with a primitive for every material."""
    from pyrender import Mesh as PyrenderMesh
    from pyrender import Primitive

    keys, which = np.unique(mesh.look[:, MATERIAL_COLUMNS], axis=0, return_inverse=True)
    primitives = []
    for number in range(len(keys)):
        rows = np.nonzero(which.ravel() == number)[0]
        tint = np.concatenate((mesh.look[rows, :3], np.ones((len(rows), 1), dtype=np.float32)), axis=1)
        primitives.append(
            Primitive(
                positions=mesh.positions_m[rows],
                normals=mesh.normals[rows],
                texcoord_0=mesh.uv[rows],
                color_0=tint,
                material=materials.material(mesh.look[rows[0]]),
            )
        )
    return PyrenderMesh(primitives=primitives, name=name)


def pyrender_scene(scene: Scene, meshes: Iterable[Any]) -> tuple[Any, Sequence[Any]]:
    """A `pyrender.Scene` of the meshes with the scene's camera and lights, and its lights in the scene's order."""
    from pyrender import IntrinsicsCamera
    from pyrender import Scene as PyrenderScene

    around = scene.surrounding
    sides = [np.asarray(colour) for colour in (around.ambient_up, around.ambient_side, around.ambient_down)]
    ambient = GAIN * (sides[0] + 2.0 * sides[1] + sides[2]) / 4.0
    made = PyrenderScene(bg_color=np.zeros(4), ambient_light=ambient)
    for mesh in meshes:
        made.add(mesh)
    lights = [pyrender_light(light) for light in scene.lights]
    for light, pyrender_one in zip(scene.lights, lights, strict=True):
        made.add(pyrender_one, pose=light_pose(light))
    (fx, fy), (cx, cy) = scene.camera.f_px, scene.camera.c_px
    near_m, far_m = scene.near_far_m
    camera = IntrinsicsCamera(fx, fy, cx, cy, znear=near_m, zfar=far_m)
    made.add(camera, pose=scene.world_from_camera @ GL_FROM_OPENCV)
    return made, lights


def pyrender_light(light: Light) -> Any:
    """The sun as a directional light, a lamp with shadow as a spot (point lights cannot have one), else as a point."""
    from pyrender import DirectionalLight, PointLight, SpotLight

    strength = max(light.colour)
    options = {"color": np.asarray(light.colour) / strength, "intensity": float(np.pi * GAIN * strength)}
    if light.is_sun:
        return DirectionalLight(**options)
    if not light.has_shadow:
        return PointLight(**options)
    half_angle_rad = min(light.half_angle_rad, np.pi / 2)
    inner_rad = float(np.arccos(min(np.cos(half_angle_rad) + CONE_EDGE, 1.0)))
    return SpotLight(innerConeAngle=inner_rad, outerConeAngle=half_angle_rad, **options)


def light_pose(light: Light) -> np.ndarray:
    """(4,4) pose in which pyrender's lights shine along -z."""
    z = np.asarray(light.place_m if light.is_sun else np.negative(light.axis), dtype=np.float64)
    z = z / np.linalg.norm(z)
    x = np.cross((0.0, 1.0, 0.0) if abs(z[2]) > 0.9 else (0.0, 0.0, 1.0), z)
    pose = np.eye(4)
    pose[:3, 0] = x / np.linalg.norm(x)
    pose[:3, 1] = np.cross(z, pose[:3, 0])
    pose[:3, 2] = z
    pose[:3, 3] = (0.0, 0.0, 0.0) if light.is_sun else light.place_m
    return pose
