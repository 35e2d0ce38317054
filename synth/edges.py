"""Edges: the pixels in which more than one surface may be seen, told from one sample per pixel."""

from __future__ import annotations

import numpy as np

from mde.camera import Camera

CREASE = 0.2
"""Smallest change of slope, depth against width, that counts as a crease; 0.2 is a turn of 11 degrees."""


def edge_pixels(depth_m: np.ndarray, names: np.ndarray, camera: Camera) -> np.ndarray:
    """(H,W) bool: where an outline, a crease or a change of surface lies between a pixel and a neighbour.

    `depth_m` is (H,W) planar z, 0 = none; `names` (H,W) any integers that differ between surfaces. Inverse depth is
    affine in the image of a plane, so its second difference is zero but at outlines and creases: n.X = d gives
    1/z = (n . ray) / d.
    """
    with np.errstate(divide="ignore"):
        inverse = np.where(depth_m > 0, 1.0 / depth_m, 0.0).astype(np.float32)
    edges = np.zeros(depth_m.shape, dtype=bool)
    for axis, f_px in ((0, camera.f_px[1]), (1, camera.f_px[0])):
        _mark(np.moveaxis(edges, axis, 0), np.moveaxis(inverse, axis, 0), np.moveaxis(names, axis, 0), f_px)
    return edges


def _mark(edges: np.ndarray, inverse: np.ndarray, names: np.ndarray, f_px: float) -> None:
    other = names[1:] != names[:-1]
    edges[1:] |= other
    edges[:-1] |= other
    bend = inverse[2:] + inverse[:-2] - 2.0 * inverse[1:-1]
    edges[1:-1] |= np.abs(bend) > np.float32(CREASE / f_px) * inverse[1:-1]
