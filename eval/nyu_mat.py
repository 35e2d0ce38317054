"""NYU Depth v2 straight from `nyu_depth_v2_labeled.mat`, in place of the files that conversion scripts make of it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import scipy.io
import torch
from PIL import Image

from eval.frame import Frame, FrameEntry, to_pixels
from eval.split_list import SplitRow, read_split
from mde.domain import INDOOR
from mde.errors import InputError
from mde.record import decode_image

MAT = "nyu_depth_v2_labeled.mat"
SPLIT_MAT = "splits.mat"
IMAGES, DEPTHS, SCENES = "images", "rawDepths", "sceneTypes"
SHAPES = {IMAGES: (3, 640, 480), DEPTHS: (640, 480)}
"""Of one frame: MATLAB's arrays are transposed in HDF5."""
KEPT = (slice(7, 474), slice(7, 632))
"""Rows and columns outside the white border; the published conversion makes the rest black."""
JPEG_QUALITY = 95
"""Of the published conversion (OpenCV's default), with OpenCV's and Pillow's default subsampling."""


@dataclass(frozen=True, kw_only=True)
class NyuMat:
    """Rows of the labelled file, as the published conversion writes them into `official_splits`."""

    path: Path
    rows: tuple[int, ...]
    """Counted from 0, as in the names `rgb_NNNNN.jpg`."""
    scenes: tuple[str, ...]
    """Kind of room of each row, such as `bathroom`."""

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Frame]:
        return (self.read(index) for index in range(len(self)))

    @property
    def entries(self) -> tuple[FrameEntry, ...]:
        """Named as in `official_splits`; all lie in the one file."""
        pairs = zip(self.scenes, self.rows, strict=True)
        return tuple(
            FrameEntry(name=f"{scene}/rgb_{row:05d}", scene=scene, image=self.path, depth=self.path)
            for scene, row in pairs
        )

    @property
    def depth_units_per_metre(self) -> float:
        """Millimetres."""
        return INDOOR.depth_units_per_metre

    def read(self, index: int) -> Frame:
        """Read one frame. Raises InputError, naming file and row, where it cannot be read."""
        row = self.rows[index]
        try:
            with h5py.File(self.path) as file:
                image, depth_m = file[IMAGES][row].transpose(2, 1, 0), file[DEPTHS][row].T
        except (OSError, RuntimeError, ValueError) as error:
            raise InputError(f"{self.path} row {row} cannot be read ({error}); is the download whole?") from error
        return Frame(
            name=f"{self.scenes[index]}/rgb_{row:05d}",
            scene=self.scenes[index],
            image=to_pixels(as_published(image)),
            depth_m=torch.from_numpy(_in_millimetres(depth_m) / np.float32(self.depth_units_per_metre))[None],
            depth_units_per_metre=self.depth_units_per_metre,
        )


def as_published(image: np.ndarray) -> np.ndarray:
    """A (480,640,3) picture without its white border, through JPEG as the published files are."""
    black = np.zeros_like(image)
    black[KEPT] = image[KEPT]
    stream = io.BytesIO()
    Image.fromarray(black).save(stream, "JPEG", quality=JPEG_QUALITY, subsampling="4:2:0")
    return decode_image(stream.getvalue())


def _in_millimetres(depth_m: np.ndarray) -> np.ndarray:
    """Whole millimetres, cut off and not rounded, as the published conversion has them; what is no depth becomes 0."""
    scaled = depth_m * np.float32(INDOOR.depth_units_per_metre)
    return np.where((scaled >= 0) & (scaled <= np.iinfo(np.uint16).max), scaled, 0.0).astype(np.uint16)


def find_mat(root: Path) -> Path | None:
    """The labelled file, where `root` is it or holds it."""
    if root.suffix == ".mat" and root.is_file():
        return root
    return root / MAT if (root / MAT).is_file() else None


def nyu_mat_frames(path: Path, split: Path | None = None) -> NyuMat:
    """Frames of the test split: `testNdxs` of the published `splits.mat`, or a list with names like `rgb_00045.jpg`.

    `split` defaults to the `splits.mat` beside the file, else to the one list there. Depth is `rawDepths`, what the
    sensor measured, and not `depths`, where holes are filled. Raises InputError for a file that is cut off or another,
    and without a split: the file holds the 795 training frames too.
    """
    chosen = split or _split_beside(path)
    rows = _split_rows(chosen) if chosen.suffix == ".mat" else tuple(map(_listed_row, read_split(chosen)))
    return NyuMat(path=path, rows=rows, scenes=_scenes(path, rows, chosen))


def _split_beside(path: Path) -> Path:
    beside = path.parent / SPLIT_MAT
    found = [beside] if beside.is_file() else list(path.parent.glob("*.txt"))
    if len(found) != 1:
        raise InputError(
            f"{path} holds training frames, too; lay {SPLIT_MAT} or one test list beside it, or name it with --split"
        )
    return found[0]


def _split_rows(path: Path) -> tuple[int, ...]:
    try:
        numbers = scipy.io.loadmat(path, variable_names=["testNdxs"])["testNdxs"].astype(np.int64).ravel()
    except (OSError, ValueError, TypeError, KeyError, NotImplementedError) as error:
        raise InputError(f"{path} is no split of NYU with testNdxs ({error})") from error
    return tuple(int(number) - 1 for number in numbers)  # MATLAB counts from 1


def _listed_row(row: SplitRow) -> int:
    number = re.search(r"(\d+)\.\w+$", row.image)
    if number is None:
        raise InputError(f"split list: {row.image} has no number; expected names like bathroom/rgb_00045.jpg")
    return int(number.group(1))


def _scenes(path: Path, rows: Sequence[int], split: Path) -> tuple[str, ...]:
    try:
        with h5py.File(path) as file:
            for name, shape in SHAPES.items():
                if name not in file or file[name].shape[1:] != shape:
                    found = file[name].shape[1:] if name in file else "nothing"
                    raise InputError(f"{path} has {found} as {name}, expected frames of {shape}; it is not {MAT}")
            num_rows = min(len(file[name]) for name in SHAPES)
            beyond = [row for row in rows if not 0 <= row < num_rows]
            if beyond or not rows:
                raise InputError(
                    f"{split} asks for {beyond[:1] or 'no row'} of {path}, which has rows 0 to {num_rows - 1}"
                )
            references = file[SCENES][0]
            return tuple("".join(map(chr, file[references[row]][:].ravel())) for row in rows)
    except (OSError, KeyError, RuntimeError, ValueError, IndexError) as error:
        raise InputError(f"{path} cannot be read ({error}); is the download whole?") from error
