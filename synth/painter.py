"""Painter: a depth-conditioned diffusion pipeline that paints over one render at a time.

Its noise and its prompt depend on the sample's seed and index alone. One image a call, never a batch: the sums
inside a network depend on the batch in their last bits, and a sample must not depend on its neighbours.
"""

from __future__ import annotations

import importlib
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor

from mde.errors import InputError
from mde.record import Record
from mde.view import resize_image, view_of
from synth.pipeline_folder import CONTROLNET, DEPTH2IMG, NETWORKS, UNUSED, PipelineFolder
from synth.prompts import NEGATIVE_PROMPT, prompt_rand

PAINTING = 0x9A17
"""Spawn key of the stream of (seed, index) that paints, apart from all streams that render."""
GUIDANCE = 7.5
"""How much the prompt weighs against no prompt: the value that these models are commonly run with."""
NEAR_SHARE = 99.5
"""Percentile of the inverse depth that counts as nearest: one near leaf must not flatten the rest."""
LOADING_FAULTS = (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError, SafetensorError)
"""What diffusers and transformers raise for folders that they cannot use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Brush:
    """How strongly and how carefully to paint."""

    strength: float = 0.7
    """How much of the render's own colours is given up: near 0 none, 1 all."""
    num_steps: int = 30
    """Denoising steps of a painting of strength 1; weaker ones take their share."""

    def __post_init__(self) -> None:
        if not 0.0 < self.strength <= 1.0:
            raise InputError(f"--reskin-strength {self.strength} is not a share of the render; give above 0 up to 1")
        if int(self.num_steps * self.strength) < 1:
            raise InputError(
                f"--reskin-steps {self.num_steps} leaves no step at strength {self.strength}; "
                f"give {math.ceil(1.0 / self.strength)} or more"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Painting:
    """What the pipeline made of a render."""

    image: np.ndarray
    """(H,W,3) uint8, of the render's size."""
    prompt: str
    fault: str | None
    """Why the image must not be used, known without looking at the depth; None as a rule."""


class Painter:
    """Holds the pipeline in memory; make one per process."""

    def __init__(self, folder: PipelineFolder, brush: Brush, device: torch.device) -> None:
        self._folder = folder
        self._brush = brush
        self._device = device
        # Half precision is what these models are published for; on a CPU it is slower than single.
        self._dtype = torch.float16 if device.type == "cuda" else torch.float32
        self._pipeline = _load(folder).to(device, self._dtype)
        self._pipeline.set_progress_bar_config(disable=True)

    @property
    def identity(self) -> dict[str, Any]:
        """All that a painting depends on, besides its record; a stored painting of another identity is stale."""
        return {
            "model": self._folder.name,
            "model_sha256": self._folder.sha256,
            "pipeline": self._folder.pipeline,
            **asdict(self._brush),
            "guidance": GUIDANCE,
            "device": self._device.type,
            "dtype": str(self._dtype).removeprefix("torch."),
        }

    def paint(self, record: Record) -> Painting:
        """Paint over a render. The same record gives the same painting on the same machine and versions.

        Raises InputError for a record whose recipe names no seed, index and scene, as foreign ones do.
        """
        rng = painting_stream(record)
        prompt = prompt_rand(rng, record.domain, record.recipe["scene"])
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))  # of the CPU: the same noise on any device
        result = self._pipeline(
            prompt=prompt,
            negative_prompt=NEGATIVE_PROMPT,
            strength=self._brush.strength,
            num_inference_steps=self._brush.num_steps,
            guidance_scale=GUIDANCE,
            generator=generator,
            output_type="pt",
            **self._conditions(record),
        )
        image = resize_image(result.images[0:1].float().cpu().clamp(0.0, 1.0), *record.camera.size)[0]
        return Painting(image=_as_uint8(image), prompt=prompt, fault=_fault(result))

    def _conditions(self, record: Record) -> dict[str, Tensor]:
        """Render and depth at the size at which the model paints."""
        latent_px = int(self._pipeline.vae_scale_factor)
        own_px = int(self._pipeline.unet.config.sample_size) * latent_px
        size = working_size(record.camera.size, own_px=own_px, latent_px=latent_px)
        image = resize_image(view_of(record).image[None], *size)
        depth = resize_image(torch.from_numpy(depth_condition(record.depth_m)).expand(1, 3, -1, -1), *size)
        if self._folder.pipeline == CONTROLNET:
            return {"image": image, "control_image": depth}
        return {"image": image, "depth_map": depth[:, 0]}


