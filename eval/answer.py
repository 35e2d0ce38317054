"""Answer: what a network says to a frame, on the region that the protocol scores."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from eval.frame import Frame
from eval.protocol import Protocol, cut, input_window, place, scored_prediction
from mde.dpm import dpm_entropy
from mde.framing import Framing
from mde.nets.mirrored import Mirrored
from mde.nets.net import DepthNet, resize_prediction
from mde.nets.output import Output


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Depth, and where the network has a DPM, how undecided it is."""

    depth_m: Float[Tensor, "1 height width"]
    """Repaired, positive and finite."""
    entropy_nat: Float[Tensor, "height width"] | None


def answer(net: DepthNet, frame: Frame, protocol: Protocol) -> Answer:
    """Ask `net` about the protocol's input, or about its own part of that where the protocol leaves it the choice.

    A network that was trained on a part of the domain's image (`NetSpec.frame_size`) is shown that part of a whole
    frame, and its answer is put back in place with the least depth around it, as BTS is scored by its authors.
    Depth that grows with the focal length follows that of the frame, where it is known.
    """
    height, width = frame.image.shape[-2:]
    image = protocol_input(frame, protocol)
    framing = net.spec.framing if protocol.network_input == "full" else Framing(_size(image))
    shown = image if framing.frame is None else framing.image(image[None])[0]
    output = predict(net, shown, flip_average=protocol.flip_average)
    depth_m = output.depth_m
    if net.spec.focal_px is not None and frame.focal_px is not None:
        shown_focal_px = frame.focal_px * (1.0 if framing.frame is None else framing.frame[1] / width)
        depth_m = depth_m * (shown_focal_px / net.spec.focal_px)
    whole_m = put_back(depth_m, framing, _size(image), fill=protocol.depth_min_m)
    entropy = None
    if output.dpm_logits is not None:
        entropy_nat = dpm_entropy(output.dpm_logits.float().softmax(dim=1))
        resized = put_back(resize_prediction(entropy_nat, *_size(shown)), framing, _size(image), fill=0.0)
        entropy = place(resized[0], protocol, height, width, fill=0.0)[0]
    return Answer(depth_m=scored_prediction(whole_m[0], protocol, height, width), entropy_nat=entropy)


def protocol_input(frame: Frame, protocol: Protocol) -> Float[Tensor, "3 _ _"]:
    """The part of the image that the protocol shows."""
    return cut(frame.image, input_window(protocol, *_size(frame.image)))


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


@torch.inference_mode()
def predict(net: DepthNet, image: Float[Tensor, "3 height width"], *, flip_average: bool) -> Output:
    """One image through a network in evaluation mode; with `flip_average` the mean over it and its mirror image."""
    output: Output = (Mirrored(net) if flip_average else net).eval()(image[None])
    return output


def _size(image: Tensor) -> tuple[int, int]:
    return image.shape[-2], image.shape[-1]
