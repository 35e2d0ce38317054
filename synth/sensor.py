"""Sensor: from radiance to the bytes of a camera, with its lens, exposure, noise and processor.

Each part is a small function with its strength as an argument; a preset says how strong the parts of one kind of
camera are, and `expose_rand` draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.development import coloured, compressed, sharpened, to_bytes, tone_table, toned
from synth.grain import grain_rand
from synth.lens import defocused, drawn, shaken, vignette

Span = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class SensorPreset:
    """How strong the parts of one kind of camera are; spans are drawn from evenly."""

    width_px: int
    """Image width for which lengths in pixels are meant; they shrink with smaller images."""
    typical_exposure: float
    """Factor on the radiance of a well-lit scene; what needs more light is amplified, and its noise with it."""
    exposure_error: float
    """Standard deviation of the automatic exposure's error, natural logarithm."""
    misexposed_share: float
    """Share of pictures whose exposure is off by up to a factor of two and a half."""
    vignette: Span
    fringe: Span
    """Relative size of red against green; 0.0005 is a sixth of a pixel at the edge of 640 pixels."""
    defocus_share: float
    defocus_px: Span
    shake_share: float
    shake_px: Span
    """Length of the path during exposure."""
    shake_upright: float
    """Rows of the path against its columns."""
    log_read: Span
    """Decimal logarithm of the read noise, as a share of white."""
    log_shot: Span
    """Decimal logarithm of the shot noise's variance at white."""
    sharpening: Span
    jpeg_share: float
    jpeg_quality: Span


PHONE = SensorPreset(
    width_px=640,
    typical_exposure=2.0,
    exposure_error=0.25,
    misexposed_share=0.08,
    vignette=(0.0, 0.4),
    fringe=(0.0, 0.001),
    defocus_share=0.15,
    defocus_px=(0.5, 2.0),
    shake_share=0.25,  # hand-held at a thirtieth of a second
    shake_px=(1.0, 4.0),
    shake_upright=1.0,
    log_read=(-3.2, -2.3),
    log_shot=(-3.7, -2.7),
    sharpening=(0.0, 0.8),
    jpeg_share=0.8,
    jpeg_quality=(60.0, 96.0),
)
"""A small hand-held camera indoors."""
CAR = SensorPreset(
    width_px=1242,
    typical_exposure=1.0,
    exposure_error=0.3,
    misexposed_share=0.12,  # sun ahead, bridges, shade: the exposure follows too slowly
    vignette=(0.0, 0.3),
    fringe=(0.0, 0.0006),
    defocus_share=0.08,  # fixed focus, but a dirty or hazy windscreen
    defocus_px=(0.5, 1.6),
    shake_share=0.15,
    shake_px=(1.0, 4.0),
    shake_upright=0.4,  # turning moves the view sideways
    log_read=(-3.0, -2.2),
    log_shot=(-3.5, -2.6),
    sharpening=(0.0, 0.4),
    jpeg_share=0.5,
    jpeg_quality=(70.0, 96.0),
)
"""A machine-vision camera behind a windscreen."""
PRESETS: dict[str, SensorPreset] = {"indoor": PHONE, "driving": CAR}


def sensor_for(domain: str) -> SensorPreset:
    """The preset of a domain; a domain that names none is seen with the small hand-held camera."""
    return PRESETS.get(domain, PHONE)


def expose_rand(rng: np.random.Generator, radiance: np.ndarray, preset: SensorPreset = PHONE) -> np.ndarray:
    """(H,W,3) linear radiance to (H,W,3) uint8 as a camera would show it; all strengths come from `rng`."""
    exposure = _exposure_rand(rng, radiance, preset)
    image = np.ascontiguousarray(radiance.transpose(2, 0, 1))
    image *= vignette(image.shape[1:], float(rng.uniform(*preset.vignette))) * np.float32(exposure)
    image = _through_lens_rand(rng, image, preset)
    image = _noisy_rand(rng, image, preset, gain=float(np.clip(exposure / preset.typical_exposure, 1.0, 8.0)))
    return _developed_rand(rng, image, preset)