def working_size(size: tuple[int, int], *, own_px: int, latent_px: int) -> tuple[int, int]:
    """(height, width) for painting: no side below the model's own, where it draws mush, in whole latent pixels.

    Image and depth are resized together and the painting back, so all stay aligned.
    """
    factor = max(1.0, own_px / min(size))
    height, width = (math.ceil(round(side * factor, 6) / latent_px) * latent_px for side in size)
    return height, width


def painting_stream(record: Record) -> np.random.Generator:
    """The generator of a record's painting, from its own seed and index."""
    try:
        seed, index = record.recipe["seed"], record.recipe["index"]
        assert isinstance(record.recipe["scene"], str)
    except KeyError as error:
        raise InputError(f"record {record.key} has no {error} in its recipe; paint shards of synth.generate") from error
    return np.random.default_rng(np.random.SeedSequence((seed, index), spawn_key=(PAINTING,)))


def depth_condition(depth_m: np.ndarray) -> np.ndarray:
    """(H,W) float32 in [0,1]: inverse depth as depth-conditioned models know it, near 1, far 0.

    The farthest pixel is 0, and so is the background, which lies farther than any.
    """
    valid = depth_m > 0
    inverse = np.divide(1.0, depth_m, out=np.zeros(depth_m.shape, dtype=np.float32), where=valid)
    if not valid.any():
        return inverse
    low = float(inverse.min())
    span = max(float(np.percentile(inverse[valid], NEAR_SHARE)) - low, 1e-6)  # an even wall has no span
    return np.clip((inverse - low) / span, 0.0, 1.0)


def _as_uint8(image: Tensor) -> np.ndarray:
    pixels = torch.nan_to_num(image).permute(1, 2, 0).numpy()  # a faulty image is not used, but must be an image
    return np.rint(pixels * 255.0).astype(np.uint8)


def _fault(result: Any) -> str | None:
    if not bool(torch.isfinite(result.images).all()):
        return "the model answered with numbers that are not finite"
    flags = getattr(result, "nsfw_content_detected", None)
    return "the model's safety checker refused it" if flags and any(flags) else None


def _load(folder: PipelineFolder) -> Any:
    """The pipeline with all its weights, from this folder and nowhere else."""
    diffusers, _ = libraries = _libraries()
    for library in libraries:
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
    try:
        networks = {name: _network(folder, name) for name in folder.networks}
        unused = dict.fromkeys(UNUSED) if folder.pipeline == DEPTH2IMG else {}
        pipeline = getattr(diffusers, folder.pipeline).from_pretrained(
            folder.path, local_files_only=True, use_safetensors=True, **networks, **unused
        )
    except LOADING_FAULTS as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{folder.path} cannot be loaded as {folder.pipeline} ({reason}); save it again") from error
    _check_channels(folder, pipeline)
    return pipeline


def _check_channels(folder: PipelineFolder, pipeline: Any) -> None:
    """A depth2img network takes the depth as one more channel; one that takes none would ignore or refuse it."""
    wanted = pipeline.vae.config.latent_channels + (folder.pipeline == DEPTH2IMG)
    found = pipeline.unet.config.in_channels
    if found != wanted:
        raise InputError(
            f"{folder.path / 'unet'} takes {found} channels, {folder.pipeline} needs {wanted}; take its own"
        )


def _libraries() -> tuple[Any, Any]:
    """diffusers and transformers, imported here because hardly any run needs them."""
    try:
        return importlib.import_module("diffusers"), importlib.import_module("transformers")
    except ImportError as error:
        raise InputError(
            f"--reskin needs a package that is not installed ({error.name}); "
            "run: pip install 'depth-distillation[reskin]'"
        ) from error


def _network(folder: PipelineFolder, name: str) -> Any:
    """One network with every weight from its file; by themselves the libraries fill gaps with random numbers."""
    library, kind = NETWORKS[name]
    network, report = getattr(importlib.import_module(library), kind).from_pretrained(
        folder.path / name, local_files_only=True, use_safetensors=True, output_loading_info=True
    )
    lacking = sorted(map(str, (*report["missing_keys"], *report["mismatched_keys"])))
    if lacking:
        raise InputError(f"{folder.path / name} lacks {len(lacking)} weights, such as {lacking[0]}; save it again")
    return network
