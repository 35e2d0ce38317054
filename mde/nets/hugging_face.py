"""Teachers in the folder format of Hugging Face transformers: Depth Anything, DPT, GLPN and ZoeDepth.

A folder holds `config.json`, `preprocessor_config.json` and safetensors. The class is chosen here by the folder's
`model_type`; nothing in the folder is run and nothing is looked up on a network. Of what kind the answer is:

* Depth Anything: metric where its configuration says so, else relative;  * DPT: relative;
* GLPN: metric;  * ZoeDepth: metric, one image at a time where it has several ranges of bins, since it decides for
  one of them over the whole batch.

transformers (extra `transformers`) is imported when such a teacher is loaded and not before.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from torch import Tensor, nn

from mde.domain import Domain
from mde.errors import InputError
from mde.files import json_bytes, sha256_bytes, sha256_file
from mde.nets.net import DepthNet, Kind, NetSpec
from mde.nets.output import Output
from mde.nets.preparation import Preparation, preparation_of
from mde.nets.transformers_folder import (
    CONFIG,
    PREFIX,
    PREPROCESSOR,
    licence_of,
    read_object,
    refuse_foreign,
    weight_files,
)

CLASSES = {
    "depth_anything": "DepthAnythingForDepthEstimation",
    "dpt": "DPTForDepthEstimation",
    "glpn": "GLPNForDepthEstimation",
    "zoedepth": "ZoeDepthForDepthEstimation",
}
"""From `model_type` to the class of transformers."""
TAPS = {
    "depth_anything": ("network.neck.reassemble_stage",),
    "dpt": ("network.neck.reassemble_stage",),
    "glpn": ("network.glpn.encoder",),
    "zoedepth": ("network.neck.reassemble_stage",),
}
"""Where their features are: as maps, after reassembly, and in GLPN after each stage."""
MIN_SIDE_PX = 32
"""Below this the deepest of the networks' maps have no pixel."""
MIN_INVERSE = 1e-6
"""Inverse depth of the farthest answer, in the network's own unit: where it answers 0 there is no depth."""
UNUSED = ("neck.fusion_stage.layers.0.residual_layer1.",)
"""The first fusion has nothing to add, so published DPT files lack these weights."""
LEFT_OVER = (".pooler.", "relative_position_index", "position_ids")
"""What older files hold beside the weights."""
LOADING_FAULTS = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError),
    *(IndexError, ZeroDivisionError, SafetensorError),
)
"""What transformers raises for folders that it cannot use."""


def load_hugging_face(folder: Path, weights: Path | None, domain: Domain) -> DepthNet:
    """The teacher that `save_pretrained` wrote into `folder`, frozen and in eval mode.

    Raises:
        InputError: for a folder that is absent, incomplete, of another kind of network, in a format that runs code,
            or whose greatest depth lies below that of `domain`; and when transformers is not installed.
    """
    if weights is not None:
        raise InputError(f"--weights {weights} is not used with {PREFIX}FOLDER, which holds its own; leave it out")
    config, preprocessor = read_object(folder, CONFIG), read_object(folder, PREPROCESSOR)
    model_type = config.get("model_type")
    if model_type not in CLASSES:
        raise InputError(f"{folder / CONFIG} is of type {model_type!r}; expected one of {', '.join(CLASSES)}")
    refuse_foreign(config, folder / CONFIG)
    files = weight_files(folder)
    preparation = preparation_of(model_type, preprocessor, path=folder / PREPROCESSOR)
    network = _network(folder, CLASSES[model_type])
    _check_range(network.config, domain, folder)
    kind = _kind(network.config)
    core = HuggingFaceTeacher(network, preparation, kind, domain.depth_range_m)
    spec = NetSpec(
        name=PREFIX + folder.resolve().name,  # no path: it goes into the cards of students
        role="teacher",
        domain=domain.name,
        native_size=preparation.working_size(*domain.camera.size),
        kind=kind,
        depth_range_m=domain.depth_range_m,
        licence=licence_of(folder),
        taps=TAPS[model_type],
        weights_sha256=sha256_bytes(json_bytes({file.name: sha256_file(file) for file in files})),
        files=files,
    )
    return DepthNet(core, spec, size_rule=core.fault_of).eval().requires_grad_(False)


