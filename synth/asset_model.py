"""Asset model: a GLB, GLTF, OBJ or PLY file as triangles that stand upright on z = 0, in metres."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from synth.asset_mesh import Triangles, backs_of, coarsened, joined, needs_backs, smooth_normals, without_slivers
from synth.asset_picture import guarded_pictures, layer_of
from synth.asset_source import AssetSource, Unusable
from synth.mesh import Material
from synth.noise import SIZE_PX
from synth.texels import LINEAR

MAX_FACES = 4_000_000
"""Triangles that are read at all; with more than `asset_mesh.MAX_TRIANGLES` a model is made coarser."""
SIZES_M = (0.005, 60.0)
"""Longest edge of the box around a model."""
MAX_PICTURES = 16
"""Textures of one model."""
ROUGH_GLOSS = 0.1
"""Of what does not say how rough it is."""
Z_FROM_Y = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)))
"""Turns what has y up, z to the viewer so that z is up and it faces -y."""


def read_model(root: Path, name: str, *, scale: float, up: str) -> dict[str, np.ndarray]:
    """Arrays of one model: corners_m, normals (T,3,3), uv (T,3,2), look (T,9) float32, pictures (P,S,S,4) uint8.

    Layers in `look` are 0 for white and count the pictures from 1. Raises Unusable with the reason, or whatever trimesh
    raises on garbage.
    """
    parts, pictures = _parts(root, name)
    triangles = joined(parts)
    if not np.isfinite(triangles.corners_m).all():
        raise Unusable("has corners that are no numbers (NaN or infinity)")
    corners_m = triangles.corners_m * scale
    if up == "y":
        corners_m = corners_m @ Z_FROM_Y.T
    corners_m = _grounded(corners_m)
    triangles = without_slivers(coarsened(without_slivers(Triangles(corners_m, triangles.uv, triangles.look))))
    if len(triangles.look) == 0:
        raise Unusable("has no triangles with an area")
    triangles = Triangles(_grounded(triangles.corners_m), triangles.uv, triangles.look)
    normals = smooth_normals(triangles)
    if needs_backs(triangles):
        triangles, normals = joined([triangles, backs_of(triangles)]), np.concatenate((normals, -normals[:, ::-1]))
    return {
        "corners_m": triangles.corners_m.astype(np.float32),
        "normals": normals,
        "uv": triangles.uv,
        "look": triangles.look,
        "pictures": np.concatenate([np.empty((0, SIZE_PX, SIZE_PX, 4), dtype=np.uint8), *pictures]),
    }


def _grounded(corners_m: np.ndarray) -> np.ndarray:
    """The corners with the middle of their box over the origin and its foot on z = 0."""
    low, high = (limit(corners_m.reshape(-1, 3), axis=0) for limit in (np.min, np.max))
    size_m = float((high - low).max())
    if not SIZES_M[0] <= size_m <= SIZES_M[1]:
        raise Unusable(
            f"is {size_m:.4g} m large, and {SIZES_M[0]:g} to {SIZES_M[1]:g} m are possible; "
            "if its unit is another, say so with a scale in assets.json"
        )
    return np.asarray(corners_m - ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]))


def _parts(root: Path, name: str) -> tuple[list[Triangles], list[np.ndarray]]:
    """All instances of all meshes of the file, and the (1,S,S,4) layers of their pictures."""
    import trimesh

    source = AssetSource(root, name)
    kind = Path(name).suffix[1:].lower()
    with guarded_pictures(source.problems):
        scene = trimesh.load_scene(
            io.BytesIO((root / name).read_bytes()),
            file_type=kind,
            resolver=source,  # type: ignore[arg-type]  # it has what trimesh calls
            process=False,
        )
    if source.problems:
        raise Unusable(source.problems[0])
    places = [(*scene.graph.get(node), node) for node in sorted(scene.graph.nodes_geometry)]
    meshes = [(scene.geometry[key], matrix) for matrix, key, _ in places]
    meshes = [(mesh, matrix) for mesh, matrix in meshes if len(getattr(mesh, "faces", ())) > 0]
    num_faces = sum(len(mesh.faces) for mesh, _ in meshes)
    if num_faces == 0:
        raise Unusable("has no triangles")
    if num_faces > MAX_FACES:
        raise Unusable(f"has {num_faces} triangles, more than {MAX_FACES}")
    layers: dict[Any, int] = {None: 0}
    pictures: list[np.ndarray] = []
    is_linear = kind in ("glb", "gltf")
    return [_part(mesh, matrix, layers, pictures, is_linear=is_linear) for mesh, matrix in meshes], pictures


def _part(
    mesh: Any, matrix: np.ndarray, layers: dict[Any, int], pictures: list[np.ndarray], *, is_linear: bool
) -> Triangles:
    """The faces of one mesh where `matrix` puts them; colours of vertices are taken as linear light or as sRGB."""
    faces = np.asarray(mesh.faces)
    corners_m = (np.asarray(mesh.vertices, dtype=np.float64) @ matrix[:3, :3].T + matrix[:3, 3])[faces]
    if np.linalg.det(matrix[:3, :3]) < 0.0:
        faces, corners_m = faces[:, ::-1], corners_m[:, ::-1]
    material = getattr(mesh.visual, "material", None)
    uv = getattr(mesh.visual, "uv", None)
    picture, has_holes = _picture(material) if uv is not None else (None, False)
    key = None if picture is None else (id(picture), has_holes)
    if key not in layers:
        if len(pictures) == MAX_PICTURES:
            raise Unusable(f"has more than {MAX_PICTURES} textures")
        pictures.append(layer_of(picture, has_holes=has_holes)[None])
        layers[key] = len(pictures)
    look = np.tile(_material(material, layers[key], has_holes).look(), (len(faces), 1))
    look[:, :3] *= _colours(mesh.visual, faces, is_linear=is_linear)
    if uv is None or picture is None:
        tiles = np.zeros((len(faces), 3, 2), dtype=np.float32)
    else:
        tiles = np.nan_to_num(np.asarray(uv, dtype=np.float32)[faces], posinf=0.0, neginf=0.0)
    return Triangles(corners_m, tiles, look)


def _picture(material: Any) -> tuple[Any, bool]:
    """The texture that a material has for its colour, and whether it has holes."""
    picture = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    return picture, picture is not None and getattr(material, "alphaMode", None) == "MASK"


def _material(material: Any, layer: int, has_holes: bool) -> Material:
    """Tint, gloss and metal of a material; glTF's factors are linear, those of an OBJ are sRGB."""
    rgb = np.ones(3)
    factor = getattr(material, "baseColorFactor", None)
    diffuse = getattr(material, "diffuse", None)
    if factor is not None:
        rgb = np.asarray(factor)[:3] / 255.0
    elif diffuse is not None and layer == 0:
        rgb = LINEAR[np.asarray(diffuse)[:3]]
    roughness = getattr(material, "roughnessFactor", None)
    has_map = getattr(material, "metallicRoughnessTexture", None) is not None
    metal = getattr(material, "metallicFactor", None)
    return Material(
        layer=layer,
        tint=(float(rgb[0]), float(rgb[1]), float(rgb[2])),
        gloss=ROUGH_GLOSS if roughness is None or has_map else float(np.clip(1.0 - roughness, 0.0, 0.9)),
        metal=0.0 if metal is None or has_map else float(np.clip(metal, 0.0, 1.0)),
        cut_out=has_holes,
        variation=0.0,
    )


def _colours(visual: Any, faces: np.ndarray, *, is_linear: bool) -> np.ndarray:
    """(T,3) linear factor: the colours of the faces or of their corners, white where there are none."""
    if visual.kind == "face":
        colours = np.asarray(visual.face_colors)[:, None, :3]
    elif visual.kind == "vertex":
        colours = np.asarray(visual.vertex_colors)[faces][..., :3]
    else:
        return np.ones((len(faces), 3), dtype=np.float32)
    linear = colours / np.float32(255.0) if is_linear else LINEAR[colours]
    return np.asarray(linear.mean(axis=1), dtype=np.float32)
