"""Corners: the triangles of a scene in one buffer of the device, each attribute on its own, in the order of drawing."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from synth.mesh import Mesh

WIDTHS = (3, 3, 9, 2, 2)
"""Numbers of one corner: position, normal, look, texture coordinates, texture layer with instance."""
ATTRIBUTES = ((0, 0, 3), (1, 0, 3), (2, 0, 4), (3, 0, 2), (4, 0, 2), (2, 5, 4))
"""What the vertex shader reads at each of its locations: which of the above, its first column, how many."""
LAYER_COLUMN = 4
"""Where `Material.look` names the layer of the texture bank."""
FLOAT_BYTES = 4


class Corners:
    """A vertex array on the device."""

    def __init__(self, gl: Any, columns: np.ndarray, num_rows: int) -> None:
        """`columns` is (N * sum(WIDTHS),) float32: the attributes one after the other, each of `num_rows` rows."""
        self._gl = gl
        self._array, self._buffer = gl.glGenVertexArrays(1), gl.glGenBuffers(1)
        gl.glBindVertexArray(self._array)
        gl.glBindBuffer(gl.GL_ARRAY_BUFFER, self._buffer)
        gl.glBufferData(gl.GL_ARRAY_BUFFER, columns.nbytes, columns, gl.GL_STATIC_DRAW)
        starts = np.cumsum((0, *WIDTHS)) * num_rows
        for location, (part, column, width) in enumerate(ATTRIBUTES):
            stride_bytes, begin = WIDTHS[part] * FLOAT_BYTES, ctypes.c_void_p(int(starts[part] + column) * FLOAT_BYTES)
            gl.glVertexAttribPointer(location, width, gl.GL_FLOAT, gl.GL_FALSE, stride_bytes, begin)
            gl.glEnableVertexAttribArray(location)
        gl.glBindVertexArray(0)

    def bind(self) -> None:
        """Draw these from now on."""
        self._gl.glBindVertexArray(self._array)

    def delete(self) -> None:
        """Give the memory of the device back."""
        self._gl.glBindVertexArray(0)
        self._gl.glDeleteVertexArrays(1, [self._array])
        self._gl.glDeleteBuffers(1, [self._buffer])


def columns_of(numbers: Sequence[int], meshes: Sequence[Mesh]) -> np.ndarray:
    """(N * sum(WIDTHS),) float32 for `Corners`: the meshes one after the other, with the instance number of each."""
    sizes = [len(mesh.positions_m) for mesh in meshes]
    num_rows = sum(sizes)
    columns = np.empty(num_rows * sum(WIDTHS), dtype=np.float32)
    ends = np.cumsum(WIDTHS)[:-1] * num_rows
    parts = [part.reshape(num_rows, -1) for part in np.split(columns, ends)]
    for part, name in zip(parts, ("positions_m", "normals", "look", "uv"), strict=False):
        np.concatenate([getattr(mesh, name) for mesh in meshes], out=part)
    parts[4][:, 0] = parts[2][:, LAYER_COLUMN]
    parts[4][:, 1] = np.repeat(np.array(numbers, dtype=np.float32), sizes)
    return columns
