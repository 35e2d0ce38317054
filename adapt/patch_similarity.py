"""Patch similarity: how varied a transformer's patches are, a loss that needs no statistics at all.

On pictures that a vision transformer knows, its patches differ: things stand apart from their surroundings. On noise
they are all alike. The entropy of the similarities between patches tells the two apart.

Reference: Li et al., "Patch Similarity Aware Data-Free Quantization for Vision Transformers" (PSAQ-ViT), ECCV 2022,
the entropy of patch similarity. Differs: at most 64 patches of a map and 64 maps of a layer are compared, evenly
spaced, which bounds the cost; a patch's likeness to itself, always 1, is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.errors import InputError
from mde.nets.net import DepthNet

BANDWIDTH = 0.05
"""Deviation of the Gaussian kernel, in units of the cosine."""
STEP = 0.5 * BANDWIDTH
"""Of the grid over which the density is integrated; finer steps change the entropy by less than 1e-4 nat."""
MARGIN = 5.0 * BANDWIDTH
"""How far the grid reaches beyond -1 and 1."""
MAX_PATCHES = 64
MAX_MAPS = 64


def patch_distance(layers: list[Float[Tensor, "maps patches channels"]]) -> Float[Tensor, ""]:
    """How far the patches are from as varied as can be, in nat: `patch_entropy_loss` from its lower bound up."""
    return patch_entropy_loss(layers) + math.log(2.0 + 2.0 * MARGIN)


def patch_entropy_loss(layers: list[Float[Tensor, "maps patches channels"]]) -> Float[Tensor, ""]:
    """Minus the entropy of patch similarities, in nat, mean over layers."""
    return torch.stack([patch_similarity_loss(tokens) for tokens in layers]).mean()


def patch_similarity_loss(tokens: Float[Tensor, "maps patches channels"]) -> Float[Tensor, ""]:
    """Minus the differential entropy of the cosine similarities between the patches of a map, mean over maps.

    The density is a kernel estimate over all pairs. Never below -ln 2.5, a spread over the whole grid; about 1.58 where
    all patches are alike.
    """
    directions = F.normalize(_spaced(_spaced(tokens, 0, MAX_MAPS), 1, MAX_PATCHES).float(), dim=-1)
    num = directions.shape[1]
    rows, columns = torch.triu_indices(num, num, offset=1, device=tokens.device)
    similarities = (directions @ directions.transpose(1, 2))[:, rows, columns]
    return -entropy(similarities).mean()


def entropy(similarities: Float[Tensor, "maps pairs"]) -> Float[Tensor, " maps"]:
    """Differential entropy, -integral of f ln f, of the kernel density f of each row, in nat."""
    grid = torch.arange(-1.0 - MARGIN, 1.0 + MARGIN + STEP, STEP, device=similarities.device)
    density = torch.stack([_density(row, grid) for row in similarities])
    return -STEP * torch.xlogy(density, density.clamp_min(1e-30)).sum(dim=1)  # 0 ln 0 = 0, also for the gradient


def _density(samples: Float[Tensor, " pairs"], grid: Float[Tensor, " places"]) -> Float[Tensor, " places"]:
    kernel = (-0.5 * ((grid[:, None] - samples[None, :]) / BANDWIDTH).square()).exp().mean(dim=1)
    return kernel / (BANDWIDTH * math.sqrt(2.0 * math.pi))


def _spaced(tokens: Tensor, dim: int, most: int) -> Tensor:
    """At most so many slices along `dim`, evenly spaced from the first to the last."""
    num = tokens.shape[dim]
    if num <= most:
        return tokens
    return tokens.index_select(dim, torch.linspace(0, num - 1, most, device=tokens.device).round().long())


class TokenCapture:
    """What the attention blocks of a network answered since it was last asked."""

    def __init__(self, teacher: str) -> None:
        self._teacher = teacher
        self._layers: list[Tensor] = []

    def add(self, module: nn.Module, answer: Any) -> None:
        """Note one call; what is no map of at least three patches is passed over."""
        tokens = answer[0] if isinstance(answer, tuple) else answer
        if isinstance(module, nn.MultiheadAttention) and not module.batch_first and tokens.dim() == 3:
            tokens = tokens.transpose(0, 1)
        if tokens.dim() == 3 and tokens.shape[1] > 2:
            self._layers.append(tokens)

    def forget(self) -> None:
        """Drop what was noted."""
        self._layers = []

    def take(self) -> list[Float[Tensor, "maps patches channels"]]:
        """Tokens of each call in order, and forget them. Gradients flow through the answer.

        Raises InputError when there are none.
        """
        found, self._layers = self._layers, []
        if not found:
            raise InputError(f"no attention of teacher {self._teacher!r} ran on patches; {_ADVICE}")
        return found


_ADVICE = "--statistics patch-similarity is for transformers, give batchnorm, owner:FILE or none"


@contextmanager
def captured_tokens(teacher: DepthNet) -> Iterator[TokenCapture]:
    """Inside the block, forward passes leave the output of every attention in the answered capture.

    Raises InputError for a teacher without attention.
    """
    check_attention(teacher)
    modules = attention_modules(teacher)
    capture = TokenCapture(teacher.spec.name)

    def note(module: nn.Module, _inputs: Any, answer: Any) -> None:
        capture.add(module, answer)

    handles = [module.register_forward_hook(note) for module in modules.values()]
    try:
        yield capture
    finally:
        for handle in handles:
            handle.remove()


def check_attention(teacher: DepthNet) -> None:
    """Raises InputError for a teacher without attention."""
    if not attention_modules(teacher):
        raise InputError(f"teacher {teacher.spec.name!r} has no attention; {_ADVICE}")


def attention_modules(network: nn.Module) -> dict[str, nn.Module]:
    """The outermost modules whose class is called ...Attention, as timm, transformers, torch and this project do.

    The outermost, since transformers nests one in another (Dinov2Attention holds Dinov2SelfAttention): its answer is
    the projected sum of all heads, before the residual path. Class and distillation tokens count as patches.
    """
    found: dict[str, nn.Module] = {}
    for name, module in network.named_modules():
        is_inside = any(name.startswith(f"{outer}.") for outer in found)
        if type(module).__name__.endswith("Attention") and not is_inside:
            found[name] = module
    return found
