"""Looks: cameras that no renderer of ours has, by which a student is tried without a real image."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

Images = Float[Tensor, "batch 3 height width"]


def evening(images: Images, noise: Images) -> Images:
    """Underexposed warm light, with the noise of a small sensor at high gain."""
    return _tinted(0.75 * images.clamp_min(1e-6) ** 1.5, (1.1, 0.95, 0.7)) + 0.05 * noise


def overcast(images: Images, noise: Images) -> Images:
    """Flat cold light through a soft lens: little contrast, a lifted black."""
    return _tinted(gaussian_blur(0.2 + 0.65 * images, [5, 5], [1.0, 1.0]), (0.92, 1.0, 1.1)) + 0.01 * noise


def harsh(images: Images, noise: Images) -> Images:
    """Overexposed hard light with little colour, sharpened until edges ring."""
    grey = images.mean(1, keepdim=True)
    pale = 0.4 * images + 0.6 * grey
    sharp = pale + 1.0 * (pale - gaussian_blur(pale, [5, 5], [1.0, 1.0]))
    return 0.5 + 1.5 * (sharp - 0.4) + 0.02 * noise


LOOKS: dict[str, Callable[[Images, Images], Images]] = {"evening": evening, "overcast": overcast, "harsh": harsh}


def looked(name: str, images: Images, *, seed: int) -> Images:
    """Images as a camera of that look would take them, RGB in [0,1]; noise depends on the seed and the size alone."""
    drawn = np.random.default_rng([seed, *images.shape]).standard_normal(images.shape, dtype=np.float32)
    return LOOKS[name](images, torch.from_numpy(drawn).to(images)).clamp(0.0, 1.0)


def _tinted(images: Images, gains: tuple[float, float, float]) -> Images:
    return images * images.new_tensor(gains).view(1, 3, 1, 1)
