"""Block: the previews of some candidates on disk, as descriptors and small pictures."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mde.files import atomic_file, sha256_file
from synth.descriptor import NUMBERS, describe
from synth.preview import Previewer

PICTURE_QUALITY = 85
"""JPEG quality of the stored pictures, which are for people only: about 2 kB each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Descriptors and pictures of candidates, row by row."""

    numbers: np.ndarray
    """(B,) int64 sample numbers."""
    attempts: np.ndarray
    """(B,) int64 the draw that each preview shows."""
    descriptors: np.ndarray
    """(B,4) float32, see `synth.descriptor`."""
    pictures: tuple[bytes, ...]
    """JPEG files."""


def write_block(
    previewer: Previewer, path: Path, indices: Sequence[int], on_sample: Callable[[int], None]
) -> dict[str, Any]:
    """Preview the samples and write them to `path`, whole or not at all; answers name, sha256 and num_records.

    `on_sample` is called after every preview. The file names the configuration that it belongs to.
    """
    attempts, descriptors, pictures = [], [], []
    for index in indices:
        preview = previewer.preview(index)
        attempts.append(preview.attempt)
        descriptors.append(describe(preview))
        pictures.append(jpeg(preview.image))
        on_sample(index)
    with atomic_file(path) as stream:
        np.savez(
            stream,
            config_sha256=np.frombuffer(previewer.config_sha256.encode(), dtype=np.uint8),
            numbers=np.array(indices, dtype=np.int64),
            attempts=np.array(attempts, dtype=np.int64),
            descriptors=np.stack(descriptors),
            pictures=np.frombuffer(b"".join(pictures), dtype=np.uint8),
            ends=np.cumsum([len(picture) for picture in pictures]),
        )
    return {"name": path.name, "sha256": sha256_file(path), "num_records": len(indices)}


def read_block(path: Path, config_sha256: str, indices: Sequence[int]) -> Block | None:
    """The block at `path`, or None when there is none of this configuration and these samples, or it is damaged."""
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = dict(file)
            if arrays["config_sha256"].tobytes() != config_sha256.encode():
                return None
    except (FileNotFoundError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None  # it is drawn again
    if arrays["numbers"].tolist() != list(indices) or arrays["descriptors"].shape != (len(indices), len(NUMBERS)):
        return None
    ends = arrays["ends"].tolist()
    content = arrays["pictures"].tobytes()
    return Block(
        numbers=arrays["numbers"],
        attempts=arrays["attempts"],
        descriptors=arrays["descriptors"],
        pictures=tuple(content[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)),
    )


def jpeg(image: np.ndarray) -> bytes:
    """(h,w,3) uint8 as a small JPEG file."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=PICTURE_QUALITY)
    return stream.getvalue()
