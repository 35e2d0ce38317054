"""Your own teacher: `--teacher path/to/file.py:function`, a network that this program has never seen.

`function(weights, domain)` gets the path of `--weights` (or None) and the name of the domain, and answers an
`OwnTeacher`: the network and what must be known about it. The file is Python and is run: name only files you trust.
The contract is tried out on four images when the teacher is loaded, and every answer is checked later on.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mde.domain import Domain
from mde.errors import InputError
from mde.files import sha256_bytes, sha256_file
from mde.nets.net import DepthNet, Kind, NetSpec, SizeRule, resize_prediction
from mde.nets.output import Output
from mde.nets.own_file import call_own, check_file
from mde.nets.trial import try_out

MIN_INVERSE = 1e-6
"""Inverse depth of the farthest answer, in the network's own unit: where it answers 0 there is no depth."""


@dataclass(frozen=True, kw_only=True)
class OwnTeacher:
    """What your function answers: a network, and what cannot be seen from outside."""

    network: nn.Module
    """From images (B,3,H,W), normalised by `mean` and `std`, to (B,1,h,w): depth for `kind` metric, inverse depth for
    disparity and relative. In eval mode and with no parameter that asks for gradients. A size (h, w) other than the
    input's is brought to it bilinearly, as inverse depth where that is what the network answers."""
    kind: Kind
    """metric: depth; disparity: inverse depth up to one factor; relative: inverse depth up to factor and offset."""
    metres_per_unit: float | None
    """Metres in one unit of the answer, for `kind` metric: 0.001 for millimetres. None for the others."""
    mean: tuple[float, float, float] | None
    """Subtracted from RGB in [0,1] before the network sees it; None, with `std`, where the network normalises itself
    or takes RGB in [0,1]."""
    std: tuple[float, float, float] | None
    native_size: tuple[int, int]
    """(height, width) at which it was trained; images to teach from are rendered at it."""
    multiple_of: int | None
    """It takes all sizes whose sides are multiples of this; None: its native size alone."""
    licence: str
    """Of the weights; it is kept with every student that learns from them."""
    taps: tuple[str, ...] = ()
    """Names of modules of `network` whose answers are its features: maps (B,C,h,w), lists of them, or tokens (B,N,C).
    Needed for --features alone."""

    def __post_init__(self) -> None:
        kinds = get_args(Kind)
        faults = {
            f"kind {self.kind!r} is none of {', '.join(kinds)}": self.kind not in kinds,
            "metres_per_unit belongs to kind metric, and to no other": (self.metres_per_unit is None)
            == (self.kind == "metric"),
            f"metres_per_unit {self.metres_per_unit} is not positive": self.metres_per_unit is not None
            and not 0.0 < self.metres_per_unit < float("inf"),
            "mean and std belong together: give both or neither": (self.mean is None) != (self.std is None),
            "std holds a number that is not positive": self.std is not None and min(self.std) <= 0.0,
            f"native_size {self.native_size} is not a (height, width) in pixels": len(self.native_size) != 2
            or min(self.native_size) < 1,
            "multiple_of does not divide native_size": self.multiple_of is not None
            and any(side % self.multiple_of for side in self.native_size),
            "licence is empty": not self.licence.strip(),
        }
        for fault, is_so in faults.items():
            if is_so:
                raise InputError(f"your teacher breaks the contract: {fault}")


def load_own(file: Path, function: str, weights: Path | None, domain: Domain) -> DepthNet:
    """The teacher that `function` of `file` builds, tried out.

    Raises InputError when the file or function is absent, raises, or builds what breaks the contract.
    """
    name = f"{file.name}:{function}"
    own = _built(file, function, weights, domain)
    core = OwnCore(own, domain.depth_range_m, name=name)
    spec = NetSpec(
        name=name,
        role="teacher",
        domain=domain.name,
        native_size=own.native_size,
        kind=own.kind,
        depth_range_m=domain.depth_range_m,
        licence=own.licence,
        taps=tuple(f"network.{name}" for name in own.taps),
        weights_sha256=_digest(file, own.network),
        files=(file,) if weights is None else (file, weights),
    )
    net = DepthNet(core, spec, size_rule=None if own.multiple_of is None else _multiples(own.multiple_of))
    for remark in try_out(net, own.network, name=name, normalises=own.mean is not None):
        print(f"warning: {remark}", file=sys.stderr)
    return net


