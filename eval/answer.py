"""Answer: what a network says to a frame, on the region that the protocol scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from eval.alignment import AS_IT_STANDS, Alignment
from eval.doubt import Doubt
from eval.frame import Frame
from eval.placement import Placement
from eval.protocol import Protocol, clamp_pass, cut, finish, input_window, resize_pass
from eval.recording import Recording
from mde.framing import Framing
from mde.nets.net import DepthNet
from mde.nets.output import Output
from mde.nets.student_net import Student

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
    doubt: Doubt | None
    """What the DPM says, of networks that have one."""

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
        whole = Placement(Framing(_size(protocol_input(frame, protocol))), _size(frame.image), protocol)
        return _answer(passes, whole)
    image = protocol_input(frame, protocol)
    framing = source.spec.framing if protocol.network_input == "full" else Framing(_size(image))
    shown = image if framing.frame is None else framing.image(image[None])[0]
    outputs = [predict(source, shown)]
    if protocol.flip_average:
        outputs.append(_mirrored_back(predict(source, shown.flip(-1))))
    factor = focal_factor(source, frame, framing)
    placement = Placement(framing, _size(frame.image), protocol)
    doubt = _doubt(source, outputs[0].dpm_logits, factor, placement)
    return _answer([output.depth_m * factor for output in outputs], placement, doubt)


def _doubt(net: DepthNet, logits: Tensor | None, factor: float, placement: Placement) -> Doubt | None:
    if logits is None:
        return None
    bins = net.core.bins if isinstance(net.core, Student) else None
    return Doubt(logits=logits, bins=bins, factor=factor, placement=placement)


def _answer(passes: Sequence[Pass], placement: Placement, doubt: Doubt | None = None) -> Answer:
    protocol, size = placement.protocol, placement.shown_size
    clamped = resize_pass(_mean([clamp_pass(one, protocol) for one in passes]), *size, protocol)
    free = resize_pass(_mean(passes), *size, protocol)
    # BTS pastes into zeros, which its clamp lifts to depth_min.
    depth_m = placement.on_region(clamped, fill=protocol.depth_min_m)
    return Answer(
        depth_m=finish(depth_m, AS_IT_STANDS, protocol),
        unaligned=placement.on_region(free, fill=math.nan),
        doubt=doubt,
    )


def _mean(passes: Sequence[Pass]) -> Pass:
    """Of one pass itself, of two half their sum, in float32."""
    return passes[0] if len(passes) == 1 else (passes[0] + passes[1]) * 0.5


def focal_factor(net: DepthNet, frame: Frame, framing: Framing) -> float:
    """How much farther things are than the network says, for the focal length of the frame's camera."""
    if net.spec.focal_px is None or frame.focal_px is None:
        return 1.0
    resized = 1.0 if framing.frame is None else framing.frame[1] / frame.image.shape[-1]
    return frame.focal_px * resized / net.spec.focal_px


def protocol_input(frame: Frame, protocol: Protocol) -> Float[Tensor, "3 _ _"]:
    """The part of the image that the protocol shows."""
    return cut(frame.image, input_window(protocol, *_size(frame.image)))


@torch.inference_mode()
def predict(net: DepthNet, image: Float[Tensor, "3 height width"]) -> Output:
    """One image through a network in evaluation mode."""
    output: Output = net.eval()(image[None])
    return output


def _mirrored_back(output: Output) -> Output:
    return Output(depth_m=output.depth_m.flip(-1))


def _size(image: Tensor) -> tuple[int, int]:
    return image.shape[-2], image.shape[-1]
