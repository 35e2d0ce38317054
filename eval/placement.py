"""Placement: where a dense map that a network answered lies on the region that the protocol scores."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from eval.protocol import Protocol, input_window, place
from mde.framing import Framing
from mde.nets.net import resize_prediction


@dataclass(frozen=True)
class Placement:
    """The way from what a network was shown back to the frame; the same for all frames of one size."""

    framing: Framing
    frame_size: tuple[int, int]
    protocol: Protocol

    @property
    def input_size(self) -> tuple[int, int]:
        """Size of the protocol's input."""
        top, bottom, left, right = input_window(self.protocol, *self.frame_size)
        return bottom - top, right - left

    @property
    def shown_size(self) -> tuple[int, int]:
        """Size of what the network was shown."""
        return self.input_size if self.framing.frame is None else self.framing.size

    def on_region(self, part: Float[Tensor, "1 1 _ _"], *, fill: float) -> Float[Tensor, "1 _ _"]:
        """A map of what the network was shown, of any size, in its place, and `fill` around it."""
        whole = put_back(resize_prediction(part, *self.shown_size), self.framing, self.input_size, fill=fill)
        return place(whole[0], self.protocol, *self.frame_size, fill=fill)


def put_back(
    part: Float[Tensor, "1 1 _ _"], framing: Framing, size: tuple[int, int], *, fill: float
) -> Float[Tensor, "1 1 _ _"]:
    """A dense map of what `framing` keeps of an image of `size`, in its place, and `fill` around it."""
    if framing.frame is None:
        return part
    (top, left), (height, width) = framing.corner, framing.size
    whole = part.new_full((1, 1, *framing.frame), fill)
    whole[..., top : top + height, left : left + width] = part
    return resize_prediction(whole, *size)
