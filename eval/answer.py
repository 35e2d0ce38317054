"""Answer: what a network says to a frame, on the region that the protocol scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from eval.alignment import AS_IT_STANDS, Alignment
from eval.frame import Frame
from eval.protocol import Protocol, clamp_pass, cut, finish, input_window, place, resize_pass
from eval.recording import Recording
from mde.dpm import dpm_entropy
from mde.framing import Framing
from mde.nets.net import DepthNet, resize_prediction
from mde.nets.output import Output

Source = DepthNet | Recording
"""Who answers: a network that is run, or files in which another program wrote its answers."""
Pass = Float[Tensor, "1 1 _ _"]
"""Depth of the input at the size at which it was answered; that of a mirrored input is mirrored back."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Depth, and where the network has a DPM, how undecided it is."""

    depth_m: Float[Tensor, "1 height width"]
    """In metres, as the protocol has it: passes clamped before their mean, finite and in range."""
    unaligned: Float[Tensor, "1 height width"]
    """What an alignment is fitted to: the mean of the passes without a clamp, NaN where there is no answer."""
    entropy_nat: Float[Tensor, "height width"] | None

    def to_align(self, alignment: Alignment) -> Float[Tensor, "1 height width"]:
        """The map that this alignment takes."""
        return self.depth_m if alignment == "none" else self.unaligned


def answer(source: Source, frame: Frame, protocol: Protocol) -> Answer:
    """Ask `source` about the protocol's input, or about its own part of that where the protocol leaves it the choice.

    A network that was trained on a part of the domain's image (`NetSpec.frame_size`) is shown that part of a whole
    frame, and its answer is put back in place with the least depth around it, as BTS is scored by its authors.
    Depth that grows with the focal length follows that of the frame, where it is known.
    """
    if isinstance(source, Recording):
        passes = source.passes(frame, protocol)
        return _answer(passes, Framing(_size(protocol_input(frame, protocol))), frame, protocol)
    image = protocol_input(frame, protocol)
    framing = source.spec.framing if protocol.network_input == "full" else Framing(_size(image))
    shown = image if framing.frame is None else framing.image(image[None])[0]
    outputs = [predict(source, shown)]
    if protocol.flip_average:
        outputs.append(_mirrored_back(predict(source, shown.flip(-1))))
    factor = focal_factor(source, frame, framing)
    entropy = None
    if outputs[0].dpm_logits is not None:
        entropy_nat = dpm_entropy(outputs[0].dpm_logits.float().softmax(dim=1))
        resized = resize_prediction(entropy_nat, *_size(shown))
        entropy = _on_region(resized, framing, frame, protocol, fill=0.0)[0]
    return _answer([output.depth_m * factor for output in outputs], framing, frame, protocol, entropy)


def _answer(
    passes: Sequence[Pass], framing: Framing, frame: Frame, protocol: Protocol, entropy: Tensor | None = None
) -> Answer:
    size = framing.size if framing.frame is not None else _size(protocol_input(frame, protocol))
    clamped = resize_pass(_mean([clamp_pass(one, protocol) for one in passes]), *size, protocol)
    free = resize_pass(_mean(passes), *size, protocol)
    # BTS pastes into zeros, which its clamp lifts to depth_min.
    depth_m = _on_region(clamped, framing, frame, protocol, fill=protocol.depth_min_m)
    return Answer(
        depth_m=finish(depth_m, AS_IT_STANDS, protocol),
        unaligned=_on_region(free, framing, frame, protocol, fill=math.nan),
        entropy_nat=entropy,
    )


def _mean(passes: Sequence[Pass]) -> Pass:
    """Of one pass itself, of two half their sum, in float32."""
    return passes[0] if len(passes) == 1 else (passes[0] + passes[1]) * 0.5


def _on_region(part: Pass, framing: Framing, frame: Frame, protocol: Protocol, *, fill: float) -> Tensor:
    """A map of what the network was shown, in its place on the protocol's region, and `fill` around it."""
    whole = put_back(part, framing, _size(protocol_input(frame, protocol)), fill=fill)
    return place(whole[0], protocol, *_size(frame.image), fill=fill)


def focal_factor(net: DepthNet, frame: Frame, framing: Framing) -> float:
    """How much farther things are than the network says, for the focal length of the frame's camera."""
    if net.spec.focal_px is None or frame.focal_px is None:
        return 1.0
    resized = 1.0 if framing.frame is None else framing.frame[1] / frame.image.shape[-1]
    return frame.focal_px * resized / net.spec.focal_px


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
def predict(net: DepthNet, image: Float[Tensor, "3 height width"]) -> Output:
    """One image through a network in evaluation mode."""
    output: Output = net.eval()(image[None])
    return output


def _mirrored_back(output: Output) -> Output:
    return Output(depth_m=output.depth_m.flip(-1))


def _size(image: Tensor) -> tuple[int, int]:
    return image.shape[-2], image.shape[-1]
