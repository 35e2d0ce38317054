"""Object-wise mixing: objects of one picture put into another, which breaks up the layouts that a renderer knows.

The teacher is asked about the mixed picture; labels are never mixed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from mde.batch import Batch

MIN_AREA = 0.005
"""Share of the picture below which an instance is not drawn: specks change nothing and crowd the draw."""
_OTHER = 1 << 16
"""Added to the numbers of instances that came from the other picture; a record's own are smaller."""


def object_mask(ids: Int[Tensor, "1 height width"], rng: np.random.Generator) -> Bool[Tensor, "1 height width"]:
    """Pixels of half of a picture's instances, rounded down and drawn without replacement.

    Walls, floors and the background are instances like others. All False where fewer than two are large enough.

    Reference: J. Hu et al., "Dense Depth Distillation with Out-of-Distribution Simulated Images", 2024 (object-wise
    mixing). Differs: the rule of the mask is not published; half of the labels is that of the authors' other work on
    segmentation, the smallest area is ours.
    """
    found, counts = np.unique(ids.numpy(), return_counts=True)
    large = found[counts >= MIN_AREA * ids.numel()]
    chosen = rng.choice(large, size=len(large) // 2, replace=False)
    return torch.from_numpy(np.isin(ids.numpy(), chosen))


def mix_objects(batch: Batch, *, seed: int, step: int, first: int, probability: float) -> Batch:
    """A batch whose pictures exchange objects in pairs: each gets some of its partner's with `probability`.

    Partners are the pictures at places 0 and 1, 2 and 3, ...; of an odd number the last stays as it is. Image, depth
    and ids move together, without a seam of averages; a picture keeps its own camera. `first` is the place of the
    first picture in the whole batch of the step, so parts of a batch are mixed as the whole is. Everything random
    depends on (seed, step, place).
    """
    image, depth_m, ids = batch.image.clone(), batch.depth_m.clone(), batch.ids.clone()
    for place in range(len(image)):
        other = place ^ 1
        rng = np.random.default_rng([seed, step, 3, first + place])
        if other == len(image) or rng.random() >= probability:
            continue
        mask = object_mask(batch.ids[other], rng)
        image[place] = torch.where(mask, batch.image[other], batch.image[place])
        depth_m[place] = torch.where(mask, batch.depth_m[other], batch.depth_m[place])
        ids[place] = torch.where(mask, batch.ids[other] + _OTHER, batch.ids[place])
    return replace(batch, image=image, depth_m=depth_m, ids=ids)
