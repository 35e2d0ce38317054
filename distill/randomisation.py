"""Photometric randomisation: each picture as another camera, on another day, would have taken it.

Only colours change, never geometry: a metric teacher is right at one field of view.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Images = Float[Tensor, "batch 3 height width"]
BLUR_PX = 5
"""Width of the blur's window; its deviation is at most 1.2 px."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What one picture is taken with. The ranges in brackets are those of strength 1."""

    gains: tuple[float, float, float]
    """Exposure, the same for all channels (2/3 to 3/2), times white balance, each channel's own (0.86 to 1.16)."""
    gamma: float
    """Exponent of the tone curve (0.74 to 1.35)."""
    contrast: float
    """About the mean of the picture (0.74 to 1.35)."""
    saturation: float
    """About grey (0.4 to 1.4)."""
    blur_px: float
    """Deviation of a Gaussian (seven in ten 0, else 0.3 to 1.2)."""
    noise: float
    """Deviation of the sensor's noise (half of them 0, else to 0.04)."""


def shot_rand(rng: np.random.Generator, strength: float) -> Shot:
    """A camera and a day; `strength` 0 changes nothing, 1 is the default range, factors grow as powers of it."""
    exposure, gamma, contrast, saturation, *balance = (strength * rng.uniform(-1.0, 1.0, 7)).tolist()
    is_soft, is_noisy = rng.random(2) < (0.3, 0.5)
    softness, noise = (strength * rng.uniform((0.3, 0.0), (1.2, 0.04))).tolist()
    return Shot(
        gains=tuple(math.exp(0.405 * exposure + 0.15 * channel) for channel in balance),  # type: ignore[arg-type]
        gamma=math.exp(0.3 * gamma),
        contrast=math.exp(0.3 * contrast),
        saturation=max(0.0, 0.5 * saturation - 0.1 * strength + 1.0),
        blur_px=softness if is_soft else 0.0,
        noise=noise if is_noisy else 0.0,
    )


def randomise(images: Images, *, seed: int, step: int, first: int, strength: float) -> Images:
    """Images, RGB in [0,1], each through a shot of its own; a function of (seed, step, place) on one kind of device.

    `first` is the place of the first image in the whole batch of the step, so parts of a batch come out as the whole.
    """
    # Imported here: it takes seconds, and most commands never randomise.
    from kornia import enhance
    from kornia.filters import gaussian_blur2d

    rngs = [np.random.default_rng([seed, step, 2, first + place]) for place in range(len(images))]
    shots = [shot_rand(rng, strength) for rng in rngs]
    gains = images.new_tensor([shot.gains for shot in shots]).view(-1, 3, 1, 1)
    taken = (images * gains).clamp(1e-6, 1.0)  # not 0, where the slope of a power below 1 is infinite
    taken = enhance.adjust_gamma(taken, _column(shots, "gamma", images))
    taken = enhance.adjust_contrast_with_mean_subtraction(taken, _column(shots, "contrast", images))
    taken = enhance.adjust_saturation_with_gray_subtraction(taken, _column(shots, "saturation", images))
    for place, (shot, rng) in enumerate(zip(shots, rngs, strict=True)):
        one = taken[place : place + 1]
        if shot.blur_px > 0.0:
            one = gaussian_blur2d(one, BLUR_PX, (shot.blur_px, shot.blur_px))
        if shot.noise > 0.0:
            generator = torch.Generator(images.device).manual_seed(int(rng.integers(2**63)))
            one = one + shot.noise * torch.randn(one.shape, generator=generator, device=images.device)
        taken[place] = one[0]
    return taken.clamp(0.0, 1.0)


def _column(shots: list[Shot], name: str, like: Tensor) -> Tensor:
    return like.new_tensor([getattr(shot, name) for shot in shots])
