"""Agreement: whether an image still shows the depth that it is stored with.

A diffusion model may move, add or forget things. Where the depth has an edge, an image of that depth has one
too, so strong image gradients must lie on depth edges rather than elsewhere. Edges say nothing about a thing
painted on a flat wall; a teacher's depth does.
"""

from __future__ import annotations

import numpy as np
import torch

from mde.nets.net import DepthNet

MIN_JUMP = 0.05
"""Depth edge: the inverse depth of a pixel is off the line through its neighbours by this share of the largest."""
MIN_EDGE_SHARE = 0.002
"""With fewer edge pixels than this the image cannot be judged: one chair leg decides nothing."""
ROWS_PER_PX = 240
"""Edges may lie apart by one pixel per so many rows: painted outlines are soft on the scale of the image."""


def depth_edges(depth_m: np.ndarray) -> np.ndarray:
    """(H,W) bool: pixels beside a jump or a sharp crease of the depth; 0 counts as infinitely far.

    Inverse depth is linear in the pixel along any plane, so its second difference is zero on floors and walls
    however slanted they are, and large on both sides of an outline.
    """
    inverse = np.divide(1.0, depth_m, out=np.zeros(depth_m.shape), where=depth_m > 0)
    edges = np.zeros(depth_m.shape, dtype=bool)
    for lines, found in ((inverse, edges), (inverse.T, edges.T)):
        before, here, after = lines[:-2], lines[1:-1], lines[2:]
        bend = np.abs(before - 2.0 * here + after)
        found[1:-1] |= bend > MIN_JUMP * np.maximum(np.maximum(before, after), here)
    return edges


def has_edges(depth_m: np.ndarray) -> bool:
    """Whether the depth has edges enough to judge an image by."""
    return bool(depth_edges(depth_m).mean() >= MIN_EDGE_SHARE)


def edge_agreement(image: np.ndarray, depth_m: np.ndarray) -> float:
    """Probability that the image changes more at a random depth edge than at a random place far from all of them.

    `image` is (H,W,3) uint8. One half for an image that knows nothing of the depth, 1 for a perfect one; the
    contrast of the image does not matter. The area under the ROC curve of gradient as detector of depth edges.
    Raises ValueError for a depth without edges.
    """
    reach_px = max(1, round(len(depth_m) / ROWS_PER_PX))
    edges = depth_edges(depth_m)
    if not edges.any():
        raise ValueError("a depth without edges agrees with every image; ask has_edges first")
    strength = _spread(_gradient(image), reach_px)
    far = ~_spread(edges, 3 * reach_px)
    at_edges, elsewhere = strength[edges], np.sort(strength[far])
    if elsewhere.size == 0:
        return 0.5  # edges everywhere: no place is left to compare with
    below = np.searchsorted(elsewhere, at_edges, "left") + np.searchsorted(elsewhere, at_edges, "right")
    return float(below.mean() / (2 * elsewhere.size))


def _gradient(image: np.ndarray) -> np.ndarray:
    """(H,W) largest change of a colour channel per pixel, on the image smoothed by (1, 2, 1)."""
    smooth = _smooth(_smooth(image.astype(np.float32)).swapaxes(0, 1)).swapaxes(0, 1)
    # The frame is continued: one-sided differences would make its border look steeper than the rest.
    wide = np.pad(smooth, ((1, 1), (1, 1), (0, 0)), mode="edge")
    down, right = wide[2:, 1:-1] - wide[:-2, 1:-1], wide[1:-1, 2:] - wide[1:-1, :-2]
    return np.hypot(down, right).max(axis=-1)


def _smooth(lines: np.ndarray) -> np.ndarray:
    wide = np.concatenate((lines[:1], lines, lines[-1:]))
    return (wide[:-2] + 2.0 * wide[1:-1] + wide[2:]) / 4.0


def _spread(values: np.ndarray, reach_px: int) -> np.ndarray:
    """Maximum over the square of side 2 reach_px + 1 around each pixel."""
    for _ in range(2):
        padded = np.pad(values, ((reach_px, reach_px), (0, 0)), mode="edge")
        values = np.maximum.reduce([padded[k : k + len(values)] for k in range(2 * reach_px + 1)]).T
    return values


def teacher_error(teacher: DepthNet, image: np.ndarray, depth_m: np.ndarray) -> float:
    """Mean relative error of the teacher's depth of `image`, scaled to the median of `depth_m`.

    Only pixels inside the teacher's range count. Raises ValueError when there are none.
    """
    low_m, high_m = teacher.spec.depth_range_m
    judged = (depth_m > low_m) & (depth_m <= high_m)
    if not judged.any():
        raise ValueError(f"no depth between {low_m} and {high_m} m, which is all that the teacher knows")
    device = next(teacher.parameters()).device
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255.0
    with torch.inference_mode():
        answer_m = teacher(tensor.to(device)).depth_m[0, 0].cpu().numpy()[judged]
    true_m = depth_m[judged]
    scale = np.median(true_m) / np.median(answer_m)
    return float(np.mean(np.abs(scale * answer_m - true_m) / true_m))
