"""Local-global convolution: beside a 3x3 convolution a light branch that sees the whole image and scales its answer.

A light backbone sees far only in its last maps; the branch tells every place the mean of the map, from the first on.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

MIN_HIDDEN = 8
"""Channels that a branch has at least."""


class LocalGlobalConv(nn.Module):
    """conv(x) (1 + tanh a), where a looks at each place and at the mean over all places.

    z = ReLU(W_1 x), r channels at the size of the answer; g = mean of z over the map; a = W_3 ReLU(W_z z + W_g g).
    All W are 1x1; r is a quarter of the convolution's channels, of a depthwise one a sixteenth, and 8 at least.
    W_3 begins at zero, so a fresh branch leaves the convolution's answer as it is, to the bit.

    Reference: Zheng, Huang, Li, Wang, "Promoting CNNs with Cross-Architecture Knowledge Distillation for Efficient
    Monocular Depth Estimation" (DisDepth), arXiv 2404.16386 (2024). Written from its idea; formula and widths are ours.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        num_in, num_out = conv.in_channels, conv.out_channels
        hidden = max(MIN_HIDDEN, num_out // (4 if conv.groups == 1 else 16))
        self.conv = conv
        self.reduce = nn.Conv2d(num_in, hidden, 1)
        self.local_part = nn.Conv2d(hidden, hidden, 1)
        self.global_part = nn.Conv2d(hidden, hidden, 1, bias=False)
        self.gate = nn.Conv2d(hidden, num_out, 1)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)  # type: ignore[arg-type]

    def forward(self, features: Float[Tensor, "batch _ _ _"]) -> Float[Tensor, "batch _ _ _"]:
        """What the convolution answers, scaled by 0 to 2."""
        own = self.conv(features)
        down, across = self.conv.stride
        # Not a 1x1 of that stride: torch 2.15 corrupts memory in its gradient, for images in channels_last.
        places = F.relu(self.reduce(features[..., ::down, ::across]))
        seen = self.local_part(places) + self.global_part(places.mean(dim=(2, 3), keepdim=True))
        # Not own * (1 + tanh a): in bfloat16 1 + 0.003 is 1.
        return own + own * torch.tanh(self.gate(F.relu(seen)))


def add_branches(backbone: nn.Module) -> None:
    """Put a fresh branch beside every 3x3 convolution of `backbone`, dense or depthwise, that of the image included."""
    for name in [name for name, module in backbone.named_modules() if _is_local(module)]:
        conv = backbone.get_submodule(name)
        assert isinstance(conv, nn.Conv2d)
        backbone.set_submodule(name, LocalGlobalConv(conv))


def names_without_branches(backbone: nn.Module) -> dict[str, str]:
    """Names of the tensors that `backbone` had before `add_branches`, each with its name now; the same without."""
    branched = [f"{name}." for name, module in backbone.named_modules() if isinstance(module, LocalGlobalConv)]
    names = {}
    for key in backbone.state_dict():
        prefix = next((prefix for prefix in branched if key.startswith(prefix)), "")
        if not prefix:
            names[key] = key
        elif key.startswith(f"{prefix}conv."):
            names[prefix + key.removeprefix(f"{prefix}conv.")] = key
    return names


def _is_local(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3)
