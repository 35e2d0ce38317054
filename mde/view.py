"""What one camera sees: image, depth, mask and instance ids, moved only together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor
from torch.nn import functional as F

from mde.camera import Camera
from mde.record import Record


@dataclass(frozen=True, kw_only=True)
class View:
    """One picture with everything that is known about its pixels.

    A geometric change (`crop`, `flip`, `resize`) moves all fields and the intrinsics in one call,
    so they can never disagree.
    """

    image: Float[Tensor, "3 height width"]
    """RGB in [0, 1]."""
    depth_m: Float[Tensor, "1 height width"]
    """Planar z; 0 where not valid."""
    valid: Bool[Tensor, "1 height width"]
    """True where depth may be used."""
    ids: Int[Tensor, "1 height width"]
    """Instance numbers; 0 is the background."""
    camera: Camera

    def __post_init__(self) -> None:
        for name in ("image", "depth_m", "valid", "ids"):
            size = tuple(getattr(self, name).shape[-2:])
            if size != self.camera.size:
                raise ValueError(f"{name} of {size} pixels does not belong to a camera of {self.camera.size}")

    def crop(self, top: int, left: int, height: int, width: int) -> View:
        """The rectangle of `height` x `width` pixels whose first row and column are `top` and `left`."""
        rows, columns = self.camera.size
        if not (
            0 <= top and 0 < height and top + height <= rows and 0 <= left and 0 < width and left + width <= columns
        ):
            raise ValueError(f"crop (top {top}, left {left}, {height}x{width}) leaves the image of {rows}x{columns}")

        def cut(plane: Tensor) -> Tensor:
            return plane[..., top : top + height, left : left + width]

        return View(
            image=cut(self.image),
            depth_m=cut(self.depth_m),
            valid=cut(self.valid),
            ids=cut(self.ids),
            camera=self.camera.crop(top, left, height, width),
        )

    def flip(self) -> View:
        """The mirror image, left to right. Two flips are no flip."""
        return View(
            image=self.image.flip(-1),
            depth_m=self.depth_m.flip(-1),
            valid=self.valid.flip(-1),
            ids=self.ids.flip(-1),
            camera=self.camera.flip(),
        )

    def resize(self, height: int, width: int) -> View:
        """Resample to `height` x `width`: the image filtered, depth, mask and ids by nearest neighbour.

        Nearest neighbour because an average across a silhouette or a hole is a depth that nobody saw.
        """
        if (height, width) == self.camera.size:
            return self

        return View(
            image=resize_image(self.image[None], height, width)[0],
            depth_m=resize_nearest(self.depth_m[None], height, width)[0],
            valid=resize_nearest(self.valid[None], height, width)[0],
            ids=resize_nearest(self.ids[None], height, width)[0],
            camera=self.camera.resize(height, width),
        )


def view_of(record: Record) -> View:
    """The record as tensors: image (3,H,W) in [0,1], depth, mask and ids (1,H,W)."""
    depth_m = torch.from_numpy(record.depth_m)[None]
    return View(
        image=torch.from_numpy(record.image).permute(2, 0, 1).float() / 255.0,
        depth_m=depth_m,
        valid=depth_m > 0,
        ids=torch.from_numpy(record.ids.astype(np.int32))[None],
        camera=record.camera,
    )


def resize_image(
    image: Float[Tensor, "batch 3 _ _"], height: int, width: int
) -> Float[Tensor, "batch 3 {height} {width}"]:
    """Bilinear with antialiasing when shrinking; the one way in which images change size here."""
    if tuple(image.shape[-2:]) == (height, width):
        return image
    resized = F.interpolate(image, size=(height, width), mode="bilinear", align_corners=False, antialias=True)
    return resized.clamp(0.0, 1.0)  # the filter's rounding can leave [0, 1] by one ulp


def resize_nearest(planes: Shaped[Tensor, "batch 1 _ _"], height: int, width: int) -> Tensor:
    """Planes of depth, masks or ids at `height` x `width`; each pixel keeps the value of one that was there."""
    if tuple(planes.shape[-2:]) == (height, width):
        return planes
    return F.interpolate(planes.double(), size=(height, width), mode="nearest-exact").to(planes.dtype)
