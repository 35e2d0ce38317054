"""Swin transformer as mmcv's programs build it: features at four sizes from attention within windows.

timm's Swin is the same only where every grid is a multiple of the window: here a grid is padded first and then
shifted, with its seams masked even when a single window covers it. Attribute names are those of the weight files.

Reference: Liu, Lin, Cao, Hu, Wei, Zhang, Lin, Guo, "Swin Transformer: hierarchical vision transformer using
shifted windows", ICCV 2021; order of operations after open-mmlab/mmsegmentation (Apache-2.0).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

WINDOW = 7
"""Side of a window in tokens."""
_SHIFT = WINDOW // 2
_SEAM_LOGIT = -100.0  # added to the logits of tokens that the cyclic shift made neighbours, as the original has it


@dataclass(frozen=True, kw_only=True)
class SwinSize:
    """What tells one Swin from another, stage by stage; each stage has twice the channels of the one before."""

    channels: int
    """Of the first stage."""
    num_blocks: tuple[int, int, int, int]
    num_heads: tuple[int, int, int, int]

    @property
    def stage_channels(self) -> tuple[int, ...]:
        """Channels of the four stages."""
        return tuple(self.channels * 2**stage for stage in range(len(self.num_blocks)))


SWIN_T = SwinSize(channels=96, num_blocks=(2, 2, 6, 2), num_heads=(3, 6, 12, 24))
SWIN_L = SwinSize(channels=192, num_blocks=(2, 2, 18, 2), num_heads=(6, 12, 24, 48))


class Swin(nn.Module):
    """Features at strides 4, 8, 16 and 32, each normalised by itself."""

    def __init__(self, size: SwinSize) -> None:
        super().__init__()
        channels = size.stage_channels
        self.patch_embed = PatchEmbedding(size.channels)
        self.stages = nn.ModuleList(
            Stage(width, blocks, heads, is_last=width == channels[-1])
            for width, blocks, heads in zip(channels, size.num_blocks, size.num_heads, strict=True)
        )
        for index, width in enumerate(channels):
            self.add_module(f"norm{index}", nn.LayerNorm(width))

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> list[Tensor]:
        """Maps (B,C,h,w) from fine to coarse; sides that are not multiples are padded with zeros below and right."""
        features = []
        tokens = self.patch_embed(image)
        for index, stage in enumerate(self.stages):
            own, tokens = stage(tokens)
            norm = self.get_submodule(f"norm{index}")
            features.append(norm(own).permute(0, 3, 1, 2).contiguous())
        return features


class PatchEmbedding(nn.Module):
    """One token for each 4x4 pixels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.projection = nn.Conv2d(3, channels, 4, stride=4)
        self.norm = nn.LayerNorm(channels)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch _ _ channels"]:
        """Tokens in rows and columns."""
        height, width = image.shape[-2:]
        padded = F.pad(image, (0, -width % 4, 0, -height % 4))
        return self.norm(self.projection(padded).permute(0, 2, 3, 1))


class Stage(nn.Module):
    """Blocks at one size, and what leads to the next."""

    def __init__(self, channels: int, num_blocks: int, num_heads: int, *, is_last: bool) -> None:
        super().__init__()
        shifts = [0, _SHIFT] * num_blocks
        self.blocks = nn.Sequential(*(Block(channels, num_heads, shift) for shift in shifts[:num_blocks]))
        self.downsample = nn.Identity() if is_last else Downsample(channels)

    def forward(self, tokens: Float[Tensor, "batch height width channels"]) -> tuple[Tensor, Tensor]:
        """The answer at this size, and the tokens of the next stage."""
        own = self.blocks(tokens)
        return own, self.downsample(own)


