"""Preparation: how a transformer teacher's image is padded and resized, and how its answer is brought back.

Written after what the image processors of Hugging Face transformers do (DPT, GLPN, ZoeDepth); the figures come from
the model's own `preprocessor_config.json`. Its answer is resized as transformers does it, bicubically between pixel
centres. (The original Depth Anything program resizes bilinearly with aligned corners; labels differ a little.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from mde.errors import InputError

_FILTERS: dict[int, Literal["bilinear", "bicubic"]] = {2: "bilinear", 3: "bicubic"}
"""Pillow's numbers, by which the file names them."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """From an image of any size to the network's input, and back."""

    target: tuple[int, int] | None
    """(height, width) to come near to; None keeps the size and rounds it down to the multiple."""
    multiple: int
    """Of which both sides of the network's input are multiples."""
    keeps_aspect: bool
    """Scale both sides alike, by the factor nearer to 1, before they are rounded."""
    filter: Literal["bilinear", "bicubic"]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    is_zoe: bool = False
    """ZoeDepth pads by reflection first, and resizes with aligned corners and without antialiasing."""

    def working_size(self, height: int, width: int) -> tuple[int, int]:
        """Size of the network's input for an image of `height` x `width`."""
        if self.target is None:
            return height // self.multiple * self.multiple, width // self.multiple * self.multiple
        rows, columns = self._padding(height, width)
        height, width = height + 2 * rows, width + 2 * columns
        scale_y, scale_x = self.target[0] / height, self.target[1] / width
        if self.keeps_aspect:
            scale_y = scale_x = scale_x if abs(1.0 - scale_x) < abs(1.0 - scale_y) else scale_y
        return self._rounded(scale_y * height), self._rounded(scale_x * width)

    def prepare(self, image: Float[Tensor, "batch 3 _ _"]) -> Float[Tensor, "batch 3 _ _"]:
        """Pad and resize; the colours stay RGB in [0,1]."""
        size = self.working_size(*image.shape[-2:])
        rows, columns = self._padding(*image.shape[-2:])
        if self.is_zoe:
            image = F.pad(image, (columns, columns, rows, rows), mode="reflect")
            return F.interpolate(image, size, mode=self.filter, align_corners=True).clamp(0.0, 1.0)
        if tuple(image.shape[-2:]) == size:
            return image
        resized = F.interpolate(image, size, mode=self.filter, align_corners=False, antialias=True)
        return resized.clamp(0.0, 1.0)  # a bicubic filter overshoots at edges; 8-bit images are cut off there too

    def restore(
        self, answer: Float[Tensor, "batch 1 _ _"], height: int, width: int
    ) -> Float[Tensor, "batch 1 {height} {width}"]:
        """The answer at the size of the image, without the padding."""
        rows, columns = self._padding(height, width)
        size = (height + 2 * rows, width + 2 * columns)
        if tuple(answer.shape[-2:]) != size:
            answer = F.interpolate(answer, size, mode="bicubic", align_corners=False)
        return answer[..., rows : rows + height, columns : columns + width]

    def _padding(self, height: int, width: int) -> tuple[int, int]:
        """Rows above and below, columns left and right: 3 sqrt(side / 2), as ZoeDepth was trained."""
        return (int(3.0 * math.sqrt(height / 2)), int(3.0 * math.sqrt(width / 2))) if self.is_zoe else (0, 0)

    def _rounded(self, side: float) -> int:
        return round(side / self.multiple) * self.multiple


def preparation_of(kind: str, raw: Mapping[str, Any], *, path: Path) -> Preparation:
    """What `preprocessor_config.json` at `path`, already read as `raw`, states for a model of type `kind`.

    Raises InputError for steps that the published models do not have and for values that make no sense.
    """
    _refuse_other_steps(raw, path)
    normalises = kind != "glpn" or bool(raw.get("do_normalize"))  # GLPN takes RGB in [0,1] as it is
    resample = raw.get("resample", 3 if kind in ("dpt", "depth_anything") else 2)
    if resample not in _FILTERS:
        raise InputError(f"{path} has resample {resample!r}; expected 2 (bilinear) or 3 (bicubic)")
    multiple = raw.get("size_divisor", 32) if kind == "glpn" else raw.get("ensure_multiple_of", 1)
    if not isinstance(multiple, int) or multiple < 1:
        raise InputError(f"{path} asks for sides that are multiples of {multiple!r}; expected a whole number")
    if kind == "zoedepth" and "ensure_multiple_of" not in raw:
        raise InputError(f"{path} has no ensure_multiple_of; the published ZoeDepth files say 32")
    return Preparation(
        target=None if kind == "glpn" else _target(raw, path),
        multiple=multiple,
        keeps_aspect=bool(raw.get("keep_aspect_ratio", kind == "zoedepth")),
        filter=_FILTERS[resample],
        mean=_colour(raw, "image_mean", path) if normalises else (0.0, 0.0, 0.0),
        std=_colour(raw, "image_std", path) if normalises else (1.0, 1.0, 1.0),
        is_zoe=kind == "zoedepth",
    )


def _refuse_other_steps(raw: Mapping[str, Any], path: Path) -> None:
    is_zoe = "Zoe" in str(raw.get("image_processor_type"))
    expected = {"do_resize": True, "do_rescale": True, "do_center_crop": False, "do_pad": is_zoe}
    for name, value in expected.items():
        if raw.get(name) is not None and bool(raw[name]) != value:
            raise InputError(f"{path} has {name} {raw[name]!r}; this program knows models with {value} alone")
    factor = raw.get("rescale_factor")
    if factor is not None and abs(float(factor) * 255.0 - 1.0) > 1e-3:
        raise InputError(f"{path} has rescale_factor {factor!r}; expected 1/255, which is RGB in [0,1]")


def _target(raw: Mapping[str, Any], path: Path) -> tuple[int, int]:
    size = raw.get("size", 384)
    sides = (size, size) if isinstance(size, int) else (size.get("height"), size.get("width"))
    if not all(isinstance(side, int) and side > 0 for side in sides):
        raise InputError(f"{path} has size {size!r}; expected a height and a width in pixels")
    return sides


def _colour(raw: Mapping[str, Any], name: str, path: Path) -> tuple[float, float, float]:
    values = raw.get(name, (0.5, 0.5, 0.5))  # what the image processors take where the file is silent
    if not (
        isinstance(values, (list, tuple)) and len(values) == 3 and all(isinstance(v, (int, float)) for v in values)
    ):
        raise InputError(f"{path} has {name} {values!r}; expected three numbers")
    if name == "image_std" and min(values) <= 0:
        raise InputError(f"{path} has {name} {values!r}; expected positive numbers")
    return (float(values[0]), float(values[1]), float(values[2]))
