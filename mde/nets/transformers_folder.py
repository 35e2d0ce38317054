"""Folder of Hugging Face transformers: its configurations, its weights, and what in it would run or fetch code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mde.errors import InputError

PREFIX = "hf:"
CONFIG = "config.json"
PREPROCESSOR = "preprocessor_config.json"
FORBIDDEN_KEYS = ("auto_map", "quantization_config", "custom_pipelines")
"""Parts of a configuration that make transformers fetch or run code."""


def read_object(folder: Path, name: str) -> dict[str, Any]:
    """A JSON object of the folder."""
    if not folder.is_dir():
        raise InputError(f"{PREFIX}{folder} is not a folder; give one that save_pretrained of transformers wrote")
    try:
        value = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{folder} has no {name}; fetch it from where the weights were published") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{folder / name} is not readable JSON; fetch it again") from error
    if not isinstance(value, dict):
        raise InputError(f"{folder / name} is no JSON object; fetch it again")
    return value


def refuse_foreign(value: Any, path: Path) -> None:
    """No part of a configuration may make transformers fetch or run what is not in it."""
    if isinstance(value, list):
        for item in value:
            refuse_foreign(item, path)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        names_hub = key == "backbone" and item is not None
        names_kernel = str(key).endswith("attn_implementation") and "/" in str(item)
        if (key in FORBIDDEN_KEYS and item is not None) or names_hub or names_kernel:
            raise InputError(f"{path} has {key}: {str(item)[:60]!r}, which would fetch or run foreign code; remove it")
        refuse_foreign(item, path)


def weight_files(folder: Path) -> tuple[Path, ...]:
    """The files that are read, for the digest. Raises InputError when there are no safetensors."""
    tensors = sorted(folder.glob("*.safetensors"))
    if not tensors:
        pickles = sorted(path.name for path in (*folder.glob("*.bin"), *folder.glob("*.pt*")))
        found = f"only {pickles[0]}, which can run code when it is read" if pickles else "none"
        raise InputError(
            f"{folder} needs weights as .safetensors and has {found}; fetch them, or write them with save_pretrained"
        )
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        names = read_object(folder, index.name).get("weight_map", {})
        stray = sorted(set(map(str, names.values())) - {path.name for path in tensors})
        if stray:
            raise InputError(f"{index} names {stray[0]}, which is not in the folder; fetch it too")
        tensors.append(index)
    return (folder / CONFIG, folder / PREPROCESSOR, *tensors)


def licence_of(folder: Path) -> str:
    """The licence that the folder's model card states in its head."""
    try:
        lines = (folder / "README.md").read_text(encoding="utf-8", errors="replace").splitlines()[:60]
    except OSError:
        lines = []
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "license" and value.strip():
            return value.strip()[:80]
    return "not stated in the folder; see where it was published"
