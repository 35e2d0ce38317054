"""Owner moments: a file in which whoever holds the real images states the moments of a teacher's norm layers.

Safetensors with two tensors per layer, LAYER.mean and LAYER.var (float32, one value per channel), and a header in
JSON. `python -m adapt.moments` writes it; no image and no number of a single image is in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from adapt.norm_layer import norm_layers, num_channels
from adapt.statistics import Moments
from adapt.target import Target
from mde.errors import InputError
from mde.files import json_bytes, write_bytes
from mde.nets.net import DepthNet, NetSpec

HEADER = "owner_moments"
"""Entry of the safetensors head that holds the header."""
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class OwnerHeader:
    """What the moments are of."""

    teacher: str
    teacher_sha256: str
    domain: str
    image_size: tuple[int, int]
    """(height, width) at which the teacher saw the images."""
    num_images: int
    layers: dict[str, str]
    """Class of every norm layer by name."""
    idle: tuple[str, ...]
    """Layers among them that never ran and have no moments."""
    privacy: dict[str, Any] | None
    """Budget, bound and noise; None where the moments are exact."""
    version: int = VERSION


def header_of(
    teacher: DepthNet, moments: dict[str, Moments], num_images: int, privacy: dict[str, Any] | None
) -> OwnerHeader:
    """The header of a teacher's moments."""
    layers, spec = norm_layers(teacher), teacher.spec
    return OwnerHeader(
        teacher=spec.name,
        teacher_sha256=spec.weights_sha256,
        domain=spec.domain,
        image_size=spec.native_size,
        num_images=num_images,
        layers={name: type(layer).__name__ for name, layer in layers.items()},
        idle=tuple(name for name in layers if name not in moments),
        privacy=privacy,
    )


def write_owner(path: Path, moments: dict[str, Moments], header: OwnerHeader) -> None:
    """Write the whole file or none."""
    tensors: dict[str, Tensor] = {}
    for name, layer in moments.items():
        tensors |= {f"{name}.mean": layer.mean.float(), f"{name}.var": layer.var.float()}
    write_bytes(path, save(tensors, metadata={HEADER: json_bytes(header).decode()}))


def owner_targets(path: Path, teacher: DepthNet) -> dict[str, Target]:
    """The moments of `path` as targets for `teacher`, by layer.

    Raises:
        InputError: for a file that is absent, damaged, foreign or newer than this program, that was made with another
            teacher, or whose numbers cannot be moments.
    """
    header, tensors = _read(path)
    layers = norm_layers(teacher)
    _check_teacher(path, header, teacher.spec, layers)
    targets = {}
    for name in [name for name in layers if name not in header.idle]:
        mean, var = (_values(path, tensors, f"{name}.{kind}", num_channels(layers[name])) for kind in ("mean", "var"))
        if bool((var < 0).any()):
            raise InputError(f"{path} has a negative variance in {name}.var; expected 0 or more, make the file again")
        eps = getattr(layers[name], "eps", None)  # None: torch's RMSNorm, which then takes the least number
        targets[name] = Target(moments=Moments(mean=mean, var=var), eps=eps or 1e-5, source="owner")
    extra = set(tensors) - {f"{name}.{kind}" for name in targets for kind in ("mean", "var")}
    if extra:
        raise InputError(f"{path} holds {min(extra)!r}, which its header does not name; make the file again")
    if not targets:
        raise InputError(f"{path} holds no layer's moments; make the file again")
    return targets


def _read(path: Path) -> tuple[OwnerHeader, dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(HEADER)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # a file, no dict
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; expected a file of python -m adapt.moments") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} is damaged or no file of python -m adapt.moments; fetch it again") from error
    if text is None:
        raise InputError(f"{path} holds tensors but no moments; expected a file of python -m adapt.moments")
    return _header(path, text), tensors


def _header(path: Path, text: str) -> OwnerHeader:
    try:
        entries = json.loads(text)
        version = entries["version"]
        if version == VERSION:
            height, width = entries["image_size"]
            fields = {**entries, "image_size": (height, width), "idle": tuple(entries["idle"])}
            return OwnerHeader(**{**fields, "layers": dict(entries["layers"])})
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} has a damaged header; fetch it again") from error
    raise InputError(f"{path} is of version {version} and this program reads {VERSION}; take the program that made it")


def _check_teacher(path: Path, header: OwnerHeader, spec: NetSpec, layers: dict[str, nn.Module]) -> None:
    if header.teacher_sha256 != spec.weights_sha256:
        raise InputError(f"{path} was made with other weights ({header.teacher}) than teacher {spec.name}'s")
    made, wanted = (header.domain, header.image_size), (spec.domain, spec.native_size)
    if made != wanted:
        raise InputError(f"{path} was made for {_place(*made)} and the teacher is for {_place(*wanted)}")
    classes = {name: type(layer).__name__ for name, layer in layers.items()}
    for word, names in (("lacks", classes.keys() - header.layers.keys()), ("has", header.layers.keys() - classes)):
        if names:
            raise InputError(f"{path} {word} layer {min(names)}, unlike teacher {spec.name}; make it with this teacher")
    changed = [name for name in classes if classes[name] != header.layers[name]]
    if changed:
        first = changed[0]
        raise InputError(f"{path} has {first} as {header.layers[first]}, and the teacher as {classes[first]}")
    unknown = set(header.idle) - classes.keys()
    if unknown:
        raise InputError(f"{path} has a damaged header: it calls {min(unknown)} idle, which it does not list")


def _place(domain: str, size: tuple[int, int]) -> str:
    return f"{domain} at {size[0]}x{size[1]}"


def _values(path: Path, tensors: dict[str, Tensor], name: str, width: int) -> Tensor:
    if name not in tensors:
        raise InputError(f"{path} lacks {name}; expected moments of every layer that ran, make the file again")
    values = tensors[name]
    if values.shape != (width,) or not values.is_floating_point():
        raise InputError(f"{path} has {name} of shape {tuple(values.shape)}; the teacher's layer has {width} channels")
    if not bool(torch.isfinite(values).all()):
        raise InputError(f"{path} has NaN or infinity in {name}; make the file again")
    return values.float()
