"""Contribution: what one image says about a layer, in units that were fixed before any private image was opened.

Legend: m, v mean and biased variance of a channel over one image; M, V the reference's; a = (m - M) / sqrt(V) and
b = v / V + a^2 - 1, which is the mean of the square in the same units, less 1. Their means over images give back the
moments over all images exactly: mean = M + sqrt(V) a, var = V (1 + b - a^2).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from adapt.statistics import Moments, captured, merge_moments
from mde.batch import read_images
from mde.nets.net import DepthNet
from mde.shards import ShardReader

NUM_REFERENCE = 128
"""Renders that the reference is taken from."""
MIN_REFERENCE = 0.01
"""Least variance of a reference channel, as a share of its layer's mean: some are silent on renders."""
TINY = 1e-12
"""Variance of a reference layer that is constant."""


@torch.no_grad()
def unit_reference(teacher: DepthNet, layers: dict[str, nn.Module]) -> dict[str, Moments]:
    """M = 0 and V = 1 for every layer that runs, tried on a grey image: for moments without a bound."""
    with captured(layers) as capture:
        grey = torch.full((1, 3, *teacher.spec.native_size), 0.5, device=next(teacher.parameters()).device)
        teacher(grey)
        widths = {name: len(moments.mean) for name, moments in capture.take().items()}
    return {
        name: Moments(mean=torch.zeros(width, dtype=torch.float64), var=torch.ones(width, dtype=torch.float64))
        for name, width in widths.items()
    }


@torch.no_grad()
def render_reference(teacher: DepthNet, layers: dict[str, nn.Module], reader: ShardReader) -> dict[str, Moments]:
    """Moments of the input of every layer that runs on renders, float64: a scale in which no private image had a part.

    Renders, since they are what is nearest to the images without being any: on the sealed world one image's numbers
    are then about 0.5 long (root mean square) and on plain boxes up to 9, all of which clipping would cut.
    """
    parts = []
    with captured(layers) as capture:
        for number in range(min(NUM_REFERENCE, len(reader))):
            teacher(read_images(reader, [number], teacher.spec.framing).to(next(teacher.parameters()).device))
            parts.append(capture.take())
    return {name: _floored(moments) for name, moments in merge_moments(parts, [1] * len(parts)).items()}


def _floored(moments: Moments) -> Moments:
    var = moments.var.double().cpu()
    return Moments(mean=moments.mean.double().cpu(), var=var.clamp_min(max(MIN_REFERENCE * float(var.mean()), TINY)))


def contribution(found: Moments, reference: Moments) -> Float[Tensor, " twice_channels"]:
    """(a, b) of every channel of one image, float64."""
    a = (found.mean.double().cpu() - reference.mean) / reference.var.sqrt()
    return torch.cat((a, found.var.double().cpu() / reference.var + a.square() - 1.0))


def moments_from(
    mean_contribution: Float[Tensor, " twice_channels"], reference: Moments, *, min_variance: float
) -> Moments:
    """Moments over all images; variances below `min_variance` of the reference's, which noise can make, are raised."""
    a, b = mean_contribution.chunk(2)
    var = (1.0 + b - a.square()).clamp_min(min_variance)
    return Moments(mean=reference.mean + reference.var.sqrt() * a, var=reference.var * var)
