"""Targets: the textures and framebuffers that the renderer draws into and reads from."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

SAMPLES = 2
"""Fine samples along each side of a pixel."""
SHADOW_MAP_PX = 1024


class ShadowTargets:
    """Two depth maps in one array texture, compared by the texture unit."""

    def __init__(self, gl: Any) -> None:
        self._gl = gl
        self._texture = gl.glGenTextures(1)
        gl.glBindTexture(gl.GL_TEXTURE_2D_ARRAY, self._texture)
        shape = (SHADOW_MAP_PX, SHADOW_MAP_PX, 2)
        form = (gl.GL_DEPTH_COMPONENT32F, *shape, 0, gl.GL_DEPTH_COMPONENT, gl.GL_FLOAT)
        gl.glTexImage3D(gl.GL_TEXTURE_2D_ARRAY, 0, *form, None)
        for name, value in (
            (gl.GL_TEXTURE_MIN_FILTER, gl.GL_LINEAR),
            (gl.GL_TEXTURE_MAG_FILTER, gl.GL_LINEAR),
            (gl.GL_TEXTURE_WRAP_S, gl.GL_CLAMP_TO_EDGE),
            (gl.GL_TEXTURE_WRAP_T, gl.GL_CLAMP_TO_EDGE),
            (gl.GL_TEXTURE_COMPARE_MODE, gl.GL_COMPARE_REF_TO_TEXTURE),
            (gl.GL_TEXTURE_COMPARE_FUNC, gl.GL_LEQUAL),
        ):
            gl.glTexParameteri(gl.GL_TEXTURE_2D_ARRAY, name, value)
        self._framebuffers = [self._framebuffer(layer) for layer in range(2)]

    def _framebuffer(self, layer: int) -> int:
        gl = self._gl
        framebuffer = gl.glGenFramebuffers(1)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, framebuffer)
        gl.glFramebufferTextureLayer(gl.GL_FRAMEBUFFER, gl.GL_DEPTH_ATTACHMENT, self._texture, 0, layer)
        gl.glDrawBuffer(gl.GL_NONE)
        gl.glReadBuffer(gl.GL_NONE)
        return int(framebuffer)

    def begin(self, number: int) -> None:
        """Clear map `number` and draw into it from now on."""
        gl = self._gl
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self._framebuffers[number])
        gl.glViewport(0, 0, SHADOW_MAP_PX, SHADOW_MAP_PX)
        gl.glEnable(gl.GL_DEPTH_TEST)
        gl.glDepthMask(gl.GL_TRUE)
        gl.glDepthFunc(gl.GL_LESS)
        gl.glDisable(gl.GL_CULL_FACE)
        gl.glEnable(gl.GL_POLYGON_OFFSET_FILL)
        gl.glPolygonOffset(1.5, 2.0)  # slope and constant, against surfaces that shade themselves
        gl.glClear(gl.GL_DEPTH_BUFFER_BIT)

    def end(self) -> None:
        """Leave the state as the picture needs it."""
        self._gl.glDisable(self._gl.GL_POLYGON_OFFSET_FILL)

    def bind(self, program: int) -> None:
        """Give the maps to a program."""
        gl = self._gl
        gl.glActiveTexture(gl.GL_TEXTURE1)
        gl.glBindTexture(gl.GL_TEXTURE_2D_ARRAY, self._texture)
        gl.glUniform1i(gl.glGetUniformLocation(program, "shadow_maps"), 1)


class PictureTargets:
    """Framebuffers of one image size: one sample at every pixel centre, and four more where they are asked for."""

    def __init__(self, gl: Any, height: int, width: int) -> None:
        self._gl, self.height, self.width = gl, height, width
        self._centre = _framebuffer(gl, height, width, (gl.GL_RGBA32F, gl.GL_R32UI))
        self._fine = _framebuffer(gl, height * SAMPLES, width * SAMPLES, (gl.GL_RGBA16F,))
        self._fine_depth = _depth_texture(gl, height * SAMPLES, width * SAMPLES)

    def begin_centre(self) -> None:
        """Clear radiance, z, ids and looks and draw one sample per pixel from now on."""
        _begin(self._gl, self._centre, self.height, self.width)
        _clear(self._gl)

    def read_centre(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Radiance (H,W,3) float32, planar z (H,W) float32, names (H,W) uint32: id in the lower half, look above."""
        gl, shape = self._gl, (self.height, self.width)
        gl.glBindFramebuffer(gl.GL_READ_FRAMEBUFFER, self._centre)
        light_z = _read(gl, 0, gl.GL_RGBA, gl.GL_FLOAT, np.empty((*shape, 4), dtype=np.float32))
        names = _read(gl, 1, gl.GL_RED_INTEGER, gl.GL_UNSIGNED_INT, np.empty((*shape, 1), dtype=np.uint32))
        return np.ascontiguousarray(light_z[..., :3]), np.ascontiguousarray(light_z[..., 3]), names[..., 0]

    def begin_fine(self, wanted: np.ndarray) -> None:
        """Draw four samples per pixel from now on where `wanted` (H,W) bool says so; elsewhere all is hidden."""
        gl = self._gl
        _begin(gl, self._fine, self.height * SAMPLES, self.width * SAMPLES)
        pairs = np.array((0.0, 0.0, 1.0, 1.0), dtype=np.float32).view(np.uint64)[wanted[::-1].view(np.uint8)]
        depth = np.repeat(pairs, SAMPLES, axis=0).view(np.float32)  # each of the pairs is two columns
        gl.glBindTexture(gl.GL_TEXTURE_2D, self._fine_depth)
        size = (self.width * SAMPLES, self.height * SAMPLES)
        gl.glTexSubImage2D(gl.GL_TEXTURE_2D, 0, 0, 0, *size, gl.GL_DEPTH_COMPONENT, gl.GL_FLOAT, depth)

    def read_fine(self, wanted: np.ndarray) -> np.ndarray:
        """(N,3) float32 radiance, the mean of the four samples, of the N `wanted` pixels, row by row."""
        gl, columns = self._gl, self.width * SAMPLES
        gl.glBindFramebuffer(gl.GL_READ_FRAMEBUFFER, self._fine)
        halves = np.empty((self.height * SAMPLES, columns, 4), dtype=np.float16)
        samples = _read(gl, 0, gl.GL_RGBA, gl.GL_HALF_FLOAT, halves, upright=False).view(np.uint64).ravel()
        row, column = np.nonzero(wanted)
        corner = (self.height - 1 - row) * SAMPLES * columns + column * SAMPLES
        total = np.zeros((len(row), 4), dtype=np.float32)
        for step in (0, 1, columns, columns + 1):
            total += samples[corner + step].view(np.float16).reshape(-1, 4)
        return total[:, :3] / np.float32(SAMPLES**2)