def _exposure_rand(rng: np.random.Generator, radiance: np.ndarray, preset: SensorPreset) -> float:
    """Puts the middle of the picture near mid-grey and keeps most highlights, as automatic exposure does."""
    some = radiance[::4, ::4]
    grey = (some[..., 0] + some[..., 1] + some[..., 2]).ravel() / np.float32(3.0)
    middle = float(np.exp(np.log(grey + np.float32(1e-4)).mean()))  # 1e-4: black pixels have a logarithm too
    bright = float(np.partition(grey, rank := round(0.92 * (len(grey) - 1)))[rank])
    wanted = min(0.2 / middle, 1.1 / max(bright, 1e-4))
    error = rng.normal(0.0, preset.exposure_error)
    if rng.random() < preset.misexposed_share:
        error += rng.choice((-1.0, 1.0)) * rng.uniform(0.4, 0.9)
    return max(wanted, 0.07 / middle) * float(np.exp(np.clip(error, -1.1, 1.1)))


def _through_lens_rand(rng: np.random.Generator, image: np.ndarray, preset: SensorPreset) -> np.ndarray:
    """Defocus or shake at times, then the softness and the fringes of any lens, and red and blue softer than green.

    They are of every other camera: a sensor has half as many red and blue pixels as green ones.
    """
    shrink = image.shape[2] / preset.width_px
    spread = float(rng.uniform(*preset.fringe) * rng.choice((-1.0, 1.0)))
    soft, chance = float(rng.uniform(0.0, 0.2)), rng.random()
    radius_px, length_px = rng.uniform(*preset.defocus_px) * shrink, rng.uniform(*preset.shake_px) * shrink
    turn_rad = rng.uniform(0.0, np.pi)
    if chance < preset.defocus_share:
        image = defocused(image, float(radius_px))
    elif chance < preset.defocus_share + preset.shake_share:
        path_px = length_px * np.sin(turn_rad) * preset.shake_upright, length_px * np.cos(turn_rad)
        image = shaken(image, (float(path_px[0]), float(path_px[1])))
    colour_soft = min(soft + 0.25, 0.3) if rng.random() < 0.5 else soft  # 0.3: beyond a third, fine stripes turn over
    return drawn(image, (colour_soft, soft, colour_soft), spread=spread)


def _noisy_rand(rng: np.random.Generator, image: np.ndarray, preset: SensorPreset, *, gain: float) -> np.ndarray:
    """Read and shot noise amplified by `gain`, and a trace of row noise."""
    read = 10.0 ** rng.uniform(*preset.log_read) * np.sqrt(gain)
    shot = 10.0 ** rng.uniform(*preset.log_shot) * gain
    light = image[0] + image[1]
    light += image[2]
    light *= np.float32(shot / 3.0)
    strength = np.sqrt(np.clip(light, 0.0, np.float32(shot)) + np.float32(read**2))
    rows = rng.standard_normal((3, image.shape[1], 1), dtype=np.float32) * np.float32(0.1 * read)
    grain = grain_rand(rng, (image.shape[1], image.shape[2]))
    grain *= strength
    grain += image
    grain += rows
    return grain


def _developed_rand(rng: np.random.Generator, image: np.ndarray, preset: SensorPreset) -> np.ndarray:
    """White balance, saturation, tone curve, sharpening, and the camera's own JPEG at times."""
    warmth, tint, saturation = rng.normal(0.0, 0.06), rng.normal(0.0, 0.02), rng.uniform(0.7, 1.2)
    image = coloured(image, warmth=float(warmth), tint=float(tint), saturation=float(saturation))
    table = tone_table(
        gamma=float(rng.uniform(1.9, 2.5)),
        contrast=float(rng.uniform(0.0, 0.5)),
        shoulder=float(rng.uniform(0.6, 0.95)),
    )
    picture = to_bytes(sharpened(toned(image, table), float(rng.uniform(*preset.sharpening))))
    if rng.random() >= preset.jpeg_share:
        return picture
    return compressed(picture, quality=round(rng.uniform(*preset.jpeg_quality)), is_subsampled=bool(rng.random() < 0.7))