class OwnCore(nn.Module):
    """Normalises, asks the network and turns its answer into depth; `raw` is the answer itself."""

    mean: Tensor
    std: Tensor

    def __init__(self, own: OwnTeacher, depth_range_m: tuple[float, float], *, name: str) -> None:
        super().__init__()
        self.train(own.network.training)
        self.network = own.network
        self.kind = own.kind
        self.metres_per_unit = own.metres_per_unit
        self.depth_range_m = depth_range_m
        self.name = name
        mean, std = own.mean or (0.0, 0.0, 0.0), own.std or (1.0, 1.0, 1.0)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth of RGB in [0,1]. Raises InputError for an answer that breaks the contract."""
        raw = self.network((image - self.mean) / self.std)
        fault = fault_of(raw, len(image), self.kind)
        if fault is not None:
            raise InputError(f"teacher {self.name} answered {fault}")
        answer = resize_prediction(raw.float(), *image.shape[-2:])
        if self.metres_per_unit is not None:
            return Output(depth_m=(answer * self.metres_per_unit).clamp(*self.depth_range_m), raw=raw)
        return Output(depth_m=1.0 / answer.clamp_min(MIN_INVERSE), raw=raw)


def fault_of(raw: Any, num_images: int, kind: Kind) -> str | None:
    """What is wrong with an answer to `num_images` images, and what was expected; None when nothing is."""
    expected = f"expected a tensor of shape ({num_images}, 1, height, width)"
    if not isinstance(raw, Tensor):
        return f"a {type(raw).__name__}; {expected}"
    if raw.ndim != 4 or raw.shape[:2] != (num_images, 1):
        return f"shape {tuple(raw.shape)}; {expected}"
    if not raw.is_floating_point():
        return f"numbers of type {raw.dtype}; expected real numbers"
    if not bool(torch.isfinite(raw).all()):
        return "NaN or infinity; expected finite numbers"
    if kind == "metric" and not bool((raw > 0.0).any()):
        return "no positive depth at all; expected metres after metres_per_unit (is it a logarithm, or inverse depth?)"
    return None


def _built(file: Path, function: str, weights: Path | None, domain: Domain) -> OwnTeacher:
    """What the user's function answers, where that is an `OwnTeacher`."""
    check_file("teacher", file, function)
    if weights is not None and not weights.exists():
        raise InputError(f"{weights} does not exist; expected the weights of teacher {file}:{function}")
    own = call_own("teacher", file, function, weights, domain.name)
    if not isinstance(own, OwnTeacher):
        raise InputError(
            f"teacher {file}:{function} answered a {type(own).__name__}; expected an OwnTeacher (mde.nets.own)"
        )
    return own


def _digest(file: Path, network: nn.Module) -> str:
    """Of the file and of every tensor: whatever the function read, another network has another digest."""
    tensors = network.state_dict()
    parts = [sha256_file(file)]
    for key in sorted(tensors):
        flat = tensors[key].detach().cpu().contiguous()
        parts.append(f"{key} {tuple(flat.shape)} {sha256_bytes(flat.reshape(-1).view(torch.uint8).numpy().tobytes())}")
    return sha256_bytes("\n".join(parts).encode())


def _multiples(step: int) -> SizeRule:
    def rule(height: int, width: int) -> str | None:
        return f"sides must be multiples of {step}" if height % step or width % step else None

    return rule