class MeasureTargets:
    """Framebuffer for z and ids of one image size."""

    def __init__(self, gl: Any, height: int, width: int) -> None:
        self._gl, self.height, self.width = gl, height, width
        self._framebuffer = _framebuffer(gl, height, width, (gl.GL_R32F, gl.GL_R32UI))

    def begin(self) -> None:
        """Clear z and ids to 0 and draw into them from now on."""
        _begin(self._gl, self._framebuffer, self.height, self.width)
        _clear(self._gl)

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Planar z (H,W) float32 and ids (H,W) uint16."""
        gl, shape = self._gl, (self.height, self.width, 1)
        gl.glBindFramebuffer(gl.GL_READ_FRAMEBUFFER, self._framebuffer)
        depth_m = _read(gl, 0, gl.GL_RED, gl.GL_FLOAT, np.empty(shape, dtype=np.float32))[..., 0]
        ids = _read(gl, 1, gl.GL_RED_INTEGER, gl.GL_UNSIGNED_INT, np.empty(shape, dtype=np.uint32))[..., 0]
        return depth_m, ids.astype(np.uint16)


def _begin(gl: Any, framebuffer: int, rows: int, columns: int) -> None:
    """Draw into the framebuffer from now on: nearest front face wins, nothing is blended."""
    gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, framebuffer)
    gl.glViewport(0, 0, columns, rows)
    gl.glEnable(gl.GL_DEPTH_TEST)
    gl.glDepthMask(gl.GL_TRUE)
    gl.glDepthFunc(gl.GL_LESS)
    gl.glEnable(gl.GL_CULL_FACE)
    gl.glCullFace(gl.GL_BACK)
    gl.glDisable(gl.GL_BLEND)


def _clear(gl: Any) -> None:
    """Empty a framebuffer of a float and an integer attachment, and its depth."""
    gl.glClear(gl.GL_DEPTH_BUFFER_BIT)
    gl.glClearBufferfv(gl.GL_COLOR, 0, np.zeros(4, dtype=np.float32))
    gl.glClearBufferuiv(gl.GL_COLOR, 1, np.zeros(4, dtype=np.uint32))


def _read(gl: Any, attachment: int, layout: Any, kind: Any, pixels: np.ndarray, *, upright: bool = True) -> np.ndarray:
    """Fill (H,W,C) `pixels` from the framebuffer that is bound for reading; `upright` turns the top row to 0."""
    height, width, _ = pixels.shape
    gl.glReadBuffer(gl.GL_COLOR_ATTACHMENT0 + attachment)
    gl.glPixelStorei(gl.GL_PACK_ALIGNMENT, 1)
    gl.glReadPixels(0, 0, width, height, layout, kind, pixels.ctypes.data_as(ctypes.c_void_p))
    return np.ascontiguousarray(pixels[::-1]) if upright else pixels  # OpenGL's first row is the lowest


def upload_bank(gl: Any, bank: np.ndarray) -> int:
    """The (L,S,S,4) texture bank as an array texture with mipmaps; sRGB is turned to linear before filtering."""
    layers, height, width, _ = bank.shape
    texture = gl.glGenTextures(1)
    gl.glBindTexture(gl.GL_TEXTURE_2D_ARRAY, texture)
    form = (gl.GL_SRGB8_ALPHA8, width, height, layers, 0, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE)
    gl.glTexImage3D(gl.GL_TEXTURE_2D_ARRAY, 0, *form, np.ascontiguousarray(bank))
    gl.glGenerateMipmap(gl.GL_TEXTURE_2D_ARRAY)
    gl.glTexParameteri(gl.GL_TEXTURE_2D_ARRAY, gl.GL_TEXTURE_MIN_FILTER, gl.GL_LINEAR_MIPMAP_LINEAR)
    gl.glTexParameteri(gl.GL_TEXTURE_2D_ARRAY, gl.GL_TEXTURE_MAG_FILTER, gl.GL_LINEAR)
    return int(texture)


def _framebuffer(gl: Any, rows: int, columns: int, formats: tuple[Any, ...]) -> int:
    """A framebuffer with one colour attachment per format and a float depth buffer."""
    framebuffer = gl.glGenFramebuffers(1)
    gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, framebuffer)
    for number, form in enumerate((*formats, gl.GL_DEPTH_COMPONENT32F)):
        buffer = gl.glGenRenderbuffers(1)
        gl.glBindRenderbuffer(gl.GL_RENDERBUFFER, buffer)
        gl.glRenderbufferStorage(gl.GL_RENDERBUFFER, form, columns, rows)
        place = gl.GL_DEPTH_ATTACHMENT if number == len(formats) else gl.GL_COLOR_ATTACHMENT0 + number
        gl.glFramebufferRenderbuffer(gl.GL_FRAMEBUFFER, place, gl.GL_RENDERBUFFER, buffer)
    gl.glDrawBuffers(len(formats), [gl.GL_COLOR_ATTACHMENT0 + number for number in range(len(formats))])
    state = gl.glCheckFramebufferStatus(gl.GL_FRAMEBUFFER)
    if state != gl.GL_FRAMEBUFFER_COMPLETE:
        raise RuntimeError(f"OpenGL refuses a {columns}x{rows} framebuffer (status {state})")
    return int(framebuffer)


def _depth_texture(gl: Any, rows: int, columns: int) -> int:
    """A float depth texture in place of the depth buffer of the framebuffer that is bound."""
    texture = gl.glGenTextures(1)
    gl.glBindTexture(gl.GL_TEXTURE_2D, texture)
    form = (gl.GL_DEPTH_COMPONENT32F, columns, rows, 0, gl.GL_DEPTH_COMPONENT, gl.GL_FLOAT)
    gl.glTexImage2D(gl.GL_TEXTURE_2D, 0, *form, None)
    gl.glFramebufferTexture2D(gl.GL_FRAMEBUFFER, gl.GL_DEPTH_ATTACHMENT, gl.GL_TEXTURE_2D, texture, 0)
    return int(texture)