class Downsample(nn.Module):
    """Four neighbouring tokens become one of twice the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * channels)
        self.reduction = nn.Linear(4 * channels, 2 * channels, bias=False)

    def forward(self, tokens: Float[Tensor, "batch height width channels"]) -> Float[Tensor, "batch _ _ wide"]:
        """The four lie side by side within each channel, row by row (published Swin: channels within each of four)."""
        height, width = tokens.shape[1:3]
        padded = F.pad(tokens, (0, 0, 0, width % 2, 0, height % 2))
        squares = padded.unflatten(2, (-1, 2)).unflatten(1, (-1, 2))  # (batch, h, 2, w, 2, channels)
        return self.reduction(self.norm(squares.permute(0, 1, 3, 5, 2, 4).flatten(3)))


class Block(nn.Module):
    """Attention within windows, then a multilayer perceptron, each with its norm before and its input added."""

    def __init__(self, channels: int, num_heads: int, shift: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attn = nn.Sequential(OrderedDict(w_msa=WindowAttention(channels, num_heads, shift)))
        self.norm2 = nn.LayerNorm(channels)
        hidden = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU())
        self.ffn = nn.Sequential(OrderedDict(layers=nn.Sequential(hidden, nn.Linear(4 * channels, channels))))

    def forward(
        self, tokens: Float[Tensor, "batch height width channels"]
    ) -> Float[Tensor, "batch height width channels"]:
        """Tokens in rows and columns, as they came."""
        tokens = tokens + self.attn(self.norm1(tokens))
        return tokens + self.ffn(self.norm2(tokens))


class WindowAttention(nn.Module):
    """Attention among the tokens of each window, which are moved `shift` tokens down and right.

    Tokens of padding take part: they are zero before the projection to query, key and value.
    """

    relative_position_index: Tensor

    def __init__(self, channels: int, num_heads: int, shift: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.shift = shift
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * WINDOW - 1) ** 2, num_heads))
        # Not persistent: a constant that the published files repeat in every block.
        self.register_buffer("relative_position_index", relative_position_index(), persistent=False)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(
        self, tokens: Float[Tensor, "batch height width channels"]
    ) -> Float[Tensor, "batch height width channels"]:
        """Pad, shift, mix within windows, and undo both."""
        height, width = tokens.shape[1:3]
        padded = F.pad(tokens, (0, 0, 0, -width % WINDOW, 0, -height % WINDOW))
        rows, columns = padded.shape[1] // WINDOW, padded.shape[2] // WINDOW
        windows = plane_to_windows(padded.roll((-self.shift, -self.shift), dims=(1, 2)))
        mixed = windows_to_plane(self.proj(self._mix(windows, rows, columns)), rows, columns)
        return mixed.roll((self.shift, self.shift), dims=(1, 2))[:, :height, :width]

    def _mix(self, windows: Float[Tensor, "batch windows tokens channels"], rows: int, columns: int) -> Tensor:
        parts = self.qkv(windows).unflatten(-1, (3, self.num_heads, -1))
        query, key, value = parts.permute(3, 0, 1, 4, 2, 5)  # each (batch, windows, heads, tokens, channels of a head)
        logits = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        if self.shift:
            seams = seam_logits(rows, columns, self.shift).to(logits)
            logits = logits + seams[:, None]  # (windows, heads, tokens, tokens)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=logits)
        return mixed.transpose(2, 3).flatten(3)


def relative_position_index() -> Int[Tensor, "49 49"]:
    """Row of the bias table for a pair of tokens: the number of the offset from the second to the first."""
    row, column = torch.arange(WINDOW**2) // WINDOW, torch.arange(WINDOW**2) % WINDOW
    down = row[:, None] - row[None, :] + WINDOW - 1
    right = column[:, None] - column[None, :] + WINDOW - 1
    return down * (2 * WINDOW - 1) + right


def seam_logits(rows: int, columns: int, shift: int) -> Float[Tensor, "windows 49 49"]:
    """What to add to attention in a shifted grid of `rows` x `columns` windows: -100 across a seam, else 0."""
    down, right = _side_of_seam(rows, shift), _side_of_seam(columns, shift)
    region = (2 * down[:, None] + right[None, :]).float()[None, :, :, None]
    windows = plane_to_windows(region)[0, :, :, 0]
    return (windows[:, :, None] != windows[:, None, :]) * _SEAM_LOGIT


def _side_of_seam(num_windows: int, shift: int) -> Int[Tensor, " tokens"]:
    """1 for tokens that the shift brought from the other end, which only the last window holds, else 0."""
    num_tokens = num_windows * WINDOW
    return (torch.arange(num_tokens) >= num_tokens - shift).long()


def plane_to_windows(
    plane: Float[Tensor, "batch height width channels"],
) -> Float[Tensor, "batch windows tokens channels"]:
    """Cut into windows, row by row, with their tokens row by row. Inverse: `windows_to_plane`."""
    squares = plane.unflatten(2, (-1, WINDOW)).unflatten(1, (-1, WINDOW))  # (batch, rows, 7, columns, 7, channels)
    return squares.transpose(2, 3).flatten(3, 4).flatten(1, 2)


def windows_to_plane(
    windows: Float[Tensor, "batch windows tokens channels"], rows: int, columns: int
) -> Float[Tensor, "batch height width channels"]:
    """Put windows back where `plane_to_windows` took them from."""
    squares = windows.unflatten(2, (WINDOW, WINDOW)).unflatten(1, (rows, columns))
    return squares.transpose(2, 3).flatten(3, 4).flatten(1, 2)
