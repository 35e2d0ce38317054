"""Contact sheet: image, depth and ids of a handful of records on one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from mde.files import atomic_file
from mde.record import Record
from mde.shards import ShardReader

CONTACT = "contact.png"
MAX_TILES = 24
CELL_WIDTH_PX = 320


def write_contact_sheet(directory: Path, path: Path) -> None:
    """Draw records spread evenly over the shards of `directory` into a PNG at `path`."""
    reader = ShardReader(directory, verify=False)
    page = contact_sheet([reader[number] for number in spread_numbers(len(reader), MAX_TILES)])
    with atomic_file(path) as stream:
        Image.fromarray(page).save(stream, "PNG")


def spread_numbers(length: int, count: int) -> list[int]:
    """At most `count` numbers below `length`, evenly spaced, with the first and the last."""
    return [int(number) for number in np.linspace(0, length - 1, min(length, count)).round()]


def contact_sheet(records: Sequence[Record]) -> np.ndarray:
    """(H,W,3) uint8: one cell per record, with its image above its depth and its ids."""
    cells = [_cell(record) for record in records]
    columns = max(1, round(np.sqrt(len(cells) * cells[0].shape[0] / cells[0].shape[1])))
    blank = np.zeros_like(cells[0])
    cells += [blank] * (-len(cells) % columns)
    return np.concatenate([np.concatenate(cells[k : k + columns], axis=1) for k in range(0, len(cells), columns)])


def _cell(record: Record) -> np.ndarray:
    height, width = record.camera.size
    size = CELL_WIDTH_PX, max(round(height * CELL_WIDTH_PX / width), 1)
    half = size[0] // 2, max(size[1] // 2, 1)
    below = [_resized(picture, half) for picture in (depth_picture(record.depth_m), id_picture(record.ids))]
    return np.pad(
        np.concatenate((_resized(record.image, size), np.concatenate(below, axis=1))), ((0, 4), (0, 4), (0, 0))
    )


def _resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))


def depth_ends_m(depth_m: np.ndarray) -> tuple[float, float]:
    """Between which depths the colours of `depth_picture` run; (0, 0) where there is no depth."""
    valid = depth_m[depth_m > 0]
    low, high = np.percentile(valid, (1, 99)) if valid.size else (0.0, 0.0)
    return float(low), float(high)


def depth_picture(depth_m: np.ndarray) -> np.ndarray:
    """(H,W,3) uint8: near is bright, on a logarithmic scale between the picture's own ends; black is no depth."""
    from matplotlib import colormaps

    valid = depth_m > 0
    if not valid.any():
        return np.zeros((*depth_m.shape, 3), dtype=np.uint8)
    low, high = depth_ends_m(depth_m)
    share = np.log(np.clip(depth_m, low, high) / low) / max(np.log(high / low), 1e-6)  # an even wall has no span
    colours = colormaps["magma"](1.0 - 0.9 * share)[..., :3] * valid[..., None]
    return np.rint(colours * 255).astype(np.uint8)


def id_picture(ids: np.ndarray) -> np.ndarray:
    """(H,W,3) uint8: a fixed, unlike colour for every id, black for the background."""
    number = ids.astype(np.uint32)
    # Multiplying by odd constants scatters neighbouring ids over the colour cube.
    channels = [(number * factor >> 8) % 200 + 55 for factor in (2654435761, 2246822519, 3266489917)]
    return (np.stack(channels, axis=-1) * (ids > 0)[..., None]).astype(np.uint8)
