"""Pipeline folder: a diffusion pipeline on disk, checked before one byte of it is loaded.

The folder is what `save_pretrained(folder, safe_serialization=True)` of diffusers writes. Weights are
safetensors only; pickles and Python files run code when they are loaded, so a folder that holds any is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mde.errors import InputError
from mde.files import json_bytes, read_json, sha256_bytes, sha256_file

MODEL_INDEX = "model_index.json"
CONTROLNET = "StableDiffusionControlNetImg2ImgPipeline"
DEPTH2IMG = "StableDiffusionDepth2ImgPipeline"
PIPELINES = {
    "StableDiffusionControlNetPipeline": CONTROLNET,
    "StableDiffusionControlNetImg2ImgPipeline": CONTROLNET,
    "StableDiffusionDepth2ImgPipeline": DEPTH2IMG,
}
"""Classes that a folder may name, and the class of diffusers that paints with its weights."""
NETWORKS = {
    "unet": ("diffusers", "UNet2DConditionModel"),
    "vae": ("diffusers", "AutoencoderKL"),
    "text_encoder": ("transformers", "CLIPTextModel"),
    "controlnet": ("diffusers", "ControlNetModel"),
}
"""The networks that paint; the folder must declare exactly these classes."""
LIBRARIES = ("diffusers", "transformers", "stable_diffusion")
"""Where the other parts (tokenizer, scheduler, safety checker) may come from: never from the folder itself."""
UNUSED = ("depth_estimator", "feature_extractor")
"""Parts of a depth2img folder that estimate depth; ours is exact."""
UNSAFE_SUFFIXES = (".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle", ".msgpack", ".h5", ".py")


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineFolder:
    """A checked folder."""

    path: Path
    pipeline: str
    """Class of diffusers that paints with it."""
    networks: tuple[str, ...]
    """Folders of the networks to load."""
    sha256: str
    """Digest of the names and contents of all files that are loaded."""

    @property
    def name(self) -> str:
        """The folder's own name, which is no address."""
        return self.path.resolve().name


def read_pipeline_folder(path: Path) -> PipelineFolder:
    """Check a folder and take its digest. Raises InputError for anything but a depth pipeline in safetensors."""
    index = _model_index(path)
    declared = index.get("_class_name")
    pipeline = PIPELINES.get(declared) if isinstance(declared, str) else None
    if pipeline is None:
        raise InputError(
            f"{path / MODEL_INDEX} is of class {declared}, which does not paint by depth; "
            f"expected {', '.join(PIPELINES)}"
        )
    parts = _parts(path, index, pipeline)
    networks = tuple(name for name in NETWORKS if name in parts)
    _refuse_unsafe(path)
    for name in networks:
        if not any((path / name).glob("*.safetensors")):
            raise InputError(
                f"{path / name} holds no .safetensors file; save the pipeline with safe_serialization=True"
            )
    return PipelineFolder(path=path, pipeline=pipeline, networks=networks, sha256=_digest(path, parts))


def _model_index(path: Path) -> dict[str, Any]:
    if not path.is_dir():
        raise InputError(f"--reskin {path} is not a folder; give one that diffusers saved, with a {MODEL_INDEX}")
    if not (path / MODEL_INDEX).is_file():
        raise InputError(f"--reskin {path} has no {MODEL_INDEX}; give a folder that a diffusers pipeline was saved in")
    index = read_json(path / MODEL_INDEX)
    if not isinstance(index, dict):
        raise InputError(f"{path / MODEL_INDEX} is not a list of parts; save the pipeline again")
    return index


def _parts(path: Path, index: dict[str, Any], pipeline: str) -> tuple[str, ...]:
    """Names of the parts to load, networks and others, each declared with a class that we trust."""
    declared = {
        name: tuple(value)
        for name, value in index.items()
        if isinstance(value, list) and len(value) == 2 and value[0] is not None
    }
    if pipeline == DEPTH2IMG:
        declared = {name: value for name, value in declared.items() if name not in UNUSED}
    wanted = {name: value for name, value in NETWORKS.items() if pipeline == CONTROLNET or name != "controlnet"}
    for name, value in wanted.items():
        if declared.get(name) != value:
            found = ".".join(map(str, declared[name])) if name in declared else "nothing"
            raise InputError(f"{path / MODEL_INDEX} has {found} for {name}; expected {'.'.join(value)}")
    for name, (library, _) in declared.items():
        if library not in LIBRARIES:
            raise InputError(
                f"{path / MODEL_INDEX} takes {name} from {library!r}, which would run foreign code; "
                f"expected one of {', '.join(LIBRARIES)}"
            )
        if Path(name).name != name or not (path / name).is_dir():
            raise InputError(
                f"{path / MODEL_INDEX} names {name}, and {path / name} is no folder; save the pipeline again"
            )
    return tuple(sorted(declared))


def _refuse_unsafe(path: Path) -> None:
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() in UNSAFE_SUFFIXES:
            raise InputError(f"{file} can run code when it is loaded; keep only .safetensors, .json and .txt files")


def _digest(path: Path, parts: tuple[str, ...]) -> str:
    files = [
        path / MODEL_INDEX,
        *(file for name in parts for file in sorted((path / name).rglob("*")) if file.is_file()),
    ]
    return sha256_bytes(json_bytes({file.relative_to(path).as_posix(): sha256_file(file) for file in files}))
