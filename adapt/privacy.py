"""Differential privacy of a mean over images: what one image may add, and the noise that hides it.

Legend: epsilon, delta the budget; Delta how far the mean can move, in L2, when one image is replaced by another;
sigma the deviation of the noise on every number.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

MECHANISM = "analytic Gaussian; neighbours differ in one image, which is replaced"


@dataclass(frozen=True, kw_only=True)
class Privacy:
    """The budget of one release, and the bound on what one image adds."""

    epsilon: float
    delta: float
    clip: float
    """Largest root mean square of one image's numbers in one layer, in units of the reference."""

    def sigma(self, num_values: int, *, num_layers: int, num_images: int) -> float:
        """Deviation of the noise on each of a layer's values, in units of the reference.

        An image's numbers of one layer have at most the length clip sqrt(num_values). Divided by that, and all layers
        side by side, its vector is at most sqrt(num_layers) long, so the mean moves by Delta = 2 sqrt(num_layers) /
        num_images at most: one Gaussian mechanism for all layers, which composes them without loss.
        """
        move = 2.0 * math.sqrt(num_layers) / num_images
        return noise_multiplier(self.epsilon, self.delta) * move * self.clip * math.sqrt(num_values)


def noise_multiplier(epsilon: float, delta: float) -> float:
    """Smallest sigma / Delta that is (epsilon, delta)-private.

    Reference: Balle and Wang, "Improving the Gaussian Mechanism for Differential Privacy", ICML 2018, Theorem 8.
    """
    low, high = 1e-3, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if spent_delta(epsilon, middle) > delta else (low, middle)
    return high


def spent_delta(epsilon: float, multiplier: float) -> float:
    """The delta of noise with s = sigma / Delta: Phi(1 / 2s - epsilon s) - e^epsilon Phi(-1 / 2s - epsilon s)."""
    half, shift = 0.5 / multiplier, epsilon * multiplier
    return _normal_cdf(half - shift) - math.exp(epsilon) * _normal_cdf(-half - shift)


def _normal_cdf(value: float) -> float:
    return 0.5 * math.erfc(-value / math.sqrt(2.0))


def clipped(values: Float[Tensor, " values"], clip: float) -> Float[Tensor, " values"]:
    """`values`, shortened where their root mean square is above `clip`."""
    rms = values.square().mean().sqrt()
    return values * (clip / rms.clamp_min(1e-30)).clamp(max=1.0)  # 0 stays 0


def system_normals(num: int) -> Float[Tensor, " num"]:
    """Standard normal numbers, float64, from the randomness of the operating system.

    There is no seed: noise that can be drawn again can be taken away again.
    """
    words = torch.frombuffer(bytearray(os.urandom(8 * num)), dtype=torch.int64)
    uniform = ((words >> 11).double() + 2.0**52 + 0.5) / 2.0**53  # of 53 bits, signed; never 0 or 1
    return torch.special.ndtri(uniform)
