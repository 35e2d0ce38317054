"""Exported program: a student in another format, how far its depth is from torch's, and its way to the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from mde.errors import InputError
from mde.files import atomic_file, sha256_file
from mde.nets.net import DepthNet

OTHER_SIZE = (35, 62)
"""Rows and columns more than the native size: no multiple of 32, as images of users are."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A student in another format, not yet on disk."""

    files: Mapping[str, bytes]
    """Content by suffix, the file that users name first."""
    runtime: str
    """What runs it: name and version."""
    run: Callable[[np.ndarray], np.ndarray]
    """Images (B,3,H,W) float32 to depth in metres (B,1,H,W)."""
    takes_any_size: bool = True
    """False where it takes single images of the native size alone."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Relative differences to torch's depth beyond which a program is not written; None where one is not judged."""

    worst: float | None = None
    percentile_99: float | None = None
    mean: float | None = None


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """What was written, and how far its depth is from the student's, over all pixels of all probes."""

    path: str
    sha256: str
    max_relative_error: float
    percentile_99: float
    mean_relative_error: float
    bounds: Bounds
    runtime: str


class DepthOnly(nn.Module):
    """The student as it sees every image: one tensor in, one tensor out, normalisation inside."""

    def __init__(self, net: DepthNet) -> None:
        super().__init__()
        self.core = net.core

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 1 height width"]:
        """Depth in metres at the size of the image."""
        depth_m: Tensor = self.core(image).depth_m
        return depth_m


def write_program(
    program: Program, net: DepthNet, path: Path, probes: Float[Tensor, "batch 3 height width"], bounds: Bounds
) -> ExportReport:
    """Write a program as `path` and files beside it, and only if its runtime agrees with torch within `bounds`.

    Raises InputError, leaving no file behind and older ones as they are, where it does not.
    """
    assert path.suffix == next(iter(program.files)), "the file that users name comes first"
    errors = relative_errors(program, net, probes)
    figures = {
        "worst": float(errors.max()),
        "percentile_99": float(np.percentile(errors, 99)),
        "mean": float(errors.mean()),
    }
    for name, figure in figures.items():
        bound: float | None = getattr(bounds, name)
        if bound is not None and not figure <= bound:  # also when not a number
            raise InputError(
                f"{path} was not written: the depth of {program.runtime} is off by {figure:.2e} of the student's "
                f"({name.replace('_', ' ')} over pixels), more than {bound:g}"
            )
    write_files({path.with_suffix(suffix): content for suffix, content in program.files.items()})
    return ExportReport(
        path=path.name,
        sha256=sha256_file(path),
        max_relative_error=figures["worst"],
        percentile_99=figures["percentile_99"],
        mean_relative_error=figures["mean"],
        bounds=bounds,
        runtime=program.runtime,
    )


def relative_errors(program: Program, net: DepthNet, probes: Float[Tensor, "batch 3 height width"]) -> np.ndarray:
    """Relative difference of the program's depth to torch's at every pixel, flat.

    Probes are shown one by one; to a program that takes any size also two at once, and at a size that no
    multiple of the network's strides gives.
    """
    batches = list(probes.split(1))
    if program.takes_any_size:
        height, width = (side + more for side, more in zip(probes.shape[-2:], OTHER_SIZE, strict=True))
        other = nn.functional.interpolate(probes[-2:], (height, width), mode="bilinear", align_corners=False)
        batches += [probes[:2], other, other[:1]]
    return np.concatenate([_relative_error(program, net, batch).ravel() for batch in batches])


@torch.inference_mode()
def _relative_error(program: Program, net: DepthNet, images: Tensor) -> np.ndarray:
    expected_m = net.core(images).depth_m.numpy()
    answer_m = program.run(np.ascontiguousarray(images.numpy()))
    if answer_m.shape != expected_m.shape:
        raise InputError(
            f"the depth of {program.runtime} has shape {answer_m.shape} where the student's has {expected_m.shape}; "
            "it was not written"
        )
    return np.asarray(np.abs(answer_m - expected_m) / expected_m)


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files that belong together: all of them are on the disk before the first gets its name.

    The first of `contents` is renamed last. A full disk leaves what was there before.
    """
    with ExitStack() as stack:
        for path, content in contents.items():
            stream = stack.enter_context(atomic_file(path))
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())


def checked_path(path: Path, suffixes: Sequence[str]) -> Path:
    """`path`, where files with these suffixes can be written, its folder made. Raises InputError where they cannot."""
    if path.suffix != suffixes[0]:
        raise InputError(f"--out {path} does not end in {suffixes[0]}, the suffix of this format")
    for suffix in suffixes:
        if path.with_suffix(suffix).is_dir():
            raise InputError(f"{path.with_suffix(suffix)} is a folder; name a file that can be written")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"--out {path} lies in {path.parent}, which is no folder") from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"--out {path} lies in {path.parent}, where this user may not write")
    return path
