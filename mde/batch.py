"""Batch: images for one optimiser step, a pure function of (seed, step)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mde.framing import Framing
from mde.shards import ShardReader


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


def flip_some(images: Tensor, *, seed: int, step: int) -> Tensor:
    """Mirror each image left to right with probability one half, by (seed, step) alone."""
    mirrored = np.random.default_rng([seed, step, 1]).random(len(images)) < 0.5
    return torch.where(torch.from_numpy(mirrored).view(-1, 1, 1, 1), images.flip(-1), images)


def image_batches(
    reader: ShardReader, framing: Framing, batch_size: int, *, seed: int, steps: range
) -> Iterator[tuple[int, Float[Tensor, "batch 3 height width"]]]:
    """(step, images) for every step, mirrored at random; two batches ahead are decoded in threads."""

    def load(step: int) -> Tensor:
        numbers = batch_numbers(len(reader), batch_size, seed=seed, step=step)
        return flip_some(read_images(reader, numbers, framing), seed=seed, step=step)

    # One compute thread each: with more, training on two cores took twice as long (LOG.md).
    with ThreadPoolExecutor(2, "decode", initializer=torch.set_num_threads, initargs=(1,)) as pool:
        pending: list[tuple[int, Future[Tensor]]] = []
        for step in steps:
            pending.append((step, pool.submit(load, step)))
            if len(pending) > 2:
                ready, future = pending.pop(0)
                yield ready, future.result()
        for ready, future in pending:
            yield ready, future.result()
