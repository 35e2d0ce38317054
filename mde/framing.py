"""Framing: which part of a domain's image a network sees, and at what size."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from mde.camera import Camera
from mde.view import View, resize_image, resize_nearest


@dataclass(frozen=True, slots=True)
class Framing:
    """The whole image is brought to `frame`; of that the lowest rows and the middle columns are kept, `size` of them.

    That is the crop of the KITTI depth benchmark (352x1216 of 375x1242), which keeps focal lengths as they are: to
    squeeze the whole image to that size would show a metric network another camera. Sizes are (height, width).
    """

    size: tuple[int, int]
    frame: tuple[int, int] | None = None
    """None where the network sees the whole image."""

    def __post_init__(self) -> None:
        if self.frame is not None and any(whole < part for whole, part in zip(self.frame, self.size, strict=True)):
            raise ValueError(f"a cut of {self.size} does not fit into {self.frame}")

    @property
    def frame_size(self) -> tuple[int, int]:
        """Size of the whole image, before the cut."""
        return self.frame or self.size

    @property
    def corner(self) -> tuple[int, int]:
        """First row and column that are kept."""
        (rows, columns), (height, width) = self.frame_size, self.size
        return rows - height, (columns - width) // 2

    def image(self, whole: Float[Tensor, "batch 3 _ _"]) -> Float[Tensor, "batch 3 height width"]:
        """What the network sees of whole images."""
        (top, left), (height, width) = self.corner, self.size
        return resize_image(whole, *self.frame_size)[..., top : top + height, left : left + width]

    def depth(self, whole: Float[Tensor, "batch 1 _ _"]) -> Float[Tensor, "batch 1 height width"]:
        """What of the depth of whole images belongs to `image`, by nearest neighbour; 0 stays none."""
        (top, left), (height, width) = self.corner, self.size
        return resize_nearest(whole, *self.frame_size)[..., top : top + height, left : left + width]

    def view(self, whole: View) -> View:
        """What the network sees of a whole view: pixels, mask, ids and intrinsics in one."""
        return whole.resize(*self.frame_size).crop(*self.corner, *self.size)

    def camera(self, whole: Camera) -> Camera:
        """Camera of what the network sees."""
        return whole.resize(*self.frame_size).crop(*self.corner, *self.size)
