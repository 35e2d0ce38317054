"""Mini-ViT: bin widths of the whole image from one token, and maps of likeness to the tokens after it.

Reference: Bhat, Alhashim, Wonka, "AdaBins: depth estimation using adaptive bins", CVPR 2021, section 3.3.
Attribute names are those of the published weight files.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

NUM_POSITIONS = 500
"""Places for which a position was learned: no more patches than that."""
_NUM_HEADS = 4
_NUM_LAYERS = 4
_HIDDEN_CHANNELS = 1024
_MLP_CHANNELS = 256
_SMALLEST_WIDTH = 0.1
"""Added to each width before they are brought to a sum of 1, so that no bin vanishes."""


def patches_fault(height: int, width: int, *, channels: int, patch: int) -> str | None:
    """Which sizes of images are possible, where this one is not: patches must be enough and not too many.

    >>> patches_fault(256, 320, channels=128, patch=16)
    'its half-size map must hold 129 to 500 patches of 16x16, as at 480x640; heights 415 to 1630 at this width'
    """
    fewest = channels + 1
    rows, columns = (-(-side // 2) // patch for side in (height, width))
    if fewest <= rows * columns <= NUM_POSITIONS:
        return None
    rule = f"its half-size map must hold {fewest} to {NUM_POSITIONS} patches of {patch}x{patch}, as at 480x640"
    if not 1 <= columns <= NUM_POSITIONS:
        return rule
    least, most = -(-fewest // columns), NUM_POSITIONS // columns
    if most < least:
        return rule
    return f"{rule}; heights {2 * patch * least - 1} to {2 * (patch * (most + 1) - 1)} at this width"


class MiniViT(nn.Module):
    """Widths of depth bins, and one map per token of how alike it is to the features of each pixel."""

    def __init__(self, channels: int, num_bins: int, patch: int) -> None:
        super().__init__()
        self.patch_transformer = PatchTransformer(channels, patch)
        self.conv3x3 = nn.Conv2d(channels, channels, 3, padding=1)
        self.regressor = nn.Sequential(
            *(nn.Linear(channels, _MLP_CHANNELS), nn.LeakyReLU()),
            *(nn.Linear(_MLP_CHANNELS, _MLP_CHANNELS), nn.LeakyReLU()),
            nn.Linear(_MLP_CHANNELS, num_bins),
        )

    def forward(
        self, features: Float[Tensor, "batch channels height width"]
    ) -> tuple[Float[Tensor, "batch bins"], Float[Tensor, "batch channels height width"]]:
        """Widths, whose sum is 1, and likeness; needs one patch more than there are channels."""
        tokens = self.patch_transformer(features)
        queries = tokens[:, 1 : 1 + features.shape[1]]
        pixels = self.conv3x3(features)
        likeness = torch.matmul(queries, pixels.flatten(2)).view_as(pixels)
        widths = self.regressor(tokens[:, 0]).float().relu() + _SMALLEST_WIDTH
        return widths / widths.sum(dim=1, keepdim=True), likeness


class PatchTransformer(nn.Module):
    """A transformer encoder over the patches of a feature map; normalises after each residual."""

    def __init__(self, channels: int, patch: int) -> None:
        super().__init__()
        # The batch is not first, as the authors have it: torch's fused layer, which rounds otherwise, stays out.
        layer = nn.TransformerEncoderLayer(channels, _NUM_HEADS, _HIDDEN_CHANNELS, dropout=0.0)
        self.transformer_encoder = nn.TransformerEncoder(layer, _NUM_LAYERS, enable_nested_tensor=False)
        self.embedding_convPxP = nn.Conv2d(channels, channels, patch, stride=patch)
        self.positional_encodings = nn.Parameter(torch.rand(NUM_POSITIONS, channels))

    def forward(self, features: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch tokens channels"]:
        """One token for each whole patch, row by row."""
        tokens = self.embedding_convPxP(features).flatten(2).permute(2, 0, 1)
        encoded: Tensor = self.transformer_encoder(tokens + self.positional_encodings[: len(tokens), None])
        return encoded.transpose(0, 1)
