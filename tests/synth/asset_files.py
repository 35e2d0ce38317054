"""Small files of assets, whole and broken."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image
from trimesh.visual import TextureVisuals
from trimesh.visual.material import PBRMaterial

from synth.bank_file import cache_directory

MAGENTA = (255, 0, 255, 255)


def own_cache(monkeypatch: pytest.MonkeyPatch, directory: Path) -> Path:
    """A cache of the test's own that has the baked bank of the user's."""
    directory.mkdir()
    for path in cache_directory().glob("bank-*"):
        (directory / path.name).symlink_to(path.resolve())
    monkeypatch.setenv("SYNTH_CACHE_DIR", str(directory))
    return directory


def halves() -> Image.Image:
    """Red above, blue below."""
    pixels = np.zeros((64, 64, 3), dtype=np.uint8)
    pixels[:32, :, 0] = pixels[32:, :, 2] = 255
    return Image.fromarray(pixels)


def write_box(path: Path, *, size=(0.6, 0.8, 0.4), picture: Image.Image | None = None) -> Path:
    """A closed box in glTF's axes, y up, whose four sides show the whole picture upright once."""
    x, y, z = np.array(size) / 2
    corners, uv, faces = [], [], []
    rims = [((-x, z), (x, z)), ((x, z), (x, -z)), ((x, -z), (-x, -z)), ((-x, -z), (-x, z))]
    for (x0, z0), (x1, z1) in rims:
        first = len(corners)
        corners += [(x0, -y, z0), (x1, -y, z1), (x1, y, z1), (x0, y, z0)]
        uv += [(0, 0), (1, 0), (1, 1), (0, 1)]
        faces += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
    for height, order in ((y, (0, 1, 2, 3)), (-y, (3, 2, 1, 0))):
        first = len(corners)
        corners += [(rims[k][0][0], height, rims[k][0][1]) for k in order]
        uv += [(0.5, 0.75)] * 4
        faces += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
    material = PBRMaterial(baseColorTexture=picture or halves(), metallicFactor=0.0, roughnessFactor=0.8)
    mesh = trimesh.Trimesh(corners, faces, process=False, visual=TextureVisuals(uv=uv, material=material))
    assert mesh.volume > 0
    path.write_bytes(mesh.export(file_type="glb"))
    return path


def write_ball(path: Path, *, radius_m: float = 0.15, detail: int = 2) -> Path:
    """A magenta ball, coloured at its vertices."""
    ball = trimesh.creation.icosphere(subdivisions=detail, radius=radius_m)
    ball.visual.vertex_colors = np.tile(MAGENTA, (len(ball.vertices), 1)).astype(np.uint8)
    content = ball.export(file_type=path.suffix[1:])
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_folder(root: Path) -> Path:
    """A textured box, a coloured ball and a texture."""
    (root / "textures").mkdir(parents=True)
    write_box(root / "box.glb")
    write_ball(root / "ball.ply")
    Image.fromarray(np.full((8, 8, 3), (0, 200, 0), dtype=np.uint8)).save(root / "textures" / "green.png")
    return root


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is large and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def glb_bytes() -> bytes:
    """A whole GLB."""
    return trimesh.creation.box((1.0, 1.0, 1.0)).export(file_type="glb")


def glb_with_bomb() -> bytes:
    """A GLB whose texture says that it has ten thousand million pixels."""
    box = trimesh.creation.box((1.0, 1.0, 1.0))
    material = PBRMaterial(baseColorTexture=halves())
    box.visual = TextureVisuals(uv=np.zeros((8, 2)), material=material)
    content = box.export(file_type="glb")
    begin = content.index(b"\x89PNG")
    end = content.index(b"IEND", begin) + 8
    bomb = png_header(100_000, 100_000)
    room = end - begin
    assert len(bomb) <= room, "the bomb must fit where the picture was"
    return content[:begin] + bomb + b"\0" * (room - len(bomb)) + content[end:]


def ball_bytes() -> bytes:
    """A whole binary PLY."""
    return trimesh.creation.icosphere(subdivisions=1, radius=0.2).export(file_type="ply")


def obj_text(*lines: str) -> bytes:
    """An OBJ of one triangle with some lines before it."""
    return "\n".join((*lines, "v 0 0 0", "v 1 0 0", "v 0 1 0", "f 1 2 3", "")).encode()


def png_bytes() -> bytes:
    """A whole small PNG."""
    stream = io.BytesIO()
    halves().save(stream, "PNG")
    return stream.getvalue()
