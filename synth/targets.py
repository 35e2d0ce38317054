"""Targets: the textures and framebuffers that the renderer draws into and reads from."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

SAMPLES = 2
"""Colour samples along each edge of a pixel."""
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
    """Framebuffers of one image size."""

    def __init__(self, gl: Any, height: int, width: int) -> None:
        self._gl, self.height, self.width = gl, height, width
        self._colour = _framebuffer(gl, height * SAMPLES, width * SAMPLES, (gl.GL_RGBA16F,))
        self._small = _framebuffer(gl, height, width, (gl.GL_RGBA16F,))
        self.measure = MeasureTargets(gl, height, width)

    def begin_colour(self) -> None:
        """Clear the picture and draw into it from now on."""
        _begin(self._gl, self._colour, self.height * SAMPLES, self.width * SAMPLES)
        self._gl.glClear(self._gl.GL_COLOR_BUFFER_BIT | self._gl.GL_DEPTH_BUFFER_BIT)

    def read_colour(self) -> np.ndarray:
        """(H,W,3) mean of the samples; a linear blit by exactly one half is that mean."""
        gl = self._gl
        gl.glBindFramebuffer(gl.GL_READ_FRAMEBUFFER, self._colour)
        gl.glBindFramebuffer(gl.GL_DRAW_FRAMEBUFFER, self._small)
        source = (0, 0, self.width * SAMPLES, self.height * SAMPLES)
        gl.glBlitFramebuffer(*source, 0, 0, self.width, self.height, gl.GL_COLOR_BUFFER_BIT, gl.GL_LINEAR)
        gl.glBindFramebuffer(gl.GL_READ_FRAMEBUFFER, self._small)
        return _read(gl, 0, gl.GL_RGB, gl.GL_FLOAT, np.empty((self.height, self.width, 3), dtype=np.float32))


class MeasureTargets:
    """Framebuffer for z and ids of one image size."""

    def __init__(self, gl: Any, height: int, width: int) -> None:
        self._gl, self.height, self.width = gl, height, width
        self._framebuffer = _framebuffer(gl, height, width, (gl.GL_R32F, gl.GL_R32UI))

    def begin(self) -> None:
        """Clear z and ids to 0 and draw into them from now on."""
        gl = self._gl
        _begin(gl, self._framebuffer, self.height, self.width)
        gl.glClear(gl.GL_DEPTH_BUFFER_BIT)
        gl.glClearBufferfv(gl.GL_COLOR, 0, np.zeros(4, dtype=np.float32))
        gl.glClearBufferuiv(gl.GL_COLOR, 1, np.zeros(4, dtype=np.uint32))

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


def _read(gl: Any, attachment: int, layout: Any, kind: Any, pixels: np.ndarray) -> np.ndarray:
    """Fill (H,W,C) `pixels` from the framebuffer that is bound for reading, and turn them upright."""
    height, width, _ = pixels.shape
    gl.glReadBuffer(gl.GL_COLOR_ATTACHMENT0 + attachment)
    gl.glPixelStorei(gl.GL_PACK_ALIGNMENT, 1)
    gl.glReadPixels(0, 0, width, height, layout, kind, pixels.ctypes.data_as(ctypes.c_void_p))
    return np.ascontiguousarray(pixels[::-1])  # OpenGL's first row is the lowest


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
    gl.glTexParameterf(gl.GL_TEXTURE_2D_ARRAY, gl.GL_TEXTURE_LOD_BIAS, -0.5)  # four samples per pixel carry more detail
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
