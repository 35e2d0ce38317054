"""Batch: what one optimiser step sees, a pure function of (seed, step)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mde.camera import Camera
from mde.framing import Framing
from mde.shards import ShardReader
from mde.view import view_of

Loaded = TypeVar("Loaded")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Pictures with everything that is known about their pixels, one row per picture."""

    image: Float[Tensor, "batch 3 height width"]
    """RGB in [0,1]."""
    depth_m: Float[Tensor, "batch 1 height width"]
    """Planar z of the renders; 0 where there is none."""
    ids: Int[Tensor, "batch 1 height width"]
    """Instance numbers, each picture's own; 0 is the background."""
    cameras: tuple[Camera, ...]


def batch_numbers(num_records: int, batch_size: int, *, seed: int, step: int) -> list[int]:
    """Record numbers of one step: every record once per epoch, in a new order each epoch.

    Depends on nothing but its arguments, so a resumed run needs only its step.
    """
    places = range(step * batch_size, (step + 1) * batch_size)
    orders: dict[int, np.ndarray] = {}
    for epoch in {place // num_records for place in places}:
        orders[epoch] = np.random.default_rng([seed, epoch]).permutation(num_records)
    return [int(orders[place // num_records][place % num_records]) for place in places]


def read_images(reader: ShardReader, numbers: list[int], framing: Framing) -> Float[Tensor, "batch 3 height width"]:
    """Of the images of the numbered records what `framing` keeps, RGB in [0,1]."""
    images = [torch.from_numpy(reader.image(number)).permute(2, 0, 1)[None].float() / 255.0 for number in numbers]
    return torch.cat([framing.image(image) for image in images])


def scene_batch(reader: ShardReader, framing: Framing, numbers: list[int], flips: np.ndarray) -> Batch:
    """The numbered records with depth, ids and camera, in `framing`; those of `flips` (num,) mirrored as one."""
    views = [framing.view(view_of(reader[number])) for number in numbers]
    views = [view.flip() if flip else view for view, flip in zip(views, flips, strict=True)]
    return Batch(
        image=torch.stack([view.image for view in views]),
        depth_m=torch.stack([view.depth_m for view in views]),
        ids=torch.stack([view.ids for view in views]),
        cameras=tuple(view.camera for view in views),
    )


def mirrored(num: int, *, seed: int, step: int) -> np.ndarray:
    """Which pictures of a batch of `num` are mirrored left to right: each with probability one half."""
    return np.random.default_rng([seed, step, 1]).random(num) < 0.5


def flip_some(images: Float[Tensor, "batch 3 height width"], flips: np.ndarray) -> Tensor:
    """Images of which those of `flips` (batch,) are mirrored left to right."""
    return torch.where(torch.from_numpy(flips).view(-1, 1, 1, 1), images.flip(-1), images)


def image_batches(
    reader: ShardReader, framing: Framing, batch_size: int, *, seed: int, steps: range
) -> Iterator[tuple[int, Float[Tensor, "batch 3 height width"]]]:
    """(step, images) for every step, mirrored at random; decoded ahead."""

    def load(step: int) -> Tensor:
        numbers = batch_numbers(len(reader), batch_size, seed=seed, step=step)
        return flip_some(read_images(reader, numbers, framing), mirrored(batch_size, seed=seed, step=step))

    return loaded_ahead(load, steps)


def loaded_ahead(load: Callable[[int], Loaded], steps: range, num_threads: int = 2) -> Iterator[tuple[int, Loaded]]:
    """(step, what is loaded for it), in order, as many steps ahead as there are threads."""
    # One compute thread each: with more, training on two cores took twice as long (LOG.md).
    with ThreadPoolExecutor(num_threads, "decode", initializer=torch.set_num_threads, initargs=(1,)) as pool:
        pending: list[tuple[int, Future[Loaded]]] = []
        for step in steps:
            pending.append((step, pool.submit(load, step)))
            if len(pending) > num_threads:
                ready, future = pending.pop(0)
                yield ready, future.result()
        for ready, future in pending:
            yield ready, future.result()
