"""Cost: what rendering takes in time and space, for plans and for the disk."""

from __future__ import annotations

from synth.sample_config import SampleConfig

RATES_S: dict[str, tuple[float, float]] = {
    "indoor": (0.07, 0.85),
    "driving": (0.22, 0.75),
    "warehouse": (0.12, 0.85),
    "drone": (1.0, 0.8),
}
"""Processor seconds per image and per megapixel on one core of a 2.4 GHz server without a GPU."""
BYTES_PER_MEGAPIXEL = 1_100_000
START_S = 10.0
"""Seconds until a rendering process has loaded its libraries and baked its textures."""


def seconds_needed(config: SampleConfig, num_images: int, num_workers: int) -> float:
    """Wall time until `num_images` are rendered."""
    per_image_s, per_megapixel_s = RATES_S[config.domain]
    return START_S + num_images * (per_image_s + per_megapixel_s * _megapixels(config)) / num_workers


def bytes_needed(config: SampleConfig, num_images: int) -> int:
    """Size of `num_images` in shards."""
    return round(num_images * _megapixels(config) * BYTES_PER_MEGAPIXEL)


def _megapixels(config: SampleConfig) -> float:
    return config.height * config.width / 1e6
