"""Own image: a photograph of the user's, as it is meant to be seen, and what its file says about the lens."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from mde.errors import InputError
from mde.files import sha256_bytes

SUFFIXES = (".jpg", ".jpeg", ".png")
MAX_PIXELS = 2**26
"""Larger pictures are refused before they are decoded: cameras of 50 million pixels pass, bombs do not."""
FILM_DIAGONAL_MM = 43.27
"""Of 36x24 mm, to which EXIF's equivalent focal length refers (CIPA DCG-001)."""


@dataclass(frozen=True, kw_only=True)
class OwnImage:
    """One picture, turned upright."""

    path: Path
    sha256: str
    """Of the file."""
    image: Float[Tensor, "3 height width"]
    """RGB in [0, 1]."""
    exif_focal_px: float | None
    """Focal length that the file states, as equivalent to that on film; None where it states none."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.image.shape[-2], self.image.shape[-1]


def read_own_image(path: Path) -> OwnImage:
    """Read a JPEG or PNG file, turned as its EXIF orientation says.

    Raises InputError, naming the file, for one that is absent, damaged, too large, or a 16-bit depth map.
    """
    try:
        content = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's limit on pixels, ours is lower; odd EXIF entries
            with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as file:
                _check(file)
                upright = ImageOps.exif_transpose(file)
                focal_px = _exif_focal_px(file)
                pixels = np.array(upright.convert("RGB"))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; expected a JPEG or PNG image") from error
    except UnidentifiedImageError as error:  # its message names an object of ours
        raise InputError(f"{path} is neither a JPEG nor a PNG image; convert it first") from error
    except Exception as error:  # Pillow answers damaged files with errors that have no common class
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} cannot be read as a JPEG or PNG image ({reason}); replace the file") from error
    image = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255.0
    return OwnImage(path=path, sha256=sha256_bytes(content), image=image, exif_focal_px=focal_px)


def _check(file: Image.Image) -> None:
    if file.width * file.height > MAX_PIXELS:
        raise ValueError(f"{file.width}x{file.height} pixels are beyond the limit of {MAX_PIXELS:,}; make it smaller")
    if file.mode.startswith(("I", "F")):
        raise ValueError("it has one channel of 16 bits, as depth maps do; a picture is expected")


def _exif_focal_px(file: Image.Image) -> float | None:
    """By the diagonal, which turning leaves alone."""
    film_mm = file.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.FocalLengthIn35mmFilm)
    if not isinstance(film_mm, int) or film_mm <= 0:  # 0 stands for unknown
        return None
    return film_mm / FILM_DIAGONAL_MM * math.hypot(file.width, file.height)


def image_files(paths: Sequence[Path]) -> list[Path]:
    """The named files, and of named folders all JPEG and PNG files in them, in order, each once.

    Raises InputError for a folder without any.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
        if not files:
            raise InputError(f"{path} holds no JPEG or PNG image; name files, or a folder of them")
        for file in files:
            found.setdefault(file.resolve(), file)
    return list(found.values())