class HuggingFaceTeacher(nn.Module):
    """A network of transformers with its preparation: RGB in [0,1] of nearly any size in, depth of that size out.

    `raw` is the network's own answer at its own size: metres for metric ones, inverse depth for others.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, network: nn.Module, preparation: Preparation, kind: Kind, depth_range_m: tuple[float, float]
    ) -> None:
        super().__init__()
        self.network = network
        self.preparation = preparation
        self.kind = kind
        self.depth_range_m = depth_range_m
        config: Any = network.config
        self.is_one_by_one = len(getattr(config, "bin_configurations", None) or ()) > 1
        self.register_buffer("mean", torch.tensor(preparation.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(preparation.std).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth of RGB in [0,1]; resizes and normalises by itself."""
        pixels = (self.preparation.prepare(image) - self.mean) / self.std
        parts = pixels.split(1) if self.is_one_by_one else (pixels,)
        raw = torch.cat([self.network(part).predicted_depth for part in parts])[:, None]
        answer = self.preparation.restore(raw, *image.shape[-2:])
        if self.kind == "metric":
            return Output(depth_m=answer.clamp(*self.depth_range_m), raw=raw)
        return Output(depth_m=1.0 / answer.clamp_min(MIN_INVERSE), raw=raw)

    def fault_of(self, height: int, width: int) -> str | None:
        """Why an image of this size cannot be taken, with the sizes that can; None when it can."""
        if min(height, width) < MIN_SIDE_PX:
            return f"both sides must have at least {MIN_SIDE_PX} pixels"
        config: Any = self.network.config
        size = self.preparation.working_size(height, width)
        if min(size) < MIN_SIDE_PX:
            return f"it would work at {size[0]}x{size[1]}; both sides must keep {MIN_SIDE_PX} pixels"
        if config.model_type != "dpt" or (config.backbone_config is not None and not config.is_hybrid):
            return None
        side = config.image_size if isinstance(config.image_size, int) else config.image_size[0]
        if config.is_hybrid and size != (side, side):
            return f"it would work at {size[0]}x{size[1]} and knows {side}x{side} alone ({PREPROCESSOR})"
        if size[0] // config.patch_size != size[1] // config.patch_size:
            return f"it would work at {size[0]}x{size[1]} and knows squares alone ({PREPROCESSOR})"
        return None


def _network(folder: Path, name: str) -> Any:
    """The network with every weight from the folder; transformers by itself fills gaps with random numbers."""
    try:
        library = importlib.import_module("transformers")
    except ImportError as error:
        raise InputError(
            f"{PREFIX}{folder} needs the package transformers; run: pip install 'depth-distillation[transformers]'"
        ) from error
    try:
        with _quiet(library), torch.random.fork_rng(devices=[]):  # its initialisers draw before the weights are read
            network, report = getattr(library, name).from_pretrained(
                folder, local_files_only=True, use_safetensors=True, output_loading_info=True, dtype=torch.float32
            )
    except LOADING_FAULTS as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{folder} cannot be loaded as {name} ({reason}); fetch it again") from error
    _check_weights(network, report, folder)
    return network


def _check_weights(network: nn.Module, report: dict[str, Any], folder: Path) -> None:
    lacking = sorted(key for key in map(_first, report["missing_keys"]) if not key.startswith(UNUSED))
    unknown = sorted(
        key for key in map(_first, report["unexpected_keys"]) if not any(part in key for part in LEFT_OVER)
    )
    misshapen = sorted(map(_first, report["mismatched_keys"]))
    if lacking or unknown or misshapen:
        raise InputError(
            f"{folder} holds weights of another network: {len(lacking)} tensors are missing, {len(unknown)} "
            f"unexpected and {len(misshapen)} of another shape (first: {(*lacking, *unknown, *misshapen)[0]})"
        )
    for key, tensor in network.state_dict().items():
        if any(key == missing for missing in map(_first, report["missing_keys"])):
            tensor.zero_()  # never used; random numbers would change the network's digest from load to load
        elif tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise InputError(f"{folder} has NaN or infinity in {key}; expected finite weights, fetch it again")


def _first(entry: Any) -> str:
    """The name in an entry of transformers' loading report, which may carry shapes beside it."""
    return str(entry[0] if isinstance(entry, tuple) else entry)


@contextmanager
def _quiet(library: Any) -> Iterator[None]:
    """No progress bars and remarks of the library while it loads; what matters is refused here."""
    logging = library.utils.logging
    before, has_bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if has_bar:
            logging.enable_progress_bar()


def _kind(config: Any) -> Kind:
    if config.model_type == "depth_anything":
        return "metric" if config.depth_estimation_type == "metric" else "relative"
    return "relative" if config.model_type == "dpt" else "metric"


def _check_range(config: Any, domain: Domain, folder: Path) -> None:
    """A network that ends at 10 m cannot teach a domain of 80 m. (ZoeDepth's bins have no end.)"""
    is_bounded = config.model_type == "glpn" or _kind(config) == "metric" and config.model_type == "depth_anything"
    greatest_m = float(config.max_depth or 1.0) if is_bounded else math.inf
    if greatest_m < domain.depth_range_m[1]:
        raise InputError(
            f"{folder} answers up to {greatest_m:g} m and domain {domain.name} reaches {domain.depth_range_m[1]:g} m; "
            "choose another --domain or the weights for this one"
        )
