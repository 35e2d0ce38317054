"""Gallery: the few frames of a pass over many that the report shows, at the size at which it shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from eval.alignment import Fit

MAX_WIDTH_PX = 640


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What one network answered for one frame."""

    net: str
    depth_m: Float[Tensor, "height width"]
    """Aligned and clamped, as it was scored."""
    entropy_nat: Float[Tensor, "height width"] | None
    relative_width: Float[Tensor, "height width"] | None
    """Width of the interval that holds 80 % of the DPM, as a share of its middle; NaN where nothing was seen."""
    fit: Fit
    abs_rel: float


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One frame with everything that is shown of it."""

    frame: str
    scene: str
    image: Float[Tensor, "3 height width"]
    true_m: Float[Tensor, "height width"]
    """0 where nothing was measured."""
    valid: Bool[Tensor, "height width"]
    """True where pixels were scored."""
    pictures: tuple[Picture, ...]
    error: float
    """By which the worst frames are found."""
    reason: Literal["spread", "worst"] = "spread"


@dataclass
class Gallery:
    """Keeps, of frames that arrive one by one and in unknown number, some spread evenly and the worst."""

    num_panels: int
    """Frames spread over the set, at most."""
    num_worst: int = 0
    """Frames of largest error, at most."""
    _spread: list[Panel] = field(default_factory=list, init=False)
    _worst: list[Panel] = field(default_factory=list, init=False)
    _stride: int = field(default=1, init=False)
    _count: int = field(default=0, init=False)

    def offer(self, error: float, build: Callable[[], Panel]) -> None:
        """Show the next frame to the gallery, which builds its panel only if it keeps it."""
        is_spread = self.num_panels > 0 and self._count % self._stride == 0
        self._count += 1
        is_worst = len(self._worst) < self.num_worst or bool(self._worst and error > self._worst[-1].error)
        if not (is_spread or is_worst):
            return
        small = shrink(build())
        if is_spread:
            self._spread.append(small)
            if len(self._spread) > 2 * self.num_panels:  # every second one stays, and every second to come
                self._spread, self._stride = self._spread[::2], 2 * self._stride
        if is_worst:
            self._worst.append(replace(small, reason="worst"))
            self._worst = sorted(self._worst, key=lambda item: -item.error)[: self.num_worst]

    def panels(self) -> tuple[Panel, ...]:
        """The spread frames in their order, then the worst ones that are not among them."""
        last = len(self._spread) - 1
        count = min(self.num_panels, len(self._spread))
        spread = [self._spread[round(i * last / max(count - 1, 1))] for i in range(count)]
        shown = {panel.frame for panel in spread}
        return (*spread, *(panel for panel in self._worst if panel.frame not in shown))


def shrink(panel: Panel) -> Panel:
    """Every n-th pixel, n the whole number that makes the panel at most about 640 pixels wide.

    Sparse measurements are pooled instead (the nearest of n x n), or most of them would vanish.
    """
    step = max(1, round(panel.image.shape[-1] / MAX_WIDTH_PX))
    if step == 1:
        return panel
    pictures = tuple(
        replace(
            picture,
            depth_m=picture.depth_m[::step, ::step].clone(),
            entropy_nat=_every(picture.entropy_nat, step),
            relative_width=_every(picture.relative_width, step),
        )
        for picture in panel.pictures
    )
    valid_m = pool_nearest(torch.where(panel.valid, panel.true_m, 0.0), step)
    return replace(
        panel,
        image=F.avg_pool2d(panel.image[None], step, ceil_mode=True)[0],
        true_m=pool_nearest(panel.true_m, step),
        valid=valid_m > 0,
        pictures=pictures,
    )


def _every(plane: Tensor | None, step: int) -> Tensor | None:
    return None if plane is None else plane[::step, ::step].clone()


def pool_nearest(depth_m: Float[Tensor, "height width"], step: int) -> Float[Tensor, "_ _"]:
    """The smallest depth of each step x step block that holds any; 0 where none does."""
    near = -F.max_pool2d(torch.where(depth_m > 0, -depth_m, -torch.inf)[None, None], step, ceil_mode=True)[0, 0]
    return torch.where(near.isfinite(), near, 0.0)
