"""Cost: what rendering takes in time and space, for plans and for the disk."""

from __future__ import annotations

from synth.preview import preview_size
from synth.renderer import BackEnd
from synth.sample_config import SampleConfig

RATES_S: dict[str, tuple[float, float]] = {
    "indoor": (0.05, 0.55),
    "driving": (0.09, 0.6),
    "warehouse": (0.13, 0.7),
    "drone": (0.6, 0.4),
}
"""Processor seconds per image and per megapixel on one core of a 2.4 GHz server without a GPU."""
EXTRA_S: dict[BackEnd, float] = {"onepass": 0.0, "pyrender": 0.6, "embree": 5.0}
"""Processor seconds per megapixel that a back end takes longer than the first, measured indoors and in driving."""
PREVIEW_S = {"indoor": 0.025, "driving": 0.045, "warehouse": 0.075, "drone": 0.4}
"""Processor seconds per preview: the scene is built in full, whatever its size."""
BYTES_PER_MEGAPIXEL = 1_100_000
START_S = 10.0
"""Seconds until a rendering process has loaded its libraries and baked its textures."""


def seconds_needed(config: SampleConfig, num_images: int, num_workers: int, *, num_previews: int = 0) -> float:
    """Wall time until `num_previews` are drawn and `num_images` rendered."""
    per_image_s, per_megapixel_s = RATES_S[config.domain]
    extra_s = EXTRA_S[config.renderer]
    image_s = per_image_s + (per_megapixel_s + extra_s) * _megapixels(config.height, config.width)
    preview_s = PREVIEW_S[config.domain] + extra_s * _megapixels(*preview_size(config.height, config.width))
    starts = 1 + (num_previews > 0)  # previews have processes of their own
    return starts * START_S + (num_images * image_s + num_previews * preview_s) / num_workers


def bytes_needed(config: SampleConfig, num_images: int) -> int:
    """Size of `num_images` in shards."""
    return round(num_images * _megapixels(config.height, config.width) * BYTES_PER_MEGAPIXEL)


def _megapixels(height: int, width: int) -> float:
    return height * width / 1e6
