"""What a depth network answers."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Output:
    """Depth at input size, and beside it what the network itself returned, where it has that."""

    depth_m: Float[Tensor, "batch 1 height width"]
    """Planar z in metres at the size of the input image."""
    raw: Tensor | None = None
    """The network's own answer in its own unit and size (see the network's docstring)."""
    bin_edges: Float[Tensor, "batch edges"] | None = None
    """Edges of the depth bins that the network chose for each image, in metres, from near to far."""
    dpm_logits: Float[Tensor, "batch bins _ _"] | None = None
    """Logits of the depth probability map over the network's bins, at its own size."""
    features: tuple[Float[Tensor, "batch _ _ _"], ...] = ()
    """The backbone's maps that the depth was decoded from, from fine to coarse; students with a pyramid answer them."""
